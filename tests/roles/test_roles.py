"""Each program does its work with the rights of its role, and is refused all else in one line."""

import io
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.roles import Grant
from lake.layout import LAKE_FILE, VENUE, ChunkKey, JournalKey, Stream, bars_key, manifest_key
from lake.schemas import SCHEMA_VERSION
from tests.bucket import BucketServer, Door, Draft, Drop, Kind, door
from tests.cases import AFTER, COMMAND, DAY, SYMBOL, Ran, finished, recording, started, trades
from tests.exchange import Exchange, Pace, Settings

ROOT = Path(__file__).parent.parent.parent
COLLECTOR = COMMAND.with_name("collector")
GET, LIST = "storage.objects.get", "storage.objects.list"
CREATE, DELETE = "storage.objects.create", "storage.objects.delete"
RANGE = ["--start", DAY, "--end", AFTER, "--workers", 1, "--resolutions", "1h"]


def grants() -> dict[str, list[Grant]]:
    """Read the roles as they are deployed; a line of another form fails."""
    roles: dict[str, list[Grant]] = {}
    for line in (ROOT / "deploy" / "roles.yaml").read_text(encoding="utf-8").splitlines():
        role = re.fullmatch(r"(\w+):", line)
        grant = re.fullmatch(r'  - \{permission: ([\w.]+), prefix: "?([\w/]*)"?\}', line)
        assert role or grant or re.fullmatch(r"\s*(#.*)?", line), line
        if role:
            roles[role[1]] = granted = []
        if grant:
            granted.append(Grant(*grant.groups()))
    return roles


ROLES = grants()


def put(bucket: BucketServer, key: str, data: bytes) -> None:
    bucket.store.put(bucket.lake.removeprefix("gs://"), Draft(key, data))


def keys(bucket: BucketServer, prefix: str = "") -> list[str]:
    found = bucket.store.objects(bucket.lake.removeprefix("gs://"))
    return sorted(key for key in found if key.startswith(prefix))


def data_of(bucket: BucketServer, key: str) -> bytes:
    return bucket.store.get(bucket.lake.removeprefix("gs://"), key).data


@pytest.fixture
def lake(bucket: BucketServer) -> BucketServer:
    """Return a bucket as the set-up leaves it: with its marker, and nothing else."""
    marker = {"venue": VENUE, "schema_version": SCHEMA_VERSION}
    put(bucket, LAKE_FILE, json.dumps(marker).encode())
    return bucket


@pytest.fixture
def recorded(lake: BucketServer) -> BucketServer:
    """Return a lake with some minutes of two days, and their journals."""
    for day in (DAY, AFTER):
        for minute in range(3):
            put(lake, str(ChunkKey(Stream.TRADES, SYMBOL, day, minute, "a")), trades(day, minute))
        put(lake, str(JournalKey(day, 0, "a")), recording(SYMBOL))
    return lake


def as_role(bucket: BucketServer, role: str, *, lacks: Sequence[str] = ()) -> Door:
    return door(bucket, [each for each in ROLES[role] if each.permission not in lacks])


def aggregator(bucket: BucketServer, command: str, *options: object) -> Ran:
    return finished(started(COMMAND, command, "--lake", bucket.lake, *options))


# The roles themselves


def test_the_collector_creates_and_reads_and_can_do_nothing_else() -> None:
    assert {GET, LIST, CREATE} == {grant.permission for grant in ROLES["collector"]}
    assert {"raw/", "journal/"} == {
        grant.prefix for grant in ROLES["collector"] if grant.permission == CREATE
    }


def test_the_aggregator_changes_nothing_but_what_it_publishes() -> None:
    by_permission = {
        permission: {
            grant.prefix for grant in ROLES["aggregator"] if grant.permission == permission
        }
        for permission in (CREATE, DELETE)
    }

    assert {"raw/", "journal/", "aggregated/"} == by_permission[CREATE]
    assert {"aggregated/"} == by_permission[DELETE]


def test_analysts_read_what_is_published() -> None:
    assert [Grant(GET, "aggregated/"), Grant(LIST, "aggregated/")] == ROLES["analysts"]


# The collector


@pytest.fixture
def exchange() -> Iterator[Exchange]:
    with Exchange(Settings(symbols=(SYMBOL,), pace=Pace(trades_per_s=20))) as opened:
        yield opened


