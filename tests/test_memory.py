"""The process's memory: told once, harmless where it is not understood."""

import subprocess
import sys

MEASURE = """
import numpy as np
from aggregator.memory import keep_freed_blocks
keep_freed_blocks()
for size in range(1, 30):
    np.ones(size << 17)
resident = lambda: int(open("/proc/self/statm").read().split()[1]) * 4096
kept = []
large = []
for _ in range(8):
    large.append(np.ones(8 << 17))
    kept.append(bytes(100_000))
held = resident()
large.clear()
print((held - resident()) >> 20)
"""


def test_large_blocks_go_back_to_the_system_when_they_are_freed() -> None:
    done = subprocess.run(
        [sys.executable, "-c", MEASURE], capture_output=True, text=True, check=True
    )

    assert int(done.stdout) >= 60
