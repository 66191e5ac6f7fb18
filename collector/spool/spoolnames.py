"""Names of the files in the folder of a run: built and parsed here only. No clock, no disk.

    lock                          held by the process that writes here, or that recovers it
    00000012-2025-12-11T0801.log  rows received in this minute, as they came; 12 counts segments
    00000012-2025-12-11T0801.pack the chunks that were made of them, waiting for the lake
    2025-12-11T08.journal         lines of the journal in this hour of exchange time
    2025-12-11T08.pack            the object that was made of them
    checkpoint                    covered time that is still open
    refused/                      chunks whose key in the lake holds something else
    *.damaged                     what could not be read back
    .*.tmp                        what is being written

Logs and hours become packs of the same name: where there is both, the pack is whole.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from lake.layout import ChunkKey, JournalKey, Stream

MINUTE_NS = 60 * 10**9
_MINUTES_PER_DAY = 1440
_EPOCH = date(1970, 1, 1)
_LOG = re.compile(r"(\d{8})-(\d{4}-\d{2}-\d{2}T\d{4})(R?)", re.ASCII)
_HOUR = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2})(?:R(\d+))?", re.ASCII)


@dataclass(frozen=True, order=True)
class LogName:
    """One segment of the log: its number in the run, and the minute in which its rows came.

    `minute` counts from 1970 UTC. `again`: another segment of this minute came before, so the
    chunks of this one need a run name of their own.
    """

    number: int
    minute: int
    again: bool = False

    def __str__(self) -> str:
        start = datetime.fromtimestamp(self.minute * 60, UTC)
        return f"{self.number:08d}-{start:%Y-%m-%dT%H%M}{'R' * self.again}"

    @classmethod
    def parse(cls, stem: str) -> "LogName | None":
        """Read a file's name without its ending; None if it is not a segment's."""
        match = _LOG.fullmatch(stem)
        if not match:
            return None
        try:
            start = datetime.strptime(match[2], "%Y-%m-%dT%H%M").replace(tzinfo=UTC)
        except ValueError:
            return None
        return cls(int(match[1]), int(start.timestamp()) // 60, bool(match[3]))


@dataclass(frozen=True, order=True)
class HourName:
    """One object of the journal; `extra` (from 0) counts those that an hour has besides its own."""

    date: date
    hour: int
    extra: int | None = None

    def __str__(self) -> str:
        return f"{self.date}T{self.hour:02d}{'' if self.extra is None else f'R{self.extra}'}"

    @classmethod
    def parse(cls, stem: str) -> "HourName | None":
        """Read a file's name without its ending; None if it is not an hour's."""
        match = _HOUR.fullmatch(stem)
        try:
            if match and int(match[2]) < 24:
                extra = int(match[3]) if match[3] else None
                return cls(date.fromisoformat(match[1]), int(match[2]), extra)
        except ValueError:
            pass
        return None

    @classmethod
    def of(cls, time_ms: int) -> "HourName":
        """Return the hour in which this time lies."""
        start = datetime.fromtimestamp(time_ms // 1000, UTC)
        return cls(start.date(), start.hour)

    def next(self) -> "HourName":
        """Return the hour that follows."""
        return HourName.of(self.end_ms)

    @property
    def start_ms(self) -> int:
        """The first ms of the hour."""
        return ((self.date - _EPOCH).days * 24 + self.hour) * 3_600_000

    @property
    def end_ms(self) -> int:
        """The first ms after the hour."""
        return self.start_ms + 3_600_000

    def key(self, run: str) -> JournalKey:
        """Return the key of the object in the lake."""
        name = run if self.extra is None else f"{run}R{self.extra}"
        return JournalKey(self.date, self.hour, name)


def chunk_key(stream: Stream, symbol: str, minute: int, run: str) -> ChunkKey:
    """Return the key of the chunk of a minute since 1970 UTC."""
    days, minute_of_day = divmod(minute, _MINUTES_PER_DAY)
    return ChunkKey(stream, symbol, _EPOCH + timedelta(days), minute_of_day, run)
