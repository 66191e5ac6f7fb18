"""Figures become Markdown. No clock, no disk."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contest import Result, ours
from benchmarks.inputs import Input
from benchmarks.measure import Usage, shown, typical

_END = "<!-- end of table -->"


@dataclass(frozen=True)
class Table:
    """A table with what it shows in a sentence or two, and the commands behind it.

    Without a header its rows are a list of names and what is said of them.
    """

    title: str
    says: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    commands: tuple[str, ...] = ()


def markdown(
    facts: Mapping[str, str], tables: Sequence[Table], by: str = "`make bench` or `make bench-full`"
) -> str:
    """Return the page of a run; `by` says which commands write it."""
    machine = Table("Machine", "", (), tuple(facts.items()))
    head = (
        f"# Results\n\nWritten by {by}; "
        "[performance.md](../docs/performance.md) says what they mean.\n"
    )
    return head + "".join("\n" + _section(table) for table in (machine, *tables))


def _section(table: Table) -> str:
    says = f"{table.says}\n\n" if table.says else ""
    commands = "".join(f"{command}\n" for command in table.commands)
    block = f"\n```\n{commands}```\n" if commands else ""
    body = grid(table.header, table.rows) if table.header else _list(table.rows)
    return f"## {table.title}\n\n{says}{body}{block}"


def _list(rows: Iterable[Sequence[str]]) -> str:
    return "".join(f"- **{name}**: {said}\n" for name, said in rows)


def with_tables(page: str, tables: Iterable[Table]) -> str:
    """Put each table into the page where it has a place: between two marks, by its title."""
    for table in tables:
        begin = f"<!-- table: {table.title} -->"
        before, found, rest = page.partition(begin)
        if not found:
            continue
        _, ended, after = rest.partition(_END)
        if not ended:
            raise ValueError(f"the page has no end of the table {table.title}: {_END}")
        page = f"{before}{begin}\n{grid(table.header, table.rows)}{_END}{after}"
    return page


def grid(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column is text and whose others are figures."""
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *rows))


def figures(used: Usage) -> tuple[str, str, str]:
    """Return seconds, seconds of CPU and peak memory."""
    return f"{used.wall_s:.2f}", f"{used.cpu_s:.2f}", f"{used.peak_mb:.0f}"


FIGURES = ("wall s", "CPU s", "peak MB")


def contest_table(results: Sequence[Result], made: Input) -> Table:
    """Return who was how fast; the figures of whom the comparison proves wrong are struck out."""
    ourselves = typical(ours(results).runs)
    return Table(
        "The same day, the same bars",
        f"{made.trades:,} trades and {made.snapshots:,} snapshots of one symbol, "
        f"{made.raw_mb():.0f} MB of `.csv.gz` chunks, to the 1s and 1m bars with all columns. "
        "Medians, each a whole process with its start-up.",
        ("", *FIGURES, "wall, times ours", "CPU, times ours", "same bars"),
        tuple(_row(result, ourselves) for result in results),
        tuple(shown(result.candidate.command(made)) for result in results),
    )


def _row(result: Result, ourselves: Usage) -> tuple[str, ...]:
    if not result.runs:
        return (result.candidate.name, "", "", "", "", "", f"{result.fault}")
    used = typical(result.runs)
    cells = (
        *figures(used),
        f"{used.wall_s / ourselves.wall_s:.2f}",
        f"{used.cpu_s / ourselves.cpu_s:.2f}",
    )
    if result.fault:
        return (result.candidate.name, *(f"~~{cell}~~" for cell in cells), f"no: {result.fault}")
    return (result.candidate.name, *cells, "yes" if result.candidate.is_checked else "none")


def runs_table(results: Sequence[Result]) -> Table:
    """Return every run, so that a reader sees how far the figures can be trusted."""
    rounds = max(len(result.runs) for result in results)
    rows = (
        (
            result.candidate.name,
            *(f"{run.wall_s:.2f} / {run.cpu_s:.2f}" for run in result.runs),
            *[""] * (rounds - len(result.runs)),
        )
        for result in results
    )
    header = ("wall s / CPU s", *(f"round {number + 1}" for number in range(rounds)))
    return Table("Every run", "Interleaved, in this order.", header, tuple(rows))


def how_table(results: Sequence[Result]) -> Table:
    """Return how each candidate goes about it."""
    rows = ((result.candidate.name, result.candidate.how) for result in results)
    return Table("How each does it", "", (), tuple(rows))
