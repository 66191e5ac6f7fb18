"""Make a believable day, run the daily job over it, record a minute live, and show what came out.

Every step is a command that a reader can type; this only types them and prints the files.
"""

import json
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.syntax import Syntax
from rich.table import Table

from demo import live
from lake.layout import bars_key, manifest_key

LAKE = "demo-lake"
SYMBOL, LIVE = "BTCUSDT", "SOLUSDT"
SHOWN = (
    "timestamp", "open", "high", "low", "close", "vol_total", "cvd", "trade_count", "quality",
    "vol_buy", "vol_sell", "snapshot_count", "vwap", "avg_spread", "imbalance_l20",
)  # fmt: skip
"""Columns of the bars, the first ones first: as many as the terminal has room for."""

console = Console(highlight=False)


def main() -> None:
    """Run the demonstration; stop at the first step that fails."""
    day = datetime.now(UTC).date() - timedelta(days=1)
    title("1. A market of two symbols, written as a collector writes it")
    step("python", "-m", "synthetic.cli", "demo", "--lake", LAKE, "--date", str(day))
    title("2. The daily job: raw chunks become bars")
    step("aggregator", "daily", "--lake", LAKE, "--date", str(day))
    title(f"3. The first minutes of {SYMBOL}")
    print_bars(Path(LAKE) / bars_key(SYMBOL, day, "1m"))
    title("4. The certificate of the day: what it was made from, and what is wrong with it")
    print_certificate(Path(LAKE) / manifest_key(SYMBOL, day))
    title("5. The lake at a glance")
    step("aggregator", "status", "--lake", LAKE)
    title("6. A picture of the day")
    picture = f"{LAKE}/{SYMBOL}-{day}.png"
    step("aggregator", "plot", "--lake", LAKE, "--symbol", SYMBOL, "--date", str(day),
         "--out", picture)  # fmt: skip
    title("7. Where the files are")
    print_files(day)
    live_part()


def live_part() -> None:
    """Record an exchange that misbehaves, and build what was recorded."""
    title(f"8. Live: {live.RECORDED_S} s of a local exchange that resets the connection and loses")
    console.print("   trades, recorded by the collector into the same lake")
    start = datetime.now(UTC)
    with live.exchange(LIVE) as address:
        step("collector", "run", "--symbols", LIVE, "--lake", LAKE, "--spool", f"{LAKE}/.spool",
             "--duration", str(live.RECORDED_S), *address)  # fmt: skip
    title("9. What the run says of itself: every loss is repaired, or written down")
    for line in live.journal_lines(Path(LAKE), start):
        console.print(Syntax(line, "json", background_color="default", word_wrap=True))
    step("collector", "sessions", "--lake", LAKE)
    title("10. Its minutes as bars, and as a picture; the day is not over, so it is pending")
    step("aggregator", "daily", "--lake", LAKE, "--date", str(start.date()), "--symbols", LIVE)
    from_, to = live.minutes_since(start)
    step("aggregator", "plot", "--lake", LAKE, "--symbol", LIVE, "--date", str(start.date()),
         "--from", from_, "--to", to, "--out", f"{LAKE}/{LIVE}-live.png")  # fmt: skip


def title(text: str) -> None:
    """Print the heading of a step."""
    console.print(f"\n[bold]{text}[/bold]")


def step(program: str, *arguments: str) -> None:
    """Print a command and run it."""
    console.print(f"[dim]$ {program} {' '.join(arguments)}[/dim]")
    path = sys.executable if program == "python" else Path(sys.executable).parent / program
    done = subprocess.run([path, *arguments], check=False)
    if done.returncode:
        raise SystemExit(done.returncode)


def print_bars(path: Path, rows: int = 8) -> None:
    """Print some columns of the first bars."""
    header, *lines = path.read_text(encoding="utf-8").splitlines()[: rows + 1]
    names = header.split(",")
    bars = [dict(zip(names, line.split(","), strict=True)) for line in lines]
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    room = console.width
    for name in SHOWN:
        room -= 1 + max(len(name), *(len(bar[name]) for bar in bars))
        if room >= 0:
            table.add_column(name, justify="right", no_wrap=True)
    for bar in bars:
        table.add_row(*(bar[name] for name in SHOWN[: len(table.columns)]))
    console.print(table)
    console.print(f"[dim]{len(names)} columns in all: docs/data-dictionary.md[/dim]")


def print_certificate(path: Path) -> None:
    """Print what a person reads of a manifest."""
    manifest = json.loads(path.read_text(encoding="utf-8"))
    trades = {**manifest["trades"], "holes": manifest["trades"]["holes"][:2]}
    names = ("symbol", "date", "condition", "streams", "bars", "late", "set_aside")
    shown = {name: manifest[name] for name in names}
    text = json.dumps({**shown, "trades": trades, "depth20": manifest["depth20"]}, indent=2)
    console.print(Syntax(text, "json", background_color="default"))


def print_files(day: date) -> None:
    """Print the published files with their sizes."""
    for path in sorted(Path(LAKE).glob(f"aggregated/*/{day}_*")):
        console.print(f"{path}  [dim]{path.stat().st_size / 1e6:,.1f} MB[/dim]")


if __name__ == "__main__":
    main()