def collected(
    bucket: BucketServer, exchange: Exchange, spool: Path, seconds: int = 3, **options: str
) -> Ran:
    """Record for some seconds, and stop."""
    given = [text for name, value in options.items() for text in (f"--{name}", value)]
    return finished(
        started(
            COLLECTOR, "run", "--lake", bucket.lake, "--symbols", SYMBOL, "--spool", spool,
            "--duration", seconds, "--ws-url", exchange.ws_url, "--rest-url", exchange.rest_url,
            *given,
        )
    )  # fmt: skip


def test_the_collector_records_restarts_and_looks_back_with_its_rights(
    lake: BucketServer, exchange: Exchange, tmp_path: Path
) -> None:
    door_ = as_role(lake, "collector")
    runs = [collected(lake, exchange, tmp_path / f"spool{number}") for number in range(2)]
    sessions = finished(started(COLLECTOR, "sessions", "--lake", lake.lake, "--json"))

    assert [0, 0, 0] == [ran.code for ran in (*runs, sessions)], runs
    assert [] == door_.refused
    assert 2 == len({key.run for text in keys(lake, "raw/") if (key := ChunkKey.parse(text))})
    assert 2 == len(json.loads(sessions.out))
    # It listed for where the ids of the run before ended, and read there.
    assert any(key.startswith(f"raw/trades/{SYMBOL}/") for key in door_.keys(Kind.LIST))
    assert any(key.startswith(f"raw/trades/{SYMBOL}/") for key in door_.keys(Kind.READ))


def test_a_collector_that_may_not_list_records_and_says_what_it_could_not_see(
    lake: BucketServer, exchange: Exchange, tmp_path: Path
) -> None:
    door_ = as_role(lake, "collector", lacks=[LIST])
    ran = collected(lake, exchange, tmp_path / "spool")

    assert 0 == ran.code, ran
    assert {LIST} == {permission for permission, _ in door_.refused}
    assert keys(lake, "raw/trades/")
    assert "grant storage.objects.list" in ran.out


@pytest.mark.parametrize("create_first", [True, False], ids=["answers 412", "answers 403"])
def test_an_upload_whose_answer_was_lost_is_known_as_ours_without_the_right_to_replace(
    lake: BucketServer, exchange: Exchange, tmp_path: Path, create_first: bool
) -> None:
    door_ = door(lake, ROLES["collector"], create_first=create_first)
    door_.add(Drop(), Kind.WRITE, "raw/trades/*")
    ran = collected(lake, exchange, tmp_path / "spool")

    assert 0 == ran.code, ran
    written = door_.keys(Kind.WRITE)
    assert len(written) > len({*written})
    assert [] == [path.name for path in (tmp_path / "spool").iterdir() if path.name[0] != "."]


def test_a_collector_without_the_right_to_create_keeps_all_and_says_why(
    lake: BucketServer, exchange: Exchange, tmp_path: Path
) -> None:
    as_role(lake, "collector", lacks=[CREATE])
    ran = collected(lake, exchange, tmp_path / "spool")

    assert [] == keys(lake, "raw/")
    assert "grant storage.objects.create" in ran.out
    assert "Traceback" not in ran.out + ran.err
    assert [path for path in (tmp_path / "spool").iterdir() if path.name[0] != "."]


def test_a_collector_that_may_not_read_the_marker_ends_in_one_line(
    lake: BucketServer, exchange: Exchange, tmp_path: Path
) -> None:
    as_role(lake, "collector", lacks=[GET])
    ran = collected(lake, exchange, tmp_path / "spool")

    assert f"cannot read {lake.lake}/{LAKE_FILE}: 403 Forbidden" in ran.failure
    assert "grant storage.objects.get" in ran.failure


def test_the_collector_cannot_publish(recorded: BucketServer) -> None:
    before = keys(recorded)
    as_role(recorded, "collector")
    ran = aggregator(recorded, "backfill", *RANGE)

    assert "grant storage.objects.create" in ran.failure
    assert before == keys(recorded)


# The aggregator


def archive(folder: Path) -> Path:
    """Write a file as the exchange's archive has it."""
    noon_ms = int(datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC).timestamp()) * 1000
    rows = [f"{number},100.5,0.1,10.05,{noon_ms + number * 1000},true\n" for number in range(9)]
    text = "id,price,qty,quote_qty,time,is_buyer_maker\n" + "".join(rows)
    name = f"ETHUSDT-trades-{DAY}"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr(f"{name}.csv", text)
    path = folder / f"{name}.zip"
    path.write_bytes(packed.getvalue())
    return path


