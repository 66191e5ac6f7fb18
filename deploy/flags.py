"""Documents that gcloud takes as flags, not as a file. No clock, no disk, no network.

Every field of such a document becomes a flag or is an error, so that none is forgotten in silence.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from deploy.errors import DeployError

SCHEDULE = {
    "description": "--description",
    "schedule": "--schedule",
    "timeZone": "--time-zone",
    "attemptDeadline": "--attempt-deadline",
    "retryConfig.retryCount": "--max-retry-attempts",
    "retryConfig.minBackoffDuration": "--min-backoff",
    "retryConfig.maxBackoffDuration": "--max-backoff",
    "httpTarget.uri": "--uri",
    "httpTarget.httpMethod": "--http-method",
    "httpTarget.oauthToken.serviceAccountEmail": "--oauth-service-account-email",
    "httpTarget.oauthToken.scope": "--oauth-token-scope",
}
BUCKET = {
    "storageClass": "--default-storage-class",
    "iamConfiguration.uniformBucketLevelAccess.enabled": "--uniform-bucket-level-access",
    "iamConfiguration.publicAccessPrevention": "--public-access-prevention",
    "softDeletePolicy.retentionDurationSeconds": "--soft-delete-duration",
}
"""Of a bucket's fields, those that can be changed later; place and name cannot."""
_SWITCHES = {"--uniform-bucket-level-access": True, "--public-access-prevention": "enforced"}
"""Flags without a value, and what the field must say."""
_SECONDS = {"--soft-delete-duration"}


def flags(content: Mapping[str, Any], table: Mapping[str, str], *others: str) -> list[str]:
    """Return the flags of a document; `others` are fields that are handed over another way."""
    words = []
    for path, value in _leaves(content, "", others):
        if path not in table:
            raise DeployError(f"cannot hand {path} over to gcloud: no flag of it is known")
        words.append(_flag(table[path], value))
    return words


def _leaves(
    content: Mapping[str, Any], at: str, others: tuple[str, ...]
) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        path = f"{at}.{name}".lstrip(".")
        if path in others:
            continue
        if isinstance(value, Mapping):
            yield from _leaves(value, path, others)
        else:
            yield path, value


def _flag(flag: str, value: Any) -> str:
    if flag not in _SWITCHES:
        return f"{flag}={value}s" if flag in _SECONDS else f"{flag}={value}"
    if value != _SWITCHES[flag]:
        raise DeployError(f"cannot set {flag} to {value!r}: only {_SWITCHES[flag]!r} is safe here")
    return flag


def cleanup_policies(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the clean-up policies of a repository as gcloud reads them from a file."""
    return [
        {**policy, "name": policy["id"], "action": {"type": policy["action"].capitalize()}}
        for policy in content["cleanupPolicies"].values()
    ]
