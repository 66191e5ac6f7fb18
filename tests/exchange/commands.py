"""Faults as text: `drop how=reset streams=btcusdt@*`, or the path and query of a request. Pure."""

from dataclasses import fields
from typing import Any, get_type_hints

from tests.exchange.faults import (
    Ban,
    Burst,
    Delay,
    Delist,
    Drop,
    Fault,
    Forget,
    Garbage,
    HalfOpen,
    Lifetime,
    List,
    Lose,
    Mishear,
    Mute,
    Ping,
    Refuse,
    Reorder,
    Repeat,
    RestTrouble,
    ShutDown,
    Silence,
    SlowLists,
    Strange,
    TradeTypes,
    UseWeight,
)


class BadFault(ValueError):
    """A command that cannot be read: says why and what there is."""


KINDS: dict[str, type[Any]] = {
    "drop": Drop, "half-open": HalfOpen, "silence": Silence, "mute": Mute, "lose": Lose,
    "repeat": Repeat, "reorder": Reorder, "delay": Delay, "garbage": Garbage, "strange": Strange,
    "trade-types": TradeTypes, "refuse": Refuse, "mishear": Mishear, "ping": Ping,
    "lifetime": Lifetime, "shut-down": ShutDown, "rest": RestTrouble, "use-weight": UseWeight,
    "ban": Ban, "slow-lists": SlowLists, "forget": Forget, "burst": Burst, "delist": Delist,
    "list": List,
}  # fmt: skip

_NAMES = {kind: name for name, kind in KINDS.items()}


def read_fault(name: str, values: dict[str, str]) -> Fault:
    """Return the fault of a name; raise `BadFault` if there is none, or it has no such field."""
    kind = KINDS.get(name)
    if kind is None:
        raise BadFault(f"there is no fault {name!r}; there are: {', '.join(KINDS)}")
    types = get_type_hints(kind)
    if unknown := values.keys() - types.keys():
        has = ", ".join(types)
        raise BadFault(f"{name} has no {', '.join(sorted(unknown))}; it has: {has}")
    read = {field: _value(types[field], field, text) for field, text in values.items()}
    fault: Fault = kind(**read)
    return fault


def parse_fault(text: str) -> Fault:
    """Read a line such as `drop how=1008 connection=2`."""
    name, *pairs = text.split() or [""]
    if wrong := [pair for pair in pairs if "=" not in pair]:
        raise BadFault(f"{wrong[0]!r} is not of the form field=value")
    return read_fault(name, dict(pair.split("=", 1) for pair in pairs))


def write_fault(fault: Fault) -> str:
    """Write a fault as a line, without what is as usual."""
    usual = type(fault)()
    changed = {field.name: getattr(fault, field.name) for field in fields(fault)}
    pairs = (
        f" {name}={_text(value)}" for name, value in changed.items()
        if value != getattr(usual, name)
    )  # fmt: skip
    return _NAMES[type(fault)] + "".join(pairs)


def help_text() -> str:
    """Return one line for each fault and its fields."""
    return "\n".join(
        f"{name:12s} {kind.__doc__}\n{'':12s}   {_fields(kind)}" for name, kind in KINDS.items()
    )


def _fields(kind: type[Any]) -> str:
    return " ".join(f"{field.name}={_text(field.default)}" for field in fields(kind))


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f"{value}"


def _value(kind: type[Any], field: str, text: str) -> object:
    try:
        if kind is bool:
            return {"true": True, "1": True, "false": False, "0": False, "": True}[text.lower()]
        return kind(text)
    except (ValueError, KeyError) as error:
        raise BadFault(f"{field}={text} is not a {kind.__name__}") from error
