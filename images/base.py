"""A base image made here, where the real one cannot be fetched: Debian with its own Python.

Like the real one it has `python` and `pip` in the usual places, and no bytecode. Its size says
nothing about the real one's.
"""

from pathlib import Path

from images.engine import Engine, Failed, output_of

STAND_IN = "localhost/flowlake-stand-in-base"
_TRUSTED = "/etc/ssl/certs/ca-certificates.crt"
_PACKAGES = "python3,python3-pip,python3-venv,ca-certificates"
_LIKE_THE_REAL_ONE = """
ln -s /usr/bin/python3 /usr/local/bin/python
ln -s /usr/bin/python3 /usr/local/bin/python3
rm -rf /usr/lib/python3*/EXTERNALLY-MANAGED /var/lib/apt/lists/* /var/cache/apt/*
find / -xdev -name __pycache__ -prune -exec rm -rf {} +
"""


def stand_in(engine: Engine, folder: Path) -> str:
    """Return the name of the base image; make it if it is not there."""
    if not _is_there(engine):
        archive = folder / "base.tar"
        if not archive.exists():
            _bootstrap(archive)
        _make(engine, archive)
    return STAND_IN


def _is_there(engine: Engine) -> bool:
    try:
        engine.buildah("inspect", "--type", "image", STAND_IN)
    except Failed:
        return False
    return True


def _bootstrap(archive: Path) -> None:
    partial = archive.with_suffix(".partial.tar")
    variant = ("--quiet", "--variant=minbase", f"--include={_PACKAGES}")
    output_of(["mmdebstrap", *variant, "bookworm", str(partial)])
    partial.rename(archive)


def _make(engine: Engine, archive: Path) -> None:
    container = engine.buildah("from", "scratch").strip()
    engine.buildah("add", "-q", container, str(archive), "/")
    # Whom this machine trusts, so that pip gets through to the index also behind a proxy.
    if Path(_TRUSTED).exists():
        engine.buildah("copy", "-q", container, _TRUSTED, _TRUSTED)
    engine.buildah("run", container, "--", "sh", "-ec", _LIKE_THE_REAL_ONE)
    variables = ("PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
                 "LANG=C.UTF-8", f"PIP_CERT={_TRUSTED}")  # fmt: skip
    environment = [word for variable in variables for word in ("--env", variable)]
    engine.buildah("config", *environment, "--cmd", "python3", container)
    engine.buildah("commit", "-q", "--rm", container, STAND_IN)
