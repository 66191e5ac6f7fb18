"""The process's memory: told once, and what that changes is measured in processes of their own."""

import subprocess
import sys

import pytest

MEGABYTE = 1 << 20

MEASURE = """
import resource
import numpy as np
from aggregator.memory import keep_freed_blocks

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize()

def blocks(count, megabytes):
    return [np.ones(megabytes << 17) for _ in range(count)]
"""


def measured(*program: str) -> int:
    """Return the number that a process prints."""
    text = "\n".join((MEASURE, *program))
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.parametrize(("count", "megabytes"), [(12, 4), (1, 48)])
def test_what_a_chunk_freed_serves_the_next_one(count: int, megabytes: int) -> None:
    again = (
        f"blocks({count}, {megabytes})", "before = faults()",
        f"for _ in range(20): blocks({count}, {megabytes})", "print(faults() - before)",
    )  # fmt: skip

    by_default, kept = measured(*again), measured("keep_freed_blocks()", *again)

    assert kept < by_default / 10


@pytest.mark.parametrize(("count", "megabytes"), [(64, 4), (4, 70)])
def test_what_is_freed_beyond_that_goes_back_to_the_system(count: int, megabytes: int) -> None:
    held = measured(
        "keep_freed_blocks()", "before = resident()", f"large = blocks({count}, {megabytes})",
        "most = resident() - before", f"assert most > {count * megabytes * MEGABYTE * 0.9}",
        "large.clear()", "print(resident() - before)",
    )  # fmt: skip

    assert held < 70 * MEGABYTE


COLLECT = """
import gc, weakref
from aggregator.memory import spare_imports

class Loop: pass

def loop():
    one = Loop()
    one.other = one
    return weakref.ref(one)

gc.disable()
earlier = loop()
spare_imports()
later = loop()
gc.collect()
"""


@pytest.mark.parametrize(("which", "collected"), [("earlier", False), ("later", True)])
def test_only_what_came_after_the_imports_is_collected(which: str, collected: bool) -> None:
    assert collected == measured(COLLECT, f"print(int({which}() is None))")
