"""`aggregator verify`: published days are proved against klines, and it is told what differs."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from aggregator.archive.scratch import scratch_folder
from aggregator.fetch.patience import Patience
from aggregator.fetch.site import Site
from aggregator.parity.rest import Rest
from aggregator.parity.sources import ArchiveSource, FileSource, RestSource, Source
from aggregator.parity.verifier import Fate, Verified, Verifier
from aggregator.parity.view import as_json, reporter
from aggregator.unit import Unit
from lake.errors import LakeError
from lake.storage import Storage

SCRATCH = "flowlake-verify-"


@dataclass(frozen=True)
class VerifySettings:
    """Where klines come from: a file if there is one, else REST, else the archive.

    `tolerance` is how many minutes of a day may differ where no hole explains it.
    """

    archive_url: str
    rest_url: str | None = None
    file: Path | None = None
    tolerance: int = 0
    patience: Patience = Patience()


def run_verify(
    storage: Storage, units: Sequence[Unit], settings: VerifySettings, *, json_out: bool = False
) -> None:
    """Verify the units; raise `LakeError` if any failed, or differs by more than is tolerated."""
    outcomes: list[Verified] = []
    with reporter(len(units), silent=json_out) as told, _source(settings, told.note) as source:
        verifier = Verifier(storage, source)
        for unit in units:
            outcomes.append(verifier.run(unit))
            told.outcome(outcomes[-1])
    if json_out:
        json.dump([as_json(each) for each in outcomes], sys.stdout, ensure_ascii=False, indent=1)
        print()
    else:
        told.summary(outcomes, settings.tolerance)
    _judge(outcomes, settings.tolerance)


@contextmanager
def _source(settings: VerifySettings, told: Callable[[str], None]) -> Iterator[Source]:
    if settings.file:
        yield FileSource(settings.file)
    elif settings.rest_url:
        with Rest(settings.rest_url, patience=settings.patience, told=told) as rest:
            yield RestSource(rest)
    else:
        with (
            scratch_folder(SCRATCH) as folder,
            Site(settings.archive_url, folder, patience=settings.patience, told=told) as site,
        ):
            yield ArchiveSource(site)


def _judge(outcomes: Sequence[Verified], tolerance: int) -> None:
    failed = [each for each in outcomes if each.fate is Fate.FAILED]
    if failed:
        raise LakeError(f"{len(failed)} of {len(outcomes)} days failed: {failed[0].detail}")
    beyond = [
        each
        for each in outcomes
        if each.parity and (each.parity.unexcused > tolerance or not each.parity.compared.certified)
    ]
    if beyond:
        raise LakeError(
            f"{len(beyond)} of {len(outcomes)} days are not the exchange's klines: "
            f"{beyond[0].unit}: {beyond[0].detail}; at most {tolerance} such minutes a day are "
            "tolerated; look at the explanations above"
        )
    if outcomes and all(each.fate is Fate.NO_KLINES for each in outcomes):
        raise LakeError(
            f"nothing was compared: {outcomes[0].unit}: {outcomes[0].detail}; klines of a day are "
            "published on the day after: run again later, or take --rest"
        )
