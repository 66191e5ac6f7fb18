"""What differs from one deploy to another. No clock, no network."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from deploy.errors import DeployError

_BUCKET = r"[a-z0-9][a-z0-9_-]{1,53}[a-z0-9]"
"""With `-sources` behind it at most 63 characters."""
_PATTERNS = {
    "project": r"[a-z][a-z0-9-]{4,28}[a-z0-9]",
    "region": r"[a-z]+-[a-z]+\d",
    "bucket": _BUCKET,
    # With `-aggregator` behind it at most 30 characters: an account has no more.
    "name": r"[a-z][a-z0-9-]{0,17}[a-z0-9]",
    "symbols": r"all|[^\s,]+(,[^\s,]+)*",
    "collector_memory": r"\d+(Mi|Gi)",
    "daily_memory": r"\d+(Mi|Gi)",
    "backfill_memory": r"\d+(Mi|Gi)",
    "spool_disk": r"\d+Gi",
    "spool_limit": r"\d+(MiB|GiB)",
    "api_key_secret": r"[A-Za-z0-9_-]{0,255}",
    "analysts": r"[^@\s]+@[^@\s]+",
    "alert_email": r"[^@\s]+@[^@\s]+",
}
_RANGES = {
    "symbol_count": (1, 2000),
    "shards": (1, 32),
    "instances": (1, 4),
    "collector_cpu": (1, 8),
    "outage_minutes": (10, 10_000),
    "daily_cpu": (1, 8),
    "backfill_cpu": (1, 8),
    "raw_days": (30, 36_500),
    "soft_delete_days": (7, 90),
    "degraded_percent": (0, 50),
}


@dataclass(frozen=True)
class Settings:
    """One deploy; the comments of `settings.yaml` say what each means."""

    project: str
    region: str
    bucket: str
    name: str
    symbols: str
    symbol_count: int
    shards: int
    instances: int
    collector_cpu: int
    collector_memory: str
    spool_disk: str
    spool_limit: str
    outage_minutes: int
    api_key_secret: str
    daily_cpu: int
    daily_memory: str
    backfill_cpu: int
    backfill_memory: str
    raw_days: int
    soft_delete_days: int
    analysts: str
    alert_email: str
    degraded_percent: float

    @property
    def lake(self) -> str:
        """Return the address of the lake."""
        return f"gs://{self.bucket}"

    @property
    def repository(self) -> str:
        """Return where the images are."""
        return f"{self.region}-docker.pkg.dev/{self.project}/{self.name}"

    def account(self, program: str) -> str:
        """Return the address of a program's service account."""
        return f"{self.name}-{program}@{self.project}.iam.gserviceaccount.com"

    def values(self) -> dict[str, str | int]:
        """Return what the placeholders of a document stand for."""
        same = {name.upper(): value for name, value in asdict(self).items()}
        return same | {
            "LAKE_URL": self.lake,
            "INSTANCES": str(self.instances),
            "SHARDS": str(self.shards),
            "COLLECTOR_CPU": str(self.collector_cpu),
            "DAILY_CPU": str(self.daily_cpu),
            "BACKFILL_CPU": str(self.backfill_cpu),
            "JOURNAL_DAYS": self.raw_days + 31,
            "SOFT_DELETE_SECONDS": self.soft_delete_days * 86_400,
            "COLLECTOR_ACCOUNT": self.account("collector"),
            "AGGREGATOR_ACCOUNT": self.account("aggregator"),
            "SCHEDULER_ACCOUNT": self.account("scheduler"),
        }


def parse_settings(content: object, place: str) -> Settings:
    """Read settings; raise `DeployError` that names all that is wrong with them."""
    if not isinstance(content, Mapping):
        raise DeployError(f"cannot read {place}: it holds no settings; restore it")
    wrong = [*_wrong_names(content), *_wrong_values(content)]
    if wrong:
        raise DeployError(f"cannot read {place}: {'; '.join(wrong)}; mend it")
    return Settings(**content)


def _wrong_names(content: Mapping[str, Any]) -> list[str]:
    known = {field.name for field in fields(Settings)}
    unknown = [f"there is no setting {name!r}" for name in content if name not in known]
    return unknown + [f"{name} is missing" for name in sorted(known - content.keys())]


def _wrong_values(content: Mapping[str, Any]) -> list[str]:
    wrong = []
    for name, pattern in _PATTERNS.items():
        value = content.get(name, "")
        if name in content and not (isinstance(value, str) and re.fullmatch(pattern, value)):
            wrong.append(f"{name}: {value!r} does not match {pattern}")
    for name, (least, most) in _RANGES.items():
        value = content.get(name, least)
        numbers = (int, float) if name == "degraded_percent" else (int,)
        if type(value) not in numbers or not least <= value <= most:
            wrong.append(f"{name}: {value!r} is no number from {least} to {most}")
    return wrong
