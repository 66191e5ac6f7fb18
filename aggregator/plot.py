"""Makes a picture of a published day: what the manifest certifies, drawn into a PNG file."""

import logging
from pathlib import Path

from aggregator.manifest import Manifest, Output
from aggregator.plot_data import View, readable, view
from aggregator.span import Span
from aggregator.unit import Unit
from lake.errors import LakeError, NoSuchObject
from lake.layout import bars_key, last_part, manifest_key
from lake.storage import Storage, crc32c

# What Matplotlib tells of its fonts and caches is not what this program tells.
logging.getLogger("matplotlib").addHandler(logging.NullHandler())


def write_picture(storage: Storage, unit: Unit, span: Span, width: int, out: Path) -> int:
    """Draw the bars of a day, so many pixels wide, into a file; return its size in bytes."""
    shown = look(storage, unit, span)
    # Imported here: no other command waits for Matplotlib.
    from aggregator.plot_view import draw

    picture = draw(shown, width)
    try:
        return out.write_bytes(picture)
    except OSError as error:
        raise LakeError(
            f"cannot write the picture {out}: {error.strerror}; name another place with --out"
        ) from error


def look(storage: Storage, unit: Unit, span: Span) -> View:
    """Read what a picture of the day shows."""
    manifest = _manifest(storage, unit)
    resolution = readable(manifest.resolutions, span)
    key = bars_key(unit.symbol, unit.day, resolution.label)
    (output,) = (each for each in manifest.outputs if each.name == last_part(key))
    csv = _certified(storage, unit, key, output)
    return view(unit.symbol, unit.day, manifest.condition, resolution, span, csv)


def _manifest(storage: Storage, unit: Unit) -> Manifest:
    try:
        data, _ = storage.read(manifest_key(unit.symbol, unit.day))
        return Manifest.parse(data)
    except NoSuchObject:
        why = "it is not published"
    except ValueError:
        why = "its manifest cannot be read"
    raise LakeError(f"cannot draw {unit}: {why}; {_how_to_build(storage, unit)}")


def _certified(storage: Storage, unit: Unit, key: str, output: Output) -> bytes:
    """Return a file of which the manifest says the same as its content."""
    try:
        data, _ = storage.read(key)
    except NoSuchObject:
        data = b""
    if crc32c(data) != output.crc32c:
        raise LakeError(
            f"cannot draw {unit}: {key} is not what its manifest says, so it is being rebuilt or "
            f"was damaged; try again in a minute, or {_how_to_build(storage, unit)}"
        )
    return data


def _how_to_build(storage: Storage, unit: Unit) -> str:
    return (
        f"build it with: aggregator backfill --lake {storage.url} --symbols {unit.symbol} "
        f"--start {unit.day} --end {unit.day}"
    )
