"""Writers and readers that run in processes of their own, so that they can race and be killed.

python -m tests.storage_writers OPERATION URL ARGUMENT…
"""

import os
import resource
import sys
from collections.abc import Callable, Sequence
from itertools import count

from lake.errors import AlreadyExists, LakeError, VersionConflict
from lake.open import open_lake
from lake.storage import LocalFolder

NOBODY = 65534
PAYLOAD = b"0123456789abcdef" * 65536


def create_all(url: str, writer: str, keys: Sequence[str]) -> list[str]:
    """Try to create every object; return the keys of those that were not there before."""
    storage, won = open_lake(url, create=True), []
    for key in keys:
        try:
            storage.write(key, writer.encode())
        except AlreadyExists:
            continue
        won.append(key)
    return won


def increment(url: str, key: str, times: int) -> int:
    """Add one to the number in an object, again and again; return how many conflicts there were."""
    storage, done, conflicts = open_lake(url), 0, 0
    while done < times:
        content, version = storage.read(key)
        try:
            storage.write(key, b"%08d" % (int(content) + 1), replaces=version)
        except VersionConflict:
            conflicts += 1
        else:
            done += 1
    return conflicts


def replace(url: str, key: str, version: str) -> None:
    """Replace one object by the payload."""
    LocalFolder(url).write(key, PAYLOAD, replaces=version)


def create_without_end(url: str, prefix: str) -> None:
    """Create objects of the payload until killed; say so when the first is there."""
    storage = LocalFolder(url, durable=False)
    for number in count():
        storage.write(f"{prefix}{number:06d}", PAYLOAD)
        if not number:
            print("started", flush=True)


def create_on_a_full_disk(url: str, key: str) -> None:
    """Create an object where a file may have a tenth of its size; print the error."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(PAYLOAD) // 10,) * 2)
    _say_error(lambda: LocalFolder(url).write(key, PAYLOAD))


def all_without_permission(url: str, key: str) -> None:
    """Try everything on a folder whose mode forbids it; print the errors."""
    if not os.geteuid():
        os.setuid(NOBODY)  # no mode forbids root anything
    folder = LocalFolder(url)
    _say_error(lambda: list(folder.list("")))
    _say_error(lambda: list(folder.folders("")))
    _say_error(lambda: folder.read(key))
    _say_error(lambda: folder.write(key, b""))
    _say_error(lambda: open_lake(f"{url}/below"))


def _say_error(operation: Callable[[], object]) -> None:
    try:
        operation()
        print("no error")
    except LakeError as error:
        print(error)


OPERATIONS: dict[str, Callable[..., None]] = {
    "replace": replace,
    "create_without_end": create_without_end,
    "create_on_a_full_disk": create_on_a_full_disk,
    "all_without_permission": all_without_permission,
}

if __name__ == "__main__":
    operation, *arguments = sys.argv[1:]
    OPERATIONS[operation](*arguments)
