"""Run the aggregator in a process that is in trouble.

python -m tests.troubled signal NUMBER EVENT FRAGMENT ARGUMENT…    stopped at a named moment
python -m tests.troubled nobody ARGUMENT…                          as a user without rights
python -m tests.troubled full BYTES ARGUMENT…                      on a disk that is full

A moment is an event that the interpreter tells its auditors (`open`, `os.link`, `os.rename`) about
a path that ends in the fragment: nothing of the program is replaced.
"""

import os
import resource
import sys

from aggregator.cli import main
from tests.cases import DAY, called, chunk_key, trades
from tests.product import lake_of

NOBODY = 65534


def stop_at(number: int, event: str, fragment: str) -> None:
    """Send this process a signal just before something happens to a file."""

    def audit(happened: str, about: tuple[object, ...]) -> None:
        if happened == event and any(str(each).endswith(fragment) for each in about[:2]):
            os.kill(os.getpid(), number)

    sys.addaudithook(audit)


def become_nobody() -> None:
    """Give up the rights of root, whom no mode forbids anything; others have none to give up."""
    if os.geteuid():
        return
    with lake_of({}) as storage:
        # What a command and a first build import may lie where only root can read.
        storage.write(chunk_key(0), trades(DAY, 0))
        called("daily", "--lake", storage.root, "--date", DAY, "--resolutions", "1h")
    os.setuid(NOBODY)


def fill_disk(limit: int) -> None:
    """Let no file grow beyond so many bytes."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def run(trouble: str, *arguments: str) -> None:
    """Get into trouble, then run the program."""
    match trouble, *arguments:
        case "signal", number, event, fragment, *rest:
            stop_at(int(number), event, fragment)
        case "nobody", *rest:
            become_nobody()
        case "full", limit, *rest:
            fill_disk(int(limit))
        case _:
            raise SystemExit(__doc__)
    sys.argv = ["aggregator", *rest]
    main()


if __name__ == "__main__":
    run(*sys.argv[1:])
