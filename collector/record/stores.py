"""Rows on their way to the lake, as the recorder cares for them: flush, seal, room, news."""

from collector.fleet.fleet import Fleet
from collector.fleet.orders import Tell
from collector.record.chronicle import Chronicle
from collector.record.intake import Intake
from collector.record.witness import Witness
from collector.spool.news import Lost, News, Refused, Uploaded
from collector.spool.spool import Spool
from collector.view.status import Pressure
from collector.view.words import count, size
from lake.layout import Stream

_FULL = "the spool is full"
_SAID = {
    Pressure.NONE: "the spool has room again: everything is recorded",
    Pressure.EARLY_WARNING: "the spool fills up; everything is still recorded",
    Pressure.NO_DEPTH: "the spool is full: books are not recorded, trades still are",
    Pressure.NO_TRADES: "the spool is full: nothing is recorded",
}


class Stores:
    """Keeps what is written within the room there is, and tells what became of it."""

    def __init__(
        self, spool: Spool, fleet: Fleet, intake: Intake, chronicle: Chronicle, witness: Witness
    ) -> None:
        self.spool = spool
        self.uploaded = self.uploaded_bytes = 0
        self.pressure = Pressure.NONE
        self._fleet, self._intake = fleet, intake
        self._chronicle, self._witness = chronicle, witness

    def flush(self) -> None:
        """Write what was appended, and see what that leaves of the room."""
        self.spool.flush()
        pressure = self.spool.pressure()
        if pressure is not self.pressure:
            severity = "WARNING" if pressure > self.pressure else "INFO"
            fields = {"level": pressure.name.lower()}
            self._chronicle.tell(Tell("pressure", _SAID[pressure], fields, severity))
            self.pressure = pressure
            self._write(Stream.DEPTH20, pressure < Pressure.NO_DEPTH)
            self._write(Stream.TRADES, pressure < Pressure.NO_TRADES)

    def _write(self, stream: Stream, writes: bool) -> None:
        """Write a stream's rows, or not; time in which they are not written is not covered."""
        intake = self._intake
        before = intake.writes_books if stream is Stream.DEPTH20 else intake.writes_trades
        if stream is Stream.DEPTH20:
            intake.writes_books = writes
        else:
            intake.writes_trades = writes
        if before and not writes:
            for track in self._fleet.tracks.values():
                if track.channel.stream is stream:
                    track.interrupt(_FULL)

    def seal(self, before_ns: int) -> None:
        """Close the minutes that every reader has passed."""
        self.spool.seal(before_ns)

    def tell_news(self) -> None:
        """Tell what happened on the way to the lake."""
        for news in self.spool.news():
            self._tell(news)

    def _tell(self, news: News) -> None:
        match news:
            case Uploaded():
                self._tell_upload(news)
            case Lost():
                self._witness.lost(news, self._intake.ahead_ms or 0)
            case Refused():
                said = f"{news.key} is in the lake with another content; ours is kept: {news.path}"
                self._chronicle.tell(Tell("upload_refused", said, {"key": news.key}, "ERROR"))

    def _tell_upload(self, news: Uploaded) -> None:
        self.uploaded += news.objects
        self.uploaded_bytes += news.bytes
        of_other = None if news.run == self.spool.run else news.run
        fields = {
            "objects": news.objects, "rows": news.rows, "bytes": news.bytes,
            "seconds": round(news.seconds, 3), "of_run": of_other, "journal": news.journal or None,
        }  # fmt: skip
        what = "journal" if news.journal else f"{count(news.rows, 'row')}"
        said = f"uploaded {count(news.objects, 'object')}: {what}, {size(news.bytes)}"
        self._chronicle.tell(Tell("uploaded", said, fields))
