"""What goes wrong with a request, and with which ones: a script of rules."""

import fnmatch
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from threading import Lock


class Kind(StrEnum):
    """What a request is for, as the price list of a bucket sees it."""

    BUCKET = "bucket"
    LIST = "list"
    STAT = "stat"
    READ = "read"
    WRITE = "write"
    DELETE = "delete"


@dataclass(frozen=True)
class Request:
    """One request; the key is that of the object, or the prefix of a listing."""

    kind: Kind
    key: str
    path: str = field(default="", compare=False)
    authorization: str = field(default="", compare=False)


@dataclass(frozen=True)
class Refuse:
    """Answer with an error and do nothing."""

    status: int
    retry_after_s: int | None = None
    message: str = "as the script says"


@dataclass(frozen=True)
class Reset:
    """Reset the connection before anything is done."""


@dataclass(frozen=True)
class Drop:
    """Do what was asked, then reset the connection in place of an answer."""


@dataclass(frozen=True)
class Cut:
    """Promise the whole body, send this share of it and close the connection."""

    share: float = 0.5


@dataclass(frozen=True)
class Corrupt:
    """Send a body of the right length with one byte changed; of a write, receive it so."""


@dataclass(frozen=True)
class First:
    """Let something else happen first, then serve the request."""

    happens: Callable[[], object]


Fault = Refuse | Reset | Drop | Cut | Corrupt | First


@dataclass(frozen=True)
class Rule:
    """A fault of the requests of a kind on keys that match a pattern, as often as `times` says."""

    fault: Fault
    kind: Kind | None = None
    key: str = "*"
    times: int = 1

    def hits(self, request: Request) -> bool:
        """Tell whether the rule is about this request."""
        return self.kind in (None, request.kind) and fnmatch.fnmatchcase(request.key, self.key)


@dataclass
class Script:
    """The rules that are left, and what was asked so far; safe for threads."""

    rules: list[Rule] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    _used: Counter[int] = field(default_factory=Counter)
    _lock: Lock = field(default_factory=Lock)

    def add(self, fault: Fault, kind: Kind | None = None, key: str = "*", times: int = 1) -> None:
        """Let a fault happen to the next requests of this sort."""
        with self._lock:
            self.rules.append(Rule(fault, kind, key, times))

    def meet(self, request: Request) -> Fault | None:
        """Note a request and return what goes wrong with it: of the first rule that is left."""
        with self._lock:
            self.asked.append(request)
            for number, rule in enumerate(self.rules):
                if self._used[number] < rule.times and rule.hits(request):
                    self._used[number] += 1
                    return rule.fault
            return None

    def counts(self) -> Counter[Kind]:
        """Return how many requests of each kind there were."""
        with self._lock:
            return Counter(request.kind for request in self.asked)

    def keys(self, kind: Kind) -> list[str]:
        """Return the keys of the requests of a kind, in their order."""
        with self._lock:
            return [request.key for request in self.asked if request.kind is kind]

    def mend(self) -> None:
        """Let nothing go wrong any more."""
        with self._lock:
            self.rules.clear()
            self._used.clear()

    def forget(self) -> None:
        """Start to count anew, without any rule."""
        self.mend()
        with self._lock:
            self.asked.clear()
