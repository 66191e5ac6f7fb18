"""The errors of the lake.

LakeError                   what was tried, on which object, why it failed, what to do next
├── NoSuchObject            the object is not there
├── AlreadyExists           a create-only write found another object under its key
├── VersionConflict         the object is no longer the version that was to be replaced
└── WrongLake               another venue, a newer schema version, or no lake at all
"""


class LakeError(Exception):
    """Say in one line what was tried, on which object, why it failed and what to do next."""


class NoSuchObject(LakeError):
    """The object is not there."""


class AlreadyExists(LakeError):
    """A create-only write found another object under its key."""


class VersionConflict(LakeError):
    """The object is no longer the version that was to be replaced."""


class WrongLake(LakeError):
    """The place is no lake that this program can work on."""
