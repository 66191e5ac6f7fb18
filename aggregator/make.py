"""Makes what is published of a unit: reads its chunks, builds its files, certifies them."""

from collections.abc import Callable
from dataclasses import dataclass

from aggregator.compose import compose
from aggregator.day import Day, build, with_parquet
from aggregator.inputs import Inputs
from aggregator.load import Loader
from aggregator.manifest import Manifest
from aggregator.reduce import Loaded
from aggregator.settings import BuildSettings
from aggregator.unit import Unit
from lake.storage import Storage


@dataclass(frozen=True)
class Made:
    """A manifest, and the files in the order of its outputs."""

    manifest: Manifest
    files: tuple[bytes, ...]


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
