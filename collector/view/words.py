"""Numbers as people read them: sizes, times, counts. No clock, no disk."""

_SIZES = ("B", "KiB", "MiB", "GiB", "TiB")
_MINUTE_S, _HOUR_S, _DAY_S = 60, 3600, 86400


def size(count: float) -> str:
    """Write bytes with three digits at most: `812 B`, `1.2 MiB`, `10 GiB`."""
    unit = 0
    while count >= 999.5 and unit < len(_SIZES) - 1:
        count /= 1024
        unit += 1
    return f"{count:.1f} {_SIZES[unit]}" if unit and count < 9.95 else f"{count:.0f} {_SIZES[unit]}"


def span(seconds: float) -> str:
    """Write a time in its two largest units: `4 s`, `3 min 20 s`, `2 d 5 h`."""
    whole = int(seconds)
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return _two(whole // _MINUTE_S, "min", whole % _MINUTE_S, "s")
    if whole < _DAY_S:
        return _two(whole // _HOUR_S, "h", whole % _HOUR_S // _MINUTE_S, "min")
    return _two(whole // _DAY_S, "d", whole % _DAY_S // _HOUR_S, "h")


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def count(number: int, what: str) -> str:
    """Write `1 object`, `2,000 objects`."""
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"


def floor_percent(share: float) -> str:
    """Write a share so that only the whole is 100 %."""
    return f"{int(share * 1000) / 10:g}%"
