"""Open the lake that a URL names."""

import stat
from pathlib import Path

from lake.errors import LakeError, WrongLake
from lake.marker import check
from lake.storage import LocalFolder, Storage

PATIENCE_S = 120.0
"""How long a request to a bucket is repeated that fails for a reason that may pass."""


def open_lake(url: str, *, create: bool = False, patience_s: float = PATIENCE_S) -> Storage:
    """Return the checked storage of `gs://bucket[/prefix]` or of a local folder.

    A folder that does not exist is no lake, unless `create` is set: then the first write makes it.
    Who repeats what fails by himself gives requests to a bucket less than the usual patience.
    """
    storage = _storage(url, create=create, patience_s=patience_s)
    check(storage)
    return storage


def _storage(url: str, *, create: bool, patience_s: float) -> Storage:
    scheme, separator, _ = url.partition("://")
    if url and not separator:
        return _folder(url, create=create)
    if scheme == "gs":
        return _bucket(url, patience_s)
    raise WrongLake(f"cannot open lake {url!r}; name gs://bucket[/prefix] or a local folder")


def _folder(path: str, *, create: bool) -> Storage:
    found = _mode(path)
    if found is None and not create:
        raise WrongLake(f"there is no lake at {path}; name an existing folder or a bucket")
    if found is not None and not stat.S_ISDIR(found):
        raise WrongLake(f"cannot open lake {path}: it is no folder; name a folder or a bucket")
    return LocalFolder(path)


def _mode(path: str) -> int | None:
    """Return the mode of what is there; None if nothing is."""
    try:
        return Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise LakeError(
            f"cannot open lake {path}: {error.strerror}; give this user access to it and run again"
        ) from error


def _bucket(url: str, patience_s: float) -> Storage:
    # Imported here: a local lake must not wait for Google's client.
    from lake.gcs import Bucket

    return Bucket(url, patience_s=patience_s)
