"""Objects that wait for the lake in one file."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from collector.spool.pack import Damaged, Object, load_pack, pack_path, write_pack
from collector.spool.runfolder import RunFolder
from tests.collector.spools import no_file_longer_than

OBJECTS = [("raw/a", b"first", 2), ("raw/币", b"", 0), ("raw/c", bytes(range(256)), 7)]


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path, "a")


def contents(folder: RunFolder) -> list[Object]:
    pack = load_pack(folder, pack_path(folder, "stem"))
    return [(entry.key, pack.read(entry), entry.rows) for entry in pack.contents.entries]


def test_objects_are_read_as_they_were_written(folder: RunFolder) -> None:
    written = write_pack(folder, "stem", 12, OBJECTS, journal=True)

    assert written == load_pack(folder, pack_path(folder, "stem"))
    assert OBJECTS == contents(folder)
    assert (12, True) == (written.contents.minute, written.contents.journal)
    assert written.size == written.path.stat().st_size


def test_a_pack_that_cannot_be_finished_leaves_nothing(folder: RunFolder) -> None:
    with no_file_longer_than(200), pytest.raises(OSError, match="File too large"):
        write_pack(folder, "stem", 12, OBJECTS)

    assert [] == folder.files()


def test_while_it_is_written_a_pack_is_not_there(folder: RunFolder) -> None:
    def objects() -> Iterator[Object]:
        yield OBJECTS[0]
        assert [".stem.pack.tmp"] == [path.name for path in folder.files()]

    write_pack(folder, "stem", 12, objects())

    assert ["stem.pack"] == [path.name for path in folder.files()]


def test_an_object_that_the_disk_has_changed_is_not_given_out(folder: RunFolder) -> None:
    pack = write_pack(folder, "stem", 12, OBJECTS)
    with pack.path.open("r+b") as file:
        file.write(b"F")

    with pytest.raises(Damaged, match=r"raw/a in .*stem.pack does not match its checksum"):
        pack.read(pack.contents.entries[0])
    assert OBJECTS[2][1] == pack.read(pack.contents.entries[2])


@pytest.mark.parametrize("cut", [1, 30, 10**6])
def test_a_file_without_its_end_is_no_pack(folder: RunFolder, cut: int) -> None:
    pack = write_pack(folder, "stem", 12, OBJECTS)
    pack.path.write_bytes(pack.path.read_bytes()[:-cut])

    with pytest.raises(Damaged, match="has no end"):
        load_pack(folder, pack.path)


def test_a_changed_index_is_not_believed(folder: RunFolder) -> None:
    pack = write_pack(folder, "stem", 12, OBJECTS)
    pack.path.write_bytes(pack.path.read_bytes().replace(b"raw/c", b"raw/d"))

    with pytest.raises(Damaged, match="index"):
        load_pack(folder, pack.path)
