"""Every pass is compiled into the image, not only those that somebody thought of."""

from pathlib import Path

import aggregator
from images.passes import entries


def test_no_pass_is_forgotten() -> None:
    sources = Path(*aggregator.__path__).rglob("*.py")
    marked = sum(path.read_text(encoding="utf-8").count("\n@entry(") for path in sources)

    assert 0 < marked == len({entry.function for entry in entries()})
