"""What to verify, and by which klines, as the command line says it."""

import re
from datetime import date
from pathlib import Path

import typer

from aggregator.fetch.names import ARCHIVE_URL
from aggregator.parity.command import VerifySettings
from aggregator.parity.rest import REST_URL
from aggregator.plan import days, published_days
from aggregator.status import last_days
from aggregator.unit import Unit
from lake.storage import Storage

_LAST_DAYS = 3
_NAMED = re.compile(r"(?P<symbol>[^/]+?)-1m-\d{4}-\d{2}.*", re.ASCII)


def sources(
    file: Path | None, archive_url: str | None, rest_url: str | None, *, rest: bool, tolerance: int
) -> VerifySettings:
    """Return where klines come from; naming two places is wrong usage."""
    named = {"--klines": file, "--archive-url": archive_url, "--rest": rest or rest_url}
    chosen = [name for name, given in named.items() if given]
    if len(chosen) > 1:
        raise typer.BadParameter(f"{' and '.join(chosen)} are two sources of klines; name one")
    asked = (rest_url or REST_URL) if rest or rest_url else None
    return VerifySettings(archive_url or ARCHIVE_URL, asked, file, tolerance)


def units(
    storage: Storage, start: date | None, end: date | None, symbols: tuple[str, ...] | None,
    file: Path | None = None,
) -> list[Unit]:  # fmt: skip
    """Return the days to verify: the published ones, and all that are asked for by name."""
    symbols = _of_file(file, symbols) if file else symbols
    last = end or date.max
    if symbols and start and end:
        return sorted(Unit(day, symbol) for day in days(start, end) for symbol in symbols)
    first = start or last_days(storage, last, symbols, _LAST_DAYS)
    found = published_days(storage, first, last, symbols)
    return sorted(Unit(day, symbol) for symbol, day in found)


def _of_file(file: Path, symbols: tuple[str, ...] | None) -> tuple[str, ...]:
    """Return the one symbol that a file of klines is about: by the option, else by its name."""
    match = _NAMED.fullmatch(file.name)
    named = match["symbol"] if match else None
    found = symbols or ((named,) if named else ())
    if len(found) != 1:
        raise typer.BadParameter("--klines is of one symbol; name it with --symbols")
    if named and named != found[0]:
        raise typer.BadParameter(f"--klines {file.name} is of {named}, not of {found[0]}")
    return found
