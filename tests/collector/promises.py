"""What the tests of promises have in common: an empty lake, and the judge's word."""

import secrets
from pathlib import Path

from lake.open import open_lake
from tests.bucket import BucketServer
from tests.exchange import Exchange, Terms, Verdict, ledger_equals_lake


def empty_lake(bucket: BucketServer) -> str:
    """Return the address of an empty bucket, of a server that is well."""
    name = f"lake-{secrets.token_hex(4)}"
    bucket.script.forget()
    bucket.latency_s = 0
    bucket.store.create_bucket(name)
    return f"gs://{name}"


def judged(exchange: Exchange, lake: str | Path, terms: Terms | None = None) -> Verdict:
    """Return the verdict over a lake; it has to be good."""
    verdict = ledger_equals_lake(exchange.ledger, open_lake(str(lake)), terms)
    assert verdict.good, str(verdict)
    return verdict
