"""Where the recorder hangs out its status, for whoever looks: table, health, metrics."""

from collector.view.status import RunStatus


class Board:
    """The newest status. One thread publishes, any number look; none waits for another."""

    def __init__(self) -> None:
        self._latest: RunStatus | None = None

    def publish(self, status: RunStatus) -> None:
        """Replace the status; one that has been handed out never changes."""
        self._latest = status

    @property
    def latest(self) -> RunStatus | None:
        """Return the newest status; None before the first."""
        return self._latest
