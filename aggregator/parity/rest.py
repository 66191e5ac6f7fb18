"""Klines over REST, politely: within the weight of the address, and never against a refusal."""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from types import TracebackType
from typing import Self
from urllib.parse import urlencode

import requests

from aggregator.fetch.answers import Meaning, meaning, retry_after_s
from aggregator.fetch.patience import FetchError, Passing, Patience, patiently
from aggregator.fetch.pause import Pause
from aggregator.utc import DAY_MS
from lake.stopping import ENDING

REST_URL = "https://fapi.binance.com"
_PATH = "/fapi/v1/klines"
_MOST_KLINES = 1_500
MOST_WEIGHT = 1_200
"""Of the 2,400 a minute that all programs behind one address share: a collector needs some."""

_WEIGHT = "X-MBX-USED-WEIGHT-1M"
_WAITS_S = {429: 60.0, 418: 120.0}
"""Where a refusal does not say how long it holds."""
_MOST_WORDS = 200


class Rest:
    """A client of the exchange's klines. Failures are `FetchError`s, after some patience."""

    def __init__(
        self,
        base_url: str,
        *,
        patience: Patience | None = None,
        told: Callable[[str], None] = lambda _: None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._base, self._patience, self._told = base_url.rstrip("/"), patience or Patience(), told
        self._pause, self._now = Pause(), now
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"flowlake/{version('flowlake')}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._session.close()

    def klines(self, symbol: str, start_ms: int) -> tuple[str, bytes]:
        """Return the address of a day's klines and the answer; minutes that go on are not asked."""
        end_ms = min(start_ms + DAY_MS, int(self._now()) // 60 * 60_000) - 1
        asked = {
            "symbol": symbol, "interval": "1m", "startTime": start_ms, "endTime": end_ms,
            "limit": _MOST_KLINES,
        }  # fmt: skip
        url = f"{self._base}{_PATH}?{urlencode(asked)}"
        if end_ms < start_ms:
            return url, b"[]"
        return url, patiently(lambda: self._get(url), url, self._patience, self._told)

    def _get(self, url: str) -> bytes:
        self._pause.wait()
        if ENDING.is_set():
            raise Passing("stopped")
        try:
            answer = self._session.get(url, timeout=self._patience.timeout_s)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema,
                requests.exceptions.MissingSchema) as error:  # fmt: skip
            raise FetchError(f"cannot get {url}: {error}; check --rest-url") from error
        except requests.RequestException as error:
            raise Passing(" ".join(str(error).split())[:_MOST_WORDS]) from error
        self._heed_weight(answer.headers)
        return self._content(url, answer)

    def _heed_weight(self, headers: Mapping[str, str]) -> None:
        """Ask for nothing until the next minute of the clock if this one's weight is used."""
        used = headers.get(_WEIGHT, "")
        if used.isdecimal() and int(used) >= MOST_WEIGHT:
            self._pause.extend(60 - self._now() % 60)

    def _content(self, url: str, answer: requests.Response) -> bytes:
        match meaning(answer.status_code):
            case Meaning.WHOLE:
                return answer.content
            case Meaning.LATER:
                raise self._later(answer)
            case _:
                words = " ".join(answer.text.split())[:_MOST_WORDS]
                raise FetchError(
                    f"cannot get {url}: HTTP {answer.status_code} {words}; check the symbol and "
                    "--rest-url, or take the archive's klines"
                )

    def _later(self, answer: requests.Response) -> Passing:
        asked_s = retry_after_s(answer.headers, datetime.now(UTC))
        wait_s = _WAITS_S.get(answer.status_code, 0.0) if asked_s is None else asked_s
        if wait_s <= self._patience.longest_pause_s:
            self._pause.extend(wait_s)
        return Passing(f"HTTP {answer.status_code} {answer.reason}", wait_s=wait_s)
