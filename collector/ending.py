"""How a run ends: nothing more is read, everything is told, and what fits is uploaded."""

from dataclasses import dataclass

from collector.fleet.orders import Tell
from collector.record.recorder import Recorder

_PROOFS_S = 1.2
_DRAIN_S = 1.0
_REFILLS_S = 3.4
_UPLOAD_PART = 0.6
"""Of the time left, the part that chunks have before the journal that tells of them."""
_RESERVE_S = 0.3
_NAP_S = 0.01


@dataclass(frozen=True)
class Ended:
    """What is left of a run: objects that the next start uploads."""

    run: str
    left: int


class Ending:
    """Ends a run within `stop_s` real seconds from now."""

    def __init__(self, recorder: Recorder, cause: str) -> None:
        self._recorder, self._parts = recorder, recorder.parts
        self._edges, self._cause = recorder.parts.edges, cause
        stop_s = recorder.parts.settings.deadlines.stop_s
        self._until_s = self._real_s() + stop_s - _RESERVE_S

    def _real_s(self) -> float:
        return self._edges.clock.monotonic() / self._edges.clock.speed

    def _left_s(self) -> float:
        return max(0.0, self._until_s - self._real_s())

    def _nap(self) -> None:
        self._recorder.show()
        self._edges.clock.sleep(_NAP_S * self._edges.clock.speed)

    def run(self) -> Ended:
        """End it."""
        recorder, parts, edges = self._recorder, self._parts, self._edges
        recorder.begin_to_end()
        self._prove()
        edges.survey.stop()
        until_ms = recorder.exchange_ms()
        edges.crew.dismiss(min(_DRAIN_S, self._left_s() / 4))
        self._drain()
        parts.stores.flush()
        edges.spool.seal_all()
        self._wait_for_refills(until_ms)
        left = edges.refiller.stop()
        self._drain()
        parts.repair.end(left, edges.clock.wall_ns())
        parts.stores.flush()
        parts.witness.end(recorder.exchange_ms())
        edges.inbox.close()
        self._upload_chunks()
        self._tell_the_end()
        edges.diary.stop()
        edges.holes.remove()
        return Ended(edges.spool.run, edges.spool.stop(self._left_s()))

    def _prove(self) -> None:
        """Ask, as far as there is time, whether silent streams of trades have been silent."""
        recorder = self._recorder
        until_s = self._real_s() + min(_PROOFS_S, self._left_s() / 4)
        awaited = recorder.question(ending=True)
        while awaited and self._real_s() < until_s:
            if not recorder.step():
                self._nap()
            awaited = self._parts.proofs.pending + len(self._edges.refiller.pending())

    def _wait_for_refills(self, until_ms: int) -> None:
        """Let holes be closed that are too young to be proved, while the chunks are uploaded.

        What lists tell of the time after the end of the streams is not ours: its holes would be too
        young again.
        """
        until_s = self._real_s() + min(_REFILLS_S, self._left_s() / 2)
        self._parts.repair.conclude(until_ms, self._edges.clock.wall_ns())
        while self._edges.refiller.pending() and self._real_s() < until_s:
            if self._recorder.reception.take():
                self._parts.repair.conclude(until_ms, self._edges.clock.wall_ns())
            else:
                self._nap()

    def _drain(self) -> None:
        """Take what has been read already."""
        until_s = self._real_s() + _DRAIN_S
        while self._real_s() < until_s and self._recorder.reception.take():
            pass

    def _upload_chunks(self) -> None:
        """Upload the partial minute, so that the journal can say so."""
        edges = self._edges
        edges.spool.seal_all()
        until_s = self._real_s() + self._left_s() * _UPLOAD_PART
        while edges.outbox.usage.total_bytes and self._real_s() < until_s:
            self._nap()
        self._parts.stores.tell_news()

    def _tell_the_end(self) -> None:
        run, rows = self._edges.spool.run, sum(self._parts.intake.rows.values())
        fields = {"cause": self._cause, "rows": rows}
        self._parts.chronicle.tell(Tell("stopped", f"run {run} ends: {self._cause}", fields))
