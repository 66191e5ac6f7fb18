"""Days and times as ms since 1970 UTC. It reads no clock."""

from datetime import UTC, date, datetime

DAY_MS = 86_400_000


def day_start_ms(day: date) -> int:
    """Return 00:00 UTC of the day in ms since 1970."""
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1000


def iso(ms: int) -> str:
    """Write ms since 1970 as ISO 8601 with ms."""
    at = datetime.fromtimestamp(ms // 1000, UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{ms % 1000:03d}Z"
