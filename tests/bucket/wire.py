"""How requests and answers of the JSON API are written: from bytes to dataclasses and back."""

import base64
import gzip
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.utils import formatdate
from typing import Any

from tests.bucket.faults import Refuse
from tests.bucket.store import Conditions, Draft, Object, Page, Refused


@dataclass(frozen=True)
class Answer:
    """A status, headers and a body; the length is added when it is sent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


def as_json(content: Mapping[str, Any], status: int = 200, **headers: str) -> Answer:
    """Return an answer in JSON."""
    kind = {"Content-Type": "application/json; charset=UTF-8"}
    return Answer(status, kind | headers, json.dumps(content).encode())


def refusal(refused: Refused, *, plain: bool = False) -> Answer:
    """Return an error; where bytes were asked for, it is plain text."""
    if refused.status == 304:
        return Answer(304)
    if plain:
        return Answer(refused.status, {"Content-Type": "text/html"}, refused.message.encode())
    error = {"code": refused.status, "message": refused.message}
    return as_json({"error": error}, refused.status)


def refusal_of(fault: Refuse) -> Answer:
    """Return the error that a script asks for."""
    answer = refusal(Refused(fault.status, fault.message))
    if fault.retry_after_s is None:
        return answer
    return Answer(
        answer.status, {**answer.headers, "Retry-After": str(fault.retry_after_s)}, answer.body
    )


def bucket_resource(bucket: str) -> dict[str, Any]:
    """Return a bucket as the JSON API describes it."""
    return {"kind": "storage#bucket", "id": bucket, "name": bucket, "location": "ASIA-NORTHEAST1"}


def listing(bucket: str, page: Page, fields: str) -> dict[str, Any]:
    """Return a page of a listing, with no other fields than were asked for."""
    items = [found.resource(bucket) for found in page.objects]
    wanted = re.search(r"items\(([^)]*)\)", fields)
    if wanted:
        names = wanted[1].split(",")
        items = [{name: item[name] for name in names if name in item} for item in items]
    whole = {"kind": "storage#objects", "items": items, "prefixes": list(page.folders)}
    if page.token:
        whole["nextPageToken"] = base64.b64encode(page.token.encode()).decode()
    if not fields:
        return whole
    tops = re.sub(r"\([^)]*\)", "", fields).split(",")
    return {name: value for name, value in whole.items() if name in tops}


def name_of(token: str) -> str:
    """Return the name after which the next page begins."""
    return base64.b64decode(token).decode()


def conditions(query: Mapping[str, str]) -> Conditions:
    """Read the preconditions of a request."""

    def number(name: str) -> int | None:
        return int(query[name]) if name in query else None

    return Conditions(number("ifGenerationMatch"), number("ifGenerationNotMatch"))


def generation(query: Mapping[str, str]) -> int:
    """Read which generation is asked for; 0 is the newest."""
    return int(query.get("generation", 0))


def draft(query: Mapping[str, str], headers: Message, body: bytes) -> Draft:
    """Read what is to be written, by whatever kind of upload."""
    match query.get("uploadType"):
        case "multipart":
            properties, data = _two_parts(headers["Content-Type"], body)
        case "resumable":
            kind = headers.get("X-Upload-Content-Type", "")
            properties, data = {"contentType": kind, **json.loads(body or b"{}")}, b""
        case _:
            properties, data = {"contentType": headers.get("Content-Type", "")}, body
    name = properties.pop("name", None) or query["name"]
    return Draft(name, data, properties)


def _two_parts(content_type: str, body: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the properties and the data of a multipart body."""
    found = re.search(r"boundary=['\"]?([^'\";]+)", content_type)
    if not found:
        raise Refused(400, "a multipart upload without a boundary")
    _, first, second, _ = body.split(b"--" + found[1].encode(), 3)
    end = b"\r\n" if first.startswith(b"\r\n") else b"\n"  # gcsfs ends its lines like this
    head, _, data = second.partition(end * 2)
    properties = json.loads(first.partition(end * 2)[2])
    kind = re.search(rb"(?i)content-type:\s*([^\r\n]+)", head)
    if kind:
        properties.setdefault("contentType", kind[1].decode())
    return properties, data.removesuffix(end)


@dataclass(frozen=True)
class Part:
    """A part of a resumable upload: its place in the whole, and the checksum of the whole."""

    content_range: str
    data: bytes
    properties: Mapping[str, str]


def part(headers: Message, body: bytes) -> Part:
    """Read a part of a resumable upload."""
    checksum = re.search(r"crc32c=([^,]+)", headers.get("X-Goog-Hash", ""))
    properties = {"crc32c": checksum[1]} if checksum else {}
    return Part(headers.get("Content-Range", ""), body, properties)


def with_another_byte(body: bytes) -> bytes:
    """Return what is uploaded with the last byte of its data changed."""
    end = body.rfind(b"\r\n--", 0, -4)
    last = (end if end >= 0 else len(body)) - 1
    return body[:last] + bytes([body[last] ^ 1]) + body[last + 1 :]


def media(found: Object, wanted: Message) -> Answer:
    """Return the bytes of an object, or the range of them that was asked for."""
    headers, asked = _media_headers(found), wanted.get("Range", "")
    if headers.get("Content-Encoding") == "gzip" and "gzip" not in wanted.get(
        "Accept-Encoding", ""
    ):
        # The real one unpacks it too, and takes no range of it then.
        del headers["Content-Encoding"]
        return Answer(200, headers, gzip.decompress(found.data))
    if not asked:
        return Answer(200, headers, found.data)
    start, end = _bounds(asked, len(found.data))
    if start >= len(found.data):
        raise Refused(416, "The requested range cannot be satisfied.")
    headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(found.data)}"
    return Answer(206, headers, found.data[start:end])


def _bounds(asked: str, size: int) -> tuple[int, int]:
    """Read a range such as `bytes=0-99`, `bytes=100-`, `bytes=-100`."""
    found = re.fullmatch(r"bytes=(\d*)-(\d*)", asked)
    if not found:
        raise Refused(400, f"Invalid range {asked!r}")
    first, last = found.groups()
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _media_headers(found: Object) -> dict[str, str]:
    properties = found.properties
    headers = {
        "Content-Type": str(properties.get("contentType") or "application/octet-stream"),
        "ETag": f'"{found.etag}"',
        "Last-Modified": formatdate(found.updated, usegmt=True),
        "X-Goog-Generation": str(found.generation),
        "X-Goog-Metageneration": "1",
        "X-Goog-Hash": f"crc32c={found.crc32c},md5={found.md5}",
        "X-Goog-Storage-Class": "STANDARD",
        "X-Goog-Stored-Content-Encoding": str(properties.get("contentEncoding") or "identity"),
        "X-Goog-Stored-Content-Length": str(len(found.data)),
    }
    for name, property_ in (
        ("Cache-Control", "cacheControl"),
        ("Content-Encoding", "contentEncoding"),
    ):
        if properties.get(property_):
            headers[name] = str(properties[property_])
    return headers
