"""What can be told to go wrong: one class for each command. No clock, no socket.

`streams` is a pattern of stream names and chooses the connections that carry one of them;
`connection` is the number of one. `for_s` are seconds of the exchange; 0: until further notice.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Drop:
    """End connections: `reset` (RST), `cut` (no close frame: 1006), or a close code."""

    how: str = "reset"
    streams: str = "*"
    connection: int = 0


@dataclass(frozen=True)
class HalfOpen:
    """Leave the sockets open, and neither speak nor listen on them any more."""

    streams: str = "*"
    connection: int = 0


@dataclass(frozen=True)
class Silence:
    """Say nothing on some streams: on the connections of now, or `everywhere`, new ones too."""

    streams: str = "*"
    connection: int = 0
    for_s: float = 0
    everywhere: bool = False


@dataclass(frozen=True)
class Mute:
    """Acknowledge what is subscribed to from now on, and deliver nothing."""

    streams: str = "*"
    for_s: float = 0
    times: int = 0


@dataclass(frozen=True)
class Lose:
    """Send the next frames to nobody; `forever`: REST does not have the trades either."""

    streams: str = "*@trade"
    frames: int = 10
    forever: bool = False


@dataclass(frozen=True)
class Repeat:
    """Send a share of the frames twice, or more often."""

    share: float = 0.5
    times: int = 2
    streams: str = "*"
    connection: int = 0
    for_s: float = 10


@dataclass(frozen=True)
class Reorder:
    """Let frames overtake each other, by up to so many."""

    within: int = 5
    streams: str = "*"
    connection: int = 0
    for_s: float = 10


@dataclass(frozen=True)
class Delay:
    """Deliver everything late, or held back and then at once, in bursts."""

    by_s: float = 3
    bursts: bool = False
    streams: str = "*"
    connection: int = 0
    for_s: float = 10


@dataclass(frozen=True)
class Garbage:
    """Send rubbish of a kind (`any`: of every kind) between the frames, or in their place."""

    kind: str = "any"
    frames: int = 10
    in_place: bool = False
    streams: str = "*"
    connection: int = 0


@dataclass(frozen=True)
class Strange:
    """Write frames in unusual ways that are right: unknown keys, another order, in pieces."""

    share: float = 1
    streams: str = "*"
    connection: int = 0
    for_s: float = 10


@dataclass(frozen=True)
class TradeTypes:
    """Give the next trades of a symbol a type: `NA`, or one that nobody knows."""

    type: str = "LIQUIDATION"
    symbol: str = "*"
    trades: int = 3


@dataclass(frozen=True)
class Refuse:
    """Refuse handshakes: a status such as 429, 418, 451, 403, 503, or `hang`, or `reset`."""

    how: str = "503"
    retry_after: str = ""
    for_s: float = 10
    times: int = 0


@dataclass(frozen=True)
class Mishear:
    """Answer requests on connections with an `error`, a `bare` one, or `never`."""

    how: str = "error"
    times: int = 1


@dataclass(frozen=True)
class Ping:
    """Ping now; with `every_s`, from now on as often as that."""

    every_s: float = 0


@dataclass(frozen=True)
class Lifetime:
    """End connections when they are so old; 0: after a day again."""

    seconds: float = 30
    for_s: float = 0


@dataclass(frozen=True)
class ShutDown:
    """Announce `serverShutdown` on connections, and end them some seconds later."""

    after_s: float = 2
    streams: str = "*"
    connection: int = 0


@dataclass(frozen=True)
class RestTrouble:
    """Let REST fail: a status, or `slow`, `hang`, `reset`, `cut`, `nonsense`, `empty`."""

    how: str = "503"
    paths: str = "*"
    retry_after: str = ""
    slow_s: float = 0
    for_s: float = 10
    times: int = 0


@dataclass(frozen=True)
class UseWeight:
    """Let others on this address use up request weight in this minute."""

    weight: int = 2000


@dataclass(frozen=True)
class Ban:
    """Ban this address from REST."""

    for_s: float = 60


@dataclass(frozen=True)
class SlowLists:
    """Let trades be listed by REST this much later than they happen; 0.1 is usual."""

    by_s: float = 2


@dataclass(frozen=True)
class Forget:
    """Let the REST lists begin after the trades of now."""

    symbol: str = "*"


@dataclass(frozen=True)
class Burst:
    """Let symbols trade at another rate for a while; 0: nobody trades."""

    trades_per_s: float = 1000
    symbol: str = "*"
    for_s: float = 10


@dataclass(frozen=True)
class Delist:
    """Stop a symbol's market and list it under another status."""

    symbol: str = ""
    status: str = "SETTLING"


@dataclass(frozen=True)
class List:
    """List a symbol, which trades from now on."""

    symbol: str = ""
    contract_type: str = "PERPETUAL"


Fault = (
    Drop | HalfOpen | Silence | Mute | Lose | Repeat | Reorder | Delay | Garbage | Strange
    | TradeTypes | Refuse | Mishear | Ping | Lifetime | ShutDown | RestTrouble | UseWeight | Ban
    | SlowLists | Forget | Burst | Delist | List
)  # fmt: skip