def test_the_aggregator_builds_rebuilds_looks_and_imports_with_its_rights(
    recorded: BucketServer, tmp_path: Path
) -> None:
    door_ = as_role(recorded, "aggregator")
    done = [
        aggregator(recorded, "daily", "--date", DAY, "--workers", 1, "--resolutions", "1h"),
        aggregator(recorded, "backfill", *RANGE),
        aggregator(recorded, "backfill", *RANGE, "--force"),
        aggregator(recorded, "status"),
        aggregator(recorded, "import", "--symbol", "ETHUSDT", archive(tmp_path)),
        aggregator(recorded, "backfill", *RANGE),
    ]

    assert {0} == {ran.code for ran in done}, done
    assert [] == door_.refused
    assert keys(recorded, "raw/trades/ETHUSDT/")
    assert manifest_key("ETHUSDT", DAY) in keys(recorded)


def test_a_new_chunk_makes_the_aggregator_replace_a_day(recorded: BucketServer) -> None:
    door_ = as_role(recorded, "aggregator")
    aggregator(recorded, "backfill", *RANGE)
    before = data_of(recorded, manifest_key(SYMBOL, DAY))
    put(recorded, str(ChunkKey(Stream.TRADES, SYMBOL, DAY, 9, "b")), trades(DAY, 9))
    ran = aggregator(recorded, "backfill", *RANGE)

    assert (0, []) == (ran.code, door_.refused)
    assert before != data_of(recorded, manifest_key(SYMBOL, DAY))


def test_without_the_right_to_delete_nothing_is_replaced_and_the_right_is_named(
    recorded: BucketServer,
) -> None:
    as_role(recorded, "aggregator", lacks=[DELETE])
    assert 0 == aggregator(recorded, "backfill", *RANGE).code
    before = data_of(recorded, bars_key(SYMBOL, DAY, "1h"))
    put(recorded, str(ChunkKey(Stream.TRADES, SYMBOL, DAY, 9, "b")), trades(DAY, 9))
    ran = aggregator(recorded, "backfill", *RANGE)

    assert "grant storage.objects.create and storage.objects.delete" in ran.failure
    assert before == data_of(recorded, bars_key(SYMBOL, DAY, "1h"))


_TRY = """
import sys
from lake.errors import LakeError
from lake.gcs import Bucket

bucket, key = Bucket(sys.argv[1]), sys.argv[2]
version = bucket.read(key)[1]
try:
    bucket.write(key, b"other", version)
except LakeError as error:
    sys.exit(str(error))
"""


@pytest.mark.parametrize("role", ["collector", "aggregator"])
@pytest.mark.parametrize("number", range(2))
def test_nobody_replaces_a_chunk_or_a_journal(
    recorded: BucketServer, role: str, number: int
) -> None:
    key = keys(recorded, ("raw/", "journal/")[number])[0]
    before = data_of(recorded, key)
    as_role(recorded, role)
    command = [sys.executable, "-c", _TRY, recorded.lake, key]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    assert 1 == ran.returncode
    assert ran.stderr.startswith(f"cannot write {recorded.lake}/{key}: 403 Forbidden")
    assert "storage.objects.delete" in ran.stderr
    assert before == data_of(recorded, key)


# Analysts


def test_analysts_read_bars_and_nothing_else(recorded: BucketServer) -> None:
    as_role(recorded, "aggregator")
    assert 0 == aggregator(recorded, "backfill", *RANGE).code
    door_ = as_role(recorded, "analysts")
    code = (
        "import sys; from lake.gcs import Bucket; bucket = Bucket(sys.argv[1])\n"
        "bars = [stat.key for stat in bucket.list('aggregated/')]\n"
        "print(len(bars), len(bucket.read(bars[0])[0]) > 0)\n"
    )
    command = [sys.executable, "-c", code, recorded.lake]
    read = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)

    assert f"{len(keys(recorded, 'aggregated/'))} True" == read.stdout.strip()
    assert [] == door_.refused
    assert f"cannot read {recorded.lake}/{LAKE_FILE}: 403" in aggregator(recorded, "status").failure
    assert {(GET, LAKE_FILE)} == {*door_.refused}
