"""What a large back-fill takes, by the number of tasks: `python -m aggregator.simulate --help`."""

from collections.abc import Sequence
from typing import Annotated

import typer

from aggregator.cloud.prices import AS_OF, REGION
from aggregator.cloud.simulation import Forecast, Machine, forecast
from aggregator.cloud.work import MEASURED, Effort, Market

_COLUMNS = ("tasks", "hours", "days a task", "class A", "class B", "compute USD", "requests USD",
            "all USD")  # fmt: skip


_TASKS = "1,10,50,100,200,500,1000"


def main() -> None:
    """Run the command."""
    typer.run(_simulate)


def _simulate(  # noqa: PLR0913 (the options of a command are its arguments)
    tasks: Annotated[str, typer.Option(help="Numbers of tasks.", metavar="N,N")] = _TASKS,
    symbols: Annotated[int, typer.Option(help="Of the market.", min=1)] = 800,
    days: Annotated[int, typer.Option(help="Of each symbol.", min=1)] = 1_096,
    vcpus: Annotated[int, typer.Option(help="Of a task.", min=1)] = 2,
    workers: Annotated[int, typer.Option(help="Days that a task has in work.", min=1)] = 2,
    memory_gib: Annotated[float, typer.Option(help="Of a task.", min=0.5)] = 2,
    chunks: Annotated[int, typer.Option(help="Of a symbol and day.", min=1)] = 2_880,
    answer_ms: Annotated[float, typer.Option(help="Of the bucket.", min=0)] = 30,
    at_once: Annotated[int, typer.Option(help="Tasks that run at a time.", min=1)] = 1_000,
) -> None:  # fmt: skip
    """Print a table: hours and dollars of a back-fill by the number of tasks.

    Examples:

      python -m aggregator.simulate --symbols 800 --days 1096 --tasks 10,100,1000

      python -m aggregator.simulate --chunks 576 --vcpus 4 --workers 4 --memory-gib 4
    """
    market, machine = (
        Market(symbols, days, chunks=chunks),
        Machine(vcpus, workers, memory_gib, at_once=at_once),
    )
    effort = Effort(answer_s=answer_ms / 1000)
    print(table([forecast(market, number, machine, effort) for number in _numbers(tasks)]))
    print(f"\nA task has {vcpus} vCPU, {memory_gib:g} GiB and {workers} workers.")
    print(f"Prices of {AS_OF} in {REGION}; seconds of a day were measured in {MEASURED}.")


def _numbers(text: str) -> list[int]:
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if not all(0 < number <= 10_000 for number in numbers):
        raise typer.BadParameter(f"--tasks {text}: write numbers from 1 to 10000, such as 10,100")
    return numbers


def table(forecasts: Sequence[Forecast]) -> str:
    """Write the forecasts as a table of Markdown."""
    rows = [_COLUMNS, tuple("---:" for _ in _COLUMNS), *map(_row, forecasts)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(each: Forecast) -> tuple[str, ...]:
    return (
        f"{each.tasks:,}", f"{each.seconds / 3600:,.1f}",
        f"{each.fewest_days:,} to {each.most_days:,}", f"{each.asked.class_a:,}",
        f"{each.asked.class_b:,}", f"{each.compute_usd:,.0f}", f"{each.requests_usd:,.0f}",
        f"{each.usd:,.0f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
