"""The exchange by `curl`: what there is, what goes on, and faults on command.

curl URL/control                                  what can be done
curl URL/control/state                            connections, counts, what went wrong so far
curl -X POST 'URL/control/drop?how=1008'          a fault, now
curl -X POST 'URL/control/silence?streams=btcusdt@trade&for_s=30'
"""

from dataclasses import asdict

from tests.exchange import deeds
from tests.exchange.commands import BadFault, help_text, read_fault, write_fault
from tests.exchange.plain_http import Asked, Told, as_json
from tests.exchange.world import World

_PATH = "/control"


def control(asked: Asked, world: World, usage: str) -> Told:
    """Answer a request about the exchange itself."""
    name = asked.path.removeprefix(_PATH).strip("/")
    if not asked.path.startswith(_PATH):
        return as_json(404, {"error": f"nothing is served at {asked.path}; see {_PATH}"})
    if not name:
        return Told(200, f"{usage}\n\n{help_text()}\n".encode(), kind="text/plain")
    if name == "state":
        return as_json(200, state(world))
    if asked.method != "POST":
        return as_json(405, {"error": "faults are commands: use POST"})
    return _command(name, dict(asked.query), world)


def _command(name: str, query: dict[str, str], world: World) -> Told:
    try:
        fault = read_fault(name, query)
        deeds.do(fault, world)
    except (BadFault, ValueError) as error:
        return as_json(400, {"error": str(error)})
    return as_json(200, {"done": write_fault(fault)})


def state(world: World) -> dict[str, object]:
    """Return what goes on."""
    ledger = world.ledger
    connections = [
        {
            "number": one.number,
            "streams": len(one.subscriptions.streams),
            "open_s": round((world.clock.now_ms() - one.opened_ms) / 1000, 1),
            "weather": [type(effect).__name__ for effect in one.weather.effects]
            if one.weather
            else [],
        }
        for one in world.hub.connections.values()
    ]
    return {
        "now_ms": int(world.clock.now_ms()),
        "trades": {symbol: len(trades) for symbol, trades in ledger.trades.items()},
        "snapshots": {symbol: len(books) for symbol, books in ledger.books.items()},
        "connections": connections,
        "handshakes": len(ledger.handshakes),
        "requests": len(ledger.answers),
        "used_weight": world.endpoints.weights.used,
        "mishaps": [asdict(mishap) for mishap in ledger.mishaps[-20:]],
    }
