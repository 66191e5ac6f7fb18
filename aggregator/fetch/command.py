"""`aggregator fetch`: days of the archive become raw chunks, and it is told how it goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version

from aggregator.archive.scratch import scratch_folder
from aggregator.console import say
from aggregator.fetch.days import Fate, Outcome, hole_words
from aggregator.fetch.fetcher import Fetcher, Terms
from aggregator.fetch.ledger import close_seams
from aggregator.fetch.patience import FetchError, Patience
from aggregator.fetch.pipeline import Threads
from aggregator.fetch.seams import Seam
from aggregator.fetch.site import Site
from aggregator.fetch.view import Reporter, reporter, summary
from aggregator.plan import days
from lake.storage import Storage

SCRATCH = "flowlake-fetch-"


@dataclass(frozen=True)
class FetchSettings:
    """What to fetch, from where, and how much at the same time."""

    symbols: tuple[str, ...]
    start: date
    end: date
    archive_url: str
    max_unpublished: int = 100
    connections: int = 4
    workers: int = 1
    patience: Patience = Patience()


def run_fetch(storage: Storage, settings: FetchSettings) -> None:
    """Fetch the days; raise `LakeError` if one failed, or if the archive has none of them."""
    wanted = days(settings.start, settings.end)
    with reporter(len(settings.symbols) * len(wanted)) as told:
        outcomes = _fetched(storage, settings, wanted, told)
    seams = [*close_seams(storage, settings.symbols, wanted, version("flowlake"))]
    _conclude(outcomes, seams)
    _raise_failure(outcomes, settings)


def _fetched(
    storage: Storage, settings: FetchSettings, wanted: Sequence[date], told: Reporter
) -> list[Outcome]:
    terms = Terms(settings.max_unpublished, datetime.now(UTC), version("flowlake"))
    threads = Threads(first=settings.connections, second=settings.workers)
    outcomes = []
    with (
        scratch_folder(SCRATCH) as folder,
        Site(
            settings.archive_url, folder, connections=settings.connections,
            patience=settings.patience, told=told.told, received=told.received,
        ) as site,
    ):  # fmt: skip
        fetcher = Fetcher(storage, site, terms, told.advance)
        for outcome in fetcher.run(settings.symbols, wanted, threads):
            told.outcome(outcome)
            outcomes.append(outcome)
    return outcomes


def _conclude(outcomes: Sequence[Outcome], seams: Sequence[Seam]) -> None:
    for seam in seams:
        if seam.lost:
            files = " and ".join(source.file for source in seam.sources)
            message = f"between {files} {hole_words(seam.lost)}"
            say(message, event="hole", symbol=seam.symbol)
    counts = {fate.replace(" ", "_"): 0 for fate in Fate}
    for outcome in outcomes:
        counts[outcome.fate.replace(" ", "_")] += 1
    absent = [f"{each.symbol} {each.day}" for each in outcomes if each.fate is Fate.ABSENT]
    say(
        summary(outcomes), event="summary", **counts, absent_days=absent,
        unpublished=sum(outcome.unpublished for outcome in outcomes),
        unpublished_between_days=sum(len(seam.unpublished) for seam in seams),
    )  # fmt: skip


def _raise_failure(outcomes: Sequence[Outcome], settings: FetchSettings) -> None:
    failed = [outcome for outcome in outcomes if outcome.fate is Fate.FAILED]
    if failed:
        raise FetchError(f"{len(failed)} of {len(outcomes)} days failed: {failed[0].remarks[0]}")
    if all(outcome.fate is Fate.ABSENT for outcome in outcomes):
        raise FetchError(
            f"{settings.archive_url} has no trades of {', '.join(settings.symbols)} from "
            f"{settings.start} to {settings.end}; check symbols and days: it publishes a day on "
            "the day after"
        )
