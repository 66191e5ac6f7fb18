"""How old the oldest row may be that is in no pack yet. No clock, no disk."""

_MINUTE_S = 60.0


class Unpacked:
    """Follows from when on rows may be that are only in a log, in seconds that never step.

    Minutes become packs in their order: behind a pack wait rows of later minutes only.
    """

    def __init__(self, now_s: float) -> None:
        self._from_s = now_s

    def packed(self, start_s: float) -> None:
        """Note that the rows of the minute that began then are in a pack."""
        self._from_s = max(self._from_s, start_s + _MINUTE_S)

    def age_s(self, log_bytes: int, now_s: float) -> float:
        """Return the age that no row in the logs exceeds; 0 if nothing is in them.

        To be asked often: as long as the logs are empty, the next row is younger.
        """
        if not log_bytes:
            self._from_s = max(self._from_s, now_s)
        return max(0.0, now_s - self._from_s)
