"""Makes what is published of a unit: reads its chunks, builds its files, certifies them."""

from collections.abc import Callable
from dataclasses import dataclass

from aggregator.compose import compose
from aggregator.day import Day, build, with_parquet
from aggregator.inputs import Inputs
from aggregator.load import Loader
from aggregator.manifest import Manifest
from aggregator.quality import GAP, PARTIAL
from aggregator.reduce import Loaded
from aggregator.resolutions import Resolution
from aggregator.settings import BuildSettings
from aggregator.unit import BarCounts, Unit
from lake.storage import Storage

_MINUTE = Resolution.parse("1m")


@dataclass(frozen=True)
class Made:
    """A manifest, and the files in the order of its outputs."""

    manifest: Manifest
    files: tuple[bytes, ...]

    def counts(self) -> BarCounts:
        """Count bars by quality: those of a minute, by which days compare, else the coarsest."""
        resolutions = self.manifest.resolutions
        chosen = _MINUTE if _MINUTE in resolutions else max(resolutions)
        found = self.manifest.whole["bars"][chosen.label]
        bars = sum(found.values())
        return BarCounts(chosen.label, bars, found.get(PARTIAL, 0), found.get(GAP, 0))


@dataclass(frozen=True)
class Maker:
    """Makes units. `advance` is told of chunks that are done: how many more."""

    storage: Storage
    settings: BuildSettings
    advance: Callable[[int], None]

    def make(self, unit: Unit, inputs: Inputs, already: Manifest | None, *, pending: bool) -> Made:
        """Make what is asked for and what is there already."""
        margin = self.settings.margin_minutes
        loaded = Loader(
            self.storage, unit.symbol, unit.day, margin, self.settings.threads, self.advance
        ).load(inputs)
        day = self._bars(unit, loaded, already)
        manifest = compose(unit.symbol, unit.day, margin, loaded, day, pending=pending)
        return Made(manifest, tuple(day.outputs.values()))

    def _bars(self, unit: Unit, loaded: Loaded, already: Manifest | None) -> Day:
        resolutions = {*self.settings.resolutions, *(already.resolutions if already else ())}
        said = loaded.inputs.testimony
        day = build(unit.day, loaded.trades, loaded.books, said, sorted(resolutions))
        parquet = self.settings.parquet or (already and already.parquet)
        return with_parquet(day) if parquet else day
