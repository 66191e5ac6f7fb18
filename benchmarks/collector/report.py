"""Trials become tables of `benchmarks/COLLECTOR.md`. No clock, no disk."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.collector.outcome import Measured, Outcome, quantile
from benchmarks.report import Table, grid

_HEAD = """\
# The collector under load

Written by `make bench-collector`: a whole `collector run` in a process of its own, kept on one
core, against an exchange on another and a lake in a folder. Books are of twenty levels, about 1,020
bytes a frame, trades about 180; ids and times rise, so that nothing is a duplicate. With TLS each
frame is a record of its own. After each trial the lake is compared with what was sent: every trade
id and update id once, every price and size as it was sent.

- **lag**: from the moment a frame is sent until the socket was read, by the rows in the lake
- **queued**: from the socket read until the row is on its way to the disk, 99 % of the frames
- **us**: CPU time of the whole process, user and system, for a frame, in millionths of a second
- **stored, us**: the same until everything is compressed, in the lake, and the process has exited
- **others**: the part of the core that other programs took meanwhile; where it is large, waiting
  times say more about the machine than about the program
"""

_LOAD_HEADER = (
    "", "frames/s", "core", "us", "lag p50 ms", "lag p99 ms", "queued ms", "peak MiB",
    "caught up s", "others", "lake",
)  # fmt: skip


def page(facts: Mapping[str, str], tables: Sequence[Table]) -> str:
    """Return the page of a run."""
    machine = f"\n## Machine\n\n{_list(facts.items())}"
    return _HEAD + machine + "".join(f"\n{_section(table)}" for table in tables)


def _section(table: Table) -> str:
    body = grid(table.header, table.rows) if table.header else _list(table.rows)
    return f"## {table.title}\n\n{table.says}\n\n{body}"


def _list(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"- **{name}**: {said}\n" for name, said in rows)


def contest_table(outcomes: Sequence[Outcome]) -> Table:
    """Return what each candidate used for the same load; the first is ours."""
    load, ours = outcomes[0].load, outcomes[0]
    rate = load.phases[0].rate
    return Table(
        f"The same streams, the same rows: {load.symbols} symbols",
        f"{rate.books_per_s:,.0f} books and {rate.trades_per_s:,.0f} trades a second for "
        f"{load.phases[0].duration_s:.0f} s, {_security(load.tls)}.",
        ("", "us", "stored, us", "stored, times ours", "lag p99 ms", "peak MiB", "others", "lake"),
        tuple(_contest_row(each, ours) for each in outcomes),
    )


def _contest_row(outcome: Outcome, ours: Outcome) -> tuple[str, ...]:
    phase = outcome.phases[0]
    return (
        outcome.candidate.name, f"{phase.us_per_frame:.1f}", f"{outcome.stored_us:.1f}",
        f"{outcome.stored_us / ours.stored_us:.2f}", f"{quantile(phase.lags_ms, 0.99):.0f}",
        f"{outcome.life.peak_mb:.0f}", f"{phase.others:.2f}", _lake(outcome),
    )  # fmt: skip


def how_table(outcomes: Sequence[Outcome]) -> Table:
    """Return how each candidate goes about it."""
    rows = tuple((each.candidate.name, each.candidate.how) for each in outcomes)
    return Table("How each does it", "Until SIGTERM, all of them.", (), rows)


def growth_table(outcomes: Sequence[Outcome]) -> Table:
    """Return how the load of the collector grows with the symbols."""
    rows = (
        _load_row(f"{each.load.symbols} symbols, {_security(each.load.tls)}", each, each.phases[0])
        for each in outcomes
    )
    return Table(
        "More and more symbols",
        "Ten books and five trades a second for each symbol.", _LOAD_HEADER, tuple(rows),
    )  # fmt: skip


def phases_table(title: str, says: str, outcomes: Sequence[Outcome]) -> Table:
    """Return how the collector gets through the phases of some loads."""
    return Table(title, says, _LOAD_HEADER, tuple(_phase_rows(outcomes)))


def _phase_rows(outcomes: Sequence[Outcome]) -> Iterator[tuple[str, ...]]:
    for each in outcomes:
        for number, phase in enumerate(each.phases):
            name = f"{each.load.symbols} symbols, {_security(each.load.tls)}: {phase.phase.name}"
            last = number == len(each.phases) - 1
            yield _load_row(name, each, phase, whole=last)


def _load_row(
    name: str, outcome: Outcome, phase: Measured, *, whole: bool = True
) -> tuple[str, ...]:  # fmt: skip
    queued_ms = outcome.queued.quantile_ms(0.99)
    of_the_run = (
        "" if queued_ms is None else str(queued_ms), f"{outcome.life.peak_mb:.0f}",
        f"{outcome.life.caught_up_s:.1f}",
    )  # fmt: skip
    return (
        name, f"{phase.frames_per_s:,.0f}", f"{phase.core:.2f}", f"{phase.us_per_frame:.1f}",
        f"{quantile(phase.lags_ms, 0.5):.1f}", f"{quantile(phase.lags_ms, 0.99):.1f}",
        *(of_the_run if whole else ("", "", "")), f"{phase.others:.2f}",
        _lake(outcome) if whole else "",
    )  # fmt: skip


def threads_table(outcome: Outcome) -> Table:
    """Return which threads used the CPU until the last frame."""
    total = sum(outcome.life.threads_s.values())
    rows = (
        (name, f"{seconds:.2f}", f"{seconds / total:.0%}")
        for name, seconds in sorted(outcome.life.threads_s.items(), key=lambda each: -each[1])
        if seconds >= 0.01
    )
    return Table(
        "Where the time goes",
        f"{outcome.load.symbols} symbols, {_security(outcome.load.tls)}; threads that lived at the "
        "end, those of one kind together, with the start.",
        ("", "CPU s", ""), tuple(rows),
    )  # fmt: skip


def _lake(outcome: Outcome) -> str:
    return "whole" if outcome.found.is_whole else outcome.found.fault()


def _security(tls: bool) -> str:
    return "TLS" if tls else "plain"
