"""What a judge finds: problems by kind, each with some examples. No clock, no disk."""

from collections import Counter
from dataclasses import dataclass, field

_EXAMPLES = 5


@dataclass
class Verdict:
    """Problems, and the numbers behind them."""

    problems: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    covered: dict[str, float] = field(default_factory=dict)
    """The share of the judged time that the journal calls covered, by stream."""

    @property
    def good(self) -> bool:
        """Tell whether nothing is wrong."""
        return not self.problems

    @property
    def covered_share(self) -> float:
        """Return the mean share over all streams."""
        return sum(self.covered.values()) / len(self.covered) if self.covered else 0.0

    def blame(self, kind: str, example: str) -> None:
        """Note a problem."""
        self.problems[kind] += 1
        examples = self.examples.setdefault(kind, [])
        if len(examples) < _EXAMPLES:
            examples.append(example)

    def count(self, what: str, times: int = 1) -> None:
        """Count something that is no problem."""
        self.counts[what] += times

    def __str__(self) -> str:
        lines = [
            f"{times} × {kind}: " + "; ".join(self.examples[kind])
            for kind, times in self.problems.items()
        ]
        counts = ", ".join(f"{name} {times}" for name, times in sorted(self.counts.items()))
        return "\n".join([*(lines or ["ledger equals lake"]), counts, self._shares()])

    def _shares(self) -> str:
        return f"covered {self.covered_share:.2%}"
