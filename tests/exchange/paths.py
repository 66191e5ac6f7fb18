"""Where a client connects: which paths there are and what they carry. No clock, no socket."""

from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlsplit

_ROUTES = ("public", "market", "private")


@dataclass(frozen=True)
class Place:
    """A path that accepts connections; only a public one ever delivers trades and books."""

    public: bool
    combined: bool
    streams: tuple[str, ...] = ()


def place_of(path: str) -> Place | None:
    """Read the path of a handshake; None if nothing is served there.

    Without `/public`, `/market` or `/private` a path is served as public.
    """
    url = urlsplit(path)
    parts = [unquote(part) for part in url.path.split("/") if part]
    route = parts.pop(0) if parts and parts[0] in _ROUTES else "public"
    match parts:
        case ["ws", *names]:
            return Place(route == "public", combined=False, streams=tuple(names))
        case ["stream"]:
            named = parse_qs(url.query).get("streams", [""])[0]
            names = [name for name in named.split("/") if name]
            return Place(route == "public", combined=True, streams=tuple(names))
    return None
