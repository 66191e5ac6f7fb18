import json
from dataclasses import replace

import pytest

from aggregator.archive.sources import IdAt, Imported, Source, imported_files, is_named

FILE = Source("BTCUSDT-trades-2025-12-11.zip", "ab" * 32, "https://archive.example/a.zip")
WHOLE = Imported(FILE, 100, IdAt(7, 1000), IdAt(99, 2000), (0, 86_400_000))


def recording(*sources: dict[str, object], symbols: tuple[str, ...] = ("BTCUSDT",)) -> bytes:
    line = {"event": "recording", "symbols": symbols, "streams": ["trades"], "sources": sources}
    return json.dumps(line).encode() + b"\n"


def covered(symbol: str = "BTCUSDT", stream: str = "trades") -> bytes:
    line = {"event": "covered", "stream": stream, "symbol": symbol, "from": 0, "to": 86_400_000}
    return json.dumps(line).encode() + b"\n"


def test_what_a_journal_says_of_a_file_comes_back() -> None:
    journal = recording(WHOLE.fields()) + covered()

    assert [("BTCUSDT", WHOLE)] == imported_files(journal)


@pytest.mark.parametrize("said", [b"", covered("ETHUSDT"), covered(stream="depth20")])
def test_covered_time_of_others_is_none_of_a_file(said: bytes) -> None:
    journal = recording(WHOLE.fields()) + said

    assert [("BTCUSDT", replace(WHOLE, covered=None))] == imported_files(journal)


@pytest.mark.parametrize("name", [*WHOLE.fields()])
def test_an_entry_that_lacks_something_is_no_whole_file(name: str) -> None:
    fields = {key: value for key, value in WHOLE.fields().items() if key != name}

    assert [] == imported_files(recording(fields))
    assert [] == imported_files(recording({**WHOLE.fields(), name: None}))


@pytest.mark.parametrize(
    "journal",
    [b"", b"no json\n", b"[]\n", b'{"event": "recording"}\n', recording(FILE.fields()),
     b'{"event": "recording", "symbols": [1], "sources": [{}]}\n',
     b'{"event": "recording", "symbols": "BTCUSDT", "sources": {"a": 1}}\n', b"[" * 100_000],
)  # fmt: skip
def test_what_says_nothing_of_a_whole_file_is_skipped(journal: bytes) -> None:
    assert [("BTCUSDT", replace(WHOLE, covered=None))] == imported_files(
        journal + b"\n" + recording(WHOLE.fields())
    )


def test_a_source_is_the_same_wherever_it_came_from() -> None:
    moved = replace(FILE, url="http://mirror.example")

    assert is_named(recording(FILE.fields()), "BTCUSDT", moved)
    assert is_named(recording(WHOLE.fields()), "BTCUSDT", replace(WHOLE, source=moved))


def test_another_symbol_file_or_way_of_filling_holes_is_another() -> None:
    journal = recording(WHOLE.fields())

    assert not is_named(journal, "ETHUSDT", WHOLE)
    assert not is_named(journal, "BTCUSDT", replace(FILE, sha256="cd" * 32))
    assert not is_named(journal, "BTCUSDT", replace(WHOLE, max_unpublished=0))
    assert not is_named(recording(FILE.fields()), "BTCUSDT", WHOLE)
