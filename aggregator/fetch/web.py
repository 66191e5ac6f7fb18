"""Polite requests: few connections, the pauses that are asked for, and parts that go on."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self

import requests
import urllib3
from requests.adapters import HTTPAdapter

from aggregator.fetch.answers import Meaning, holds_for_all, meaning, retry_after_s
from aggregator.fetch.patience import FetchError, Passing, Patience, patiently
from aggregator.fetch.pause import Pause
from lake.stopping import ENDING

_BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError)
_NO_ADDRESS = (
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
_PIECE = 1 << 16
_WORTH_BYTES = 1 << 20
"""An attempt that brought so much was not for nothing."""
_MOST_WORDS = 200
_LONGEST_TEXT = 1 << 16
CONNECTIONS = 4


class Web:
    """A client of one archive; threads may share it. Failures are `FetchError`s.

    `told` hears in one line of what is asked again, `received` of the number of bytes that came.
    """

    def __init__(
        self,
        *,
        connections: int = CONNECTIONS,
        patience: Patience | None = None,
        told: Callable[[str], None] = lambda _: None,
        received: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._patience, self._pause = patience or Patience(), Pause()
        self._told, self._received = told, received
        self._session = requests.Session()
        # A range of what is compressed on the way would be a range of something else.
        self._session.headers["Accept-Encoding"] = "identity"
        self._session.headers["User-Agent"] = f"flowlake/{version('flowlake')}"
        # Whoever finds all connections in use waits for one.
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=connections, pool_block=True)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._session.close()

    def text(self, url: str) -> bytes | None:
        """Return a small file; None if the archive says that it has none."""
        return patiently(lambda: self._text(url), url, self._patience, self._told)

    def has(self, url: str) -> bool:
        """Tell whether the archive has a file."""
        return patiently(lambda: self._has(url), url, self._patience, self._told)

    def download(self, url: str, path: Path) -> bool:
        """Bring a file to a path, going on where it is cut; False if the archive has none."""
        path.unlink(missing_ok=True)
        part = _Part(path)
        try:
            return patiently(lambda: self._download(url, part), url, self._patience, self._told)
        except OSError as error:
            raise FetchError(
                f"cannot set {url} down as {path}: {error.strerror}; free some space, or name "
                "another folder in TMPDIR, and run again"
            ) from error

    def _text(self, url: str) -> bytes | None:
        with self._answer("GET", url, {}) as answer:
            if _judged(url, answer) is Meaning.ABSENT:
                return None
            text = b""
            # Only what is read to its end tells whether it was cut.
            while len(text) <= _LONGEST_TEXT and (piece := answer.raw.read1(_PIECE)):
                text += piece
        if len(text) > _LONGEST_TEXT:
            raise FetchError(f"cannot get {url}: its answer is no small file; check the address")
        self._received(len(text))
        return text

    def _has(self, url: str) -> bool:
        with self._answer("HEAD", url, {}) as answer:
            return _judged(url, answer) is not Meaning.ABSENT

    def _download(self, url: str, part: "_Part") -> bool:
        with self._answer("GET", url, part.asks()) as answer:
            match _judged(url, answer):
                case Meaning.ABSENT:
                    return False
                case Meaning.NO_SUCH_RANGE:
                    part.forget()
                    raise Passing("what we have of it is no part of what is there now")
                case found:
                    part.begin(answer, goes_on=found is Meaning.PART)
                    self._pour(answer, part)
        return True

    def _pour(self, answer: requests.Response, part: "_Part") -> None:
        """Write the answer down as it comes; raise `Passing` if it is cut or all but stands."""
        pace = _Pace(self._patience)
        with part.path.open("ab") as file:
            try:
                while piece := answer.raw.read1(_PIECE):
                    if ENDING.is_set():
                        raise Passing("stopped")
                    file.write(piece)
                    self._received(len(piece))
                    pace.note(len(piece))
            except (*_BROKEN, Passing) as error:
                brought = pace.all_bytes >= _WORTH_BYTES
                raise Passing(_said(error), brought=brought) from error

    @contextmanager
    def _answer(
        self, method: str, url: str, headers: dict[str, str]
    ) -> Iterator[requests.Response]:
        """Give the answer to one request; raise `Passing` if there is none, or not now."""
        self._pause.wait()
        try:
            with self._session.request(
                method, url, headers=headers, stream=True, timeout=self._patience.timeout_s
            ) as answer:
                self._heed(answer)
                yield answer
        except _NO_ADDRESS as error:
            raise FetchError(f"cannot get {url}: {_said(error)}; check the address") from error
        except _BROKEN as error:
            raise Passing(_said(error)) from error

    def _heed(self, answer: requests.Response) -> None:
        """Raise `Passing` if the archive says: later."""
        if meaning(answer.status_code) is not Meaning.LATER:
            return
        wait_s = retry_after_s(answer.headers, datetime.now(UTC)) or 0.0
        if holds_for_all(answer.status_code) and wait_s <= self._patience.longest_pause_s:
            self._pause.extend(wait_s)
        asked = f", wait {wait_s:.0f} s" if wait_s else ""
        raise Passing(f"HTTP {answer.status_code} {answer.reason}{asked}", wait_s=wait_s)


class _Part:
    """As much of a file as has come, and which version of the file it is of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._tag = ""

    def asks(self) -> dict[str, str]:
        """Return the headers that ask for the rest of the same version; none for all of it."""
        have = self.path.stat().st_size if self._tag and self.path.exists() else 0
        return {"Range": f"bytes={have}-", "If-Range": self._tag} if have else {}

    def begin(self, answer: requests.Response, *, goes_on: bool) -> None:
        """Take note of an answer: the rest, or the whole from its start."""
        if not goes_on:
            self.forget()
        tag = answer.headers.get("ETag", "")
        # A weak tag promises no equal bytes.
        self._tag = "" if tag.startswith("W/") else tag

    def forget(self) -> None:
        """Start again."""
        self.path.unlink(missing_ok=True)
        self._tag = ""


class _Pace:
    """Bytes that came, and whether they come fast enough to be worth the wait."""

    def __init__(self, limits: Patience) -> None:
        self._limits = limits
        self.all_bytes = 0
        self._window_bytes, self._window_s = 0, time.monotonic()

    def note(self, count: int) -> None:
        self.all_bytes += count
        self._window_bytes += count
        now_s = time.monotonic()
        if now_s - self._window_s < self._limits.window_s:
            return
        if self._window_bytes < self._limits.least_bytes:
            raise Passing(f"only {self._window_bytes} bytes in {self._limits.window_s:.0f} s")
        self._window_bytes, self._window_s = 0, now_s


def _judged(url: str, answer: requests.Response) -> Meaning:
    """Return what the answer means; raise `FetchError` if it is final and no file."""
    found = meaning(answer.status_code)
    if found is Meaning.NEVER:
        raise FetchError(
            f"cannot get {url}: HTTP {answer.status_code} {answer.reason}; check the address, "
            "and whether the archive lets this place in"
        )
    return found


def _said(error: BaseException) -> str:
    """Return in one line what went wrong at the bottom of it."""
    inside = (getattr(error, "reason", None), *reversed(error.args))
    inner = next((each for each in inside if isinstance(each, Exception)), None)
    if inner:
        return _said(inner)
    words = " ".join(str(error).split())[:_MOST_WORDS]
    return words or type(error).__name__
