"""How many bytes the spool takes."""

from collector.spool.usage import Usage


def test_what_comes_and_what_goes_is_counted() -> None:
    usage = Usage()
    usage.add(logs=100)
    usage.add(packs=30)
    usage.add(logs=-100)

    assert (0, 30, 30) == (usage.log_bytes, usage.pack_bytes, usage.total_bytes)
