"""The local exchange's parts: rubbish, schedules, recordings, its command line."""

import json
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
import requests

from tests.exchange import Clock, Exchange, Settings, random_schedule
from tests.exchange.commands import write_fault
from tests.exchange.events import Snapshot, Trade
from tests.exchange.ledger_file import read_ledger
from tests.exchange.listener import Listener
from tests.exchange.recordings import event_of, moved, replays
from tests.exchange.rubbish import RUBBISH, rubbish, unusual
from tests.exchange.wire import framed, in_pieces, payload_of, wrapped

TRADE = Trade("BTCUSDT", 7, 1000, 1001, "62000.10", "0.020", True, "MARKET")
BOOK = Snapshot("BTCUSDT", 9, 1000, 1001, '[["1.0","2"]]', '[["3","4"]]', (8, 7))
FRAMES_2024 = "binance-usdm-2024-08-08"


def dressed(payload: bytes) -> bytes:
    return wrapped(b"btcusdt@trade", payload)


def text_of(frame: bytes) -> bytes:
    """Return the payload of an unmasked frame."""
    size = frame[1] & 0x7F
    skip = {126: 4, 127: 10}.get(size, 2)
    return frame[skip:]


def said(text: bytes) -> object:
    """Return what a frame says, None if it says nothing."""
    try:
        data = json.loads(text)["data"]
        return {key: data[key] for key in data if key not in ("zz", "i")}
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_never_says_what_its_frame_said(kind: str) -> None:
    for event in (TRADE, BOOK):
        payload = payload_of(event)
        wrong = text_of(rubbish(kind, payload, dressed, Random(1)))
        same = said(wrong) == json.loads(payload)
        has_no_such_field = said(wrong) is not None and wrong == dressed(payload)

        assert not same or has_no_such_field


@pytest.mark.parametrize("seed", range(20))
def test_unusual_frames_say_the_same(seed: int) -> None:
    for event in (TRADE, BOOK):
        frame = unusual(payload_of(event), dressed, Random(seed))
        whole = b"".join(pieces(frame))

        assert json.loads(payload_of(event)) == said(whole)
        assert isinstance(event, Trade) or b'"b":' + event.bids.encode() in whole


def pieces(frames: bytes) -> list[bytes]:
    """Return the payloads of consecutive frames."""
    found = []
    while frames:
        size = frames[1] & 0x7F
        skip = {126: 4, 127: 10}.get(size, 2)
        size = int.from_bytes(frames[2:skip], "big") if skip > 2 else size
        found.append(frames[skip : skip + size])
        frames = frames[skip + size :]
    return found


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
def test_frames_of_any_size_can_be_read_back(size: int) -> None:
    assert [b"x" * size] == pieces(framed(b"x" * size))
    assert b"x" * size == b"".join(pieces(in_pieces(b"x" * size, 3)))


def test_a_schedule_is_the_same_for_the_same_seed() -> None:
    one = random_schedule(7, 600, ("BTCUSDT", "ETHUSDT"))

    assert one == random_schedule(7, 600, ("BTCUSDT", "ETHUSDT"))
    assert one != random_schedule(8, 600, ("BTCUSDT", "ETHUSDT"))
    assert 50 < len(one) < 200
    assert one == sorted(one, key=lambda planned: planned[0])
    assert one[-1][0] < 590


def test_every_fault_that_is_drawn_can_happen() -> None:
    drawn = {
        write_fault(fault)
        for seed in range(5)
        for _, fault in random_schedule(seed, 600, ("BTCUSDT",))
    }
    with Exchange(Settings(symbols=("BTCUSDT",))) as exchange, Listener(exchange.ws_url):
        for text in drawn:
            exchange.do(text)

    assert len(drawn) == len({mishap.what for mishap in exchange.ledger.mishaps}) > 200


def test_a_recorded_frame_is_read_and_can_be_sent_as_it_was() -> None:
    for event in (TRADE, BOOK):
        payload = payload_of(event)

        assert event == event_of(payload)._replace(sent_as=b"")
        assert payload == payload_of(event_of(payload))
        assert b'"E":1101,"T":1100' in moved(payload, 100)


def test_recordings_are_moved_by_whole_minutes(real_data: Path) -> None:
    files = sorted((real_data / FRAMES_2024).glob("*-frames.jsonl.gz"))
    start_ms = 1_795_276_812_345.0
    recorded, rebased = list(replays(files, None)), list(replays(files, start_ms))
    first = [min(one.next_ms() for one in each) for each in (recorded, rebased)]

    assert ["BTCUSDT", "ETHUSDT"] == [one.symbol for one in rebased]
    assert 0 == (first[1] - first[0]) % 60_000
    assert 0 <= first[1] - start_ms < 60_000
    assert [24_751, 17_517] == [len(one.frames) for one in rebased]


def test_recorded_frames_are_replayed(real_data: Path) -> None:
    files = sorted((real_data / FRAMES_2024).glob("*-frames.jsonl.gz"))
    settings = Settings(recordings=tuple(files), speed=100, rebase=False)
    clock = Clock.starting_at(1_723_161_256_000, 100)
    with Exchange(settings, clock) as exchange, Listener(exchange.ws_url, "btcusdt@trade") as one:
        heard = one.hear(0.4)
        listed = requests.get(
            f"{exchange.rest_url}/fapi/v1/trades?symbol=BTCUSDT", timeout=5
        ).json()
    trade = exchange.ledger.trades["BTCUSDT"][0]

    assert ("61800.30", "0.006", 5266583935) == (trade.price, trade.quantity, trade.trade_id)
    assert heard
    assert listed


def test_a_clock_starts_when_it_is_told() -> None:
    for speed in (1, 720):
        clock = Clock.starting_at(1_795_300_000_000, speed)
        assert 0 <= clock.now_ms() - 1_795_300_000_000 < 50 * speed
    assert Clock(720, clock.anchor_ns).now_ms() - clock.now_ms() < 1000


def test_the_command_line_serves_and_writes_its_ledger(tmp_path: Path) -> None:
    command = [
        sys.executable, "-m", "tests.exchange", "--symbols", "BTCUSDT,ETHUSDT", "--at", "1", "drop",
        "--speed", "10", "--for", "10", "--ledger", str(tmp_path / "ledger"),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        words = process.stdout.readline().split()
        said = dict(zip(words[::2], words[1::2], strict=True))
        with Listener(said["--ws-url"], "btcusdt@trade") as listener:
            assert 1006 == listener.end().code
        report = process.stdout.read()
    ledger = read_ledger(tmp_path / "ledger")

    assert 0 == process.returncode
    assert " s  drop\n" in report
    assert ["reset"] == [visit.end for visit in ledger.visits.values()]
    assert len(ledger.books["ETHUSDT"]) > 50
    assert "10.0" == said["--speed"]


def test_the_command_line_says_what_can_go_wrong() -> None:
    command = [sys.executable, "-m", "tests.exchange", "--help"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "half-open" in text
    assert "curl -X POST" in text
