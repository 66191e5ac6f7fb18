"""Whether a document is a message of one of Google's interfaces, as these describe themselves.

The descriptions come with Google's client for Python; nothing is asked of the network.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from deploy.documents import Kind
from deploy.errors import DeployError

_PACKAGE = "googleapiclient.discovery_cache.documents"
_FORMATS = {
    "int64": r"-?\d+",
    "uint64": r"\d+",
    "google-duration": r"\d+(\.\d{1,9})?s",
    "date": r"\d{4}-\d{2}-\d{2}",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}
Schema = Mapping[str, Any]


@cache
def messages(api: str) -> Mapping[str, Schema]:
    """Return what an interface says of its messages; raise `DeployError` if it is not installed."""
    try:
        text = files(_PACKAGE).joinpath(f"{api}.json").read_text(encoding="utf-8")
    except (ImportError, OSError) as error:
        raise DeployError(
            f"cannot check against {api}: google-api-python-client is not installed; run make setup"
        ) from error
    found: Mapping[str, Schema] = json.loads(text)["schemas"]
    return found


def problems(kind: Kind, content: object) -> Iterator[str]:
    """Yield what is wrong with a document: unknown fields, wrong types, words that are none."""
    known = messages(kind.api)
    yield from _problems(known, known[kind.message], content, "")


def _problems(known: Mapping[str, Schema], schema: Schema, value: Any, at: str) -> Iterator[str]:
    schema = known[schema["$ref"]] if "$ref" in schema else schema
    kind = schema.get("type", "any")
    if kind == "any":
        return
    if not _is(schema, value):
        yield f"{at or 'it'}: {value!r} is no {_called(schema)}"
    elif kind == "object":
        yield from _in_object(known, schema, value, at)
    elif kind == "array":
        for number, each in enumerate(value):
            yield from _problems(known, schema["items"], each, f"{at}[{number}]")
    else:
        yield from _in_text(schema, value, at)


def _is(schema: Schema, value: object) -> bool:
    """Tell whether a value is of the type; large integers may be written as text or as numbers."""
    if schema["type"] == "string" and schema.get("format") in {"int64", "uint64"}:
        return type(value) in {str, int}
    return type(value) in _TYPES[schema["type"]]


def _called(schema: Schema) -> str:
    return f"{schema['type']} {schema.get('format', '')}".strip()


def _in_object(
    known: Mapping[str, Schema], schema: Schema, value: Mapping[str, Any], at: str
) -> Iterator[str]:
    fields, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, each in value.items():
        place = f"{at}.{name}".lstrip(".")
        if name not in fields and others is None:
            yield f"{place}: there is no such field{_meant(str(name), [*fields])}"
        elif name in fields and _is_output(fields[name]):
            yield f"{place}: only Google writes this field"
        else:
            yield from _problems(known, fields.get(name, others), each, place)


def _is_output(schema: Schema) -> bool:
    return bool(schema.get("readOnly")) or schema.get("description", "").startswith("Output only")


def _in_text(schema: Schema, value: object, at: str) -> Iterator[str]:
    words, pattern = schema.get("enum"), _FORMATS.get(schema.get("format", ""))
    if words and value not in words:
        yield f"{at}: {value!r} is none of {', '.join(words)}"
    if pattern and not re.fullmatch(pattern, str(value)):
        yield f"{at}: {value!r} is no {schema['format']}"


def _meant(name: str, fields: Sequence[str]) -> str:
    close = get_close_matches(name, fields, 1)
    return f"; did you mean {close[0]}?" if close else ""
