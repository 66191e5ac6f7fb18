"""Compile every pass over bytes and keep it: run while the aggregator's image is built.

    NUMBA_CPU_NAME=generic NUMBA_CPU_FEATURES= python -m images.passes

A container that starts with the same two variables finds them, whatever processor it runs on.
"""

import importlib
import pkgutil
from collections.abc import Iterator

import aggregator
from aggregator.compiled import Entry


def entries() -> Iterator[Entry]:
    """Yield the passes of the aggregator, each once."""
    for module in pkgutil.walk_packages(aggregator.__path__, "aggregator."):
        members = vars(importlib.import_module(module.name)).values()
        yield from (
            member
            for member in members
            if isinstance(member, Entry) and member.__module__ == module.name
        )


def main() -> None:
    """Compile them all, and say which."""
    for entry in entries():
        entry.prepare()
        print(f"{entry.__module__}.{entry.function.__name__}")


if __name__ == "__main__":
    main()
