"""What is wrong with filled documents beyond the form of their fields. No clock, no network.

The descriptions of Google's interfaces know fields and types. They do not know what a unit of
memory is, which options our programs have, or that an alert must watch a metric that exists.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from deploy.documents import Document
from deploy.programs import environment_of, usage_problem
from deploy.render import BY_DIGEST
from deploy.schema import messages
from deploy.sizing import DISK_SHARE, job_bytes, outage_minutes, size, spool_bytes

_RUN_VERSION = "run.googleapis.com/v1"
_LABELS = {"app", "commit", "shards", "cloud.googleapis.com/location"}
_MEMORY_OF_CPU = {"1": (0.5, 4), "2": (0.5, 8), "4": (2, 16), "6": (4, 24), "8": (4, 32)}
"""GiB that Cloud Run lets a container have, by its processors."""
_LEAST_DAYS, _LEAST_SOFT_S = 30, 7 * 86_400
_LONGEST_LOOK_S = 90_000
_CRON = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FIELD = r"(?:resource\.type|resource\.labels\.\w+|severity|jsonPayload\.\w+)"
_COMPARISON = rf'{_FIELD}(?:=~|>=|=|>)(?:"[^"]+"|[A-Z0-9.]+)'
_LINE = re.compile(rf"{_COMPARISON}|\({_COMPARISON}(?: OR {_COMPARISON})+\)")
_REGEX = re.compile(r'=~"([^"]+)"')
_METRIC = re.compile(
    r'metric\.type="logging\.googleapis\.com/user/([^"]+)"\nresource\.type="(\w+)"'
)


def container_of(document: Document) -> Mapping[str, Any]:
    """Return the one container of a worker pool or job."""
    found: Mapping[str, Any] = _pod(document)["containers"][0]
    return found


def _pod(document: Document) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = document.content["spec"]["template"]["spec"]
    return spec if document.kind.message == "WorkerPool" else spec["template"]["spec"]


def of_run(document: Document) -> Iterator[str]:
    """Yield what is wrong with a worker pool or a job."""
    content, container = document.content, container_of(document)
    said = (content.get("apiVersion"), content.get("kind"))
    if said != (_RUN_VERSION, document.kind.message):
        yield f"apiVersion and kind are {said}, not {(_RUN_VERSION, document.kind.message)}"
    if len(_pod(document)["containers"]) != 1:
        yield "it has not one container"
    if not re.fullmatch(BY_DIGEST, container.get("image", "")):
        yield f"image: {container.get('image')!r} is not named by its digest"
    if "serviceAccountName" not in _pod(document):
        yield "serviceAccountName is missing: it would run as the project's default account"
    yield from _of_labels(content)
    yield from _of_annotations(content)
    yield from _of_resources(container.get("resources", {}))
    yield from _of_program(container, "collector" if "collector" in document.name else "aggregator")


def _of_labels(content: Mapping[str, Any]) -> Iterator[str]:
    for at in (content, content["spec"]["template"]):
        for name in at.get("metadata", {}).get("labels", {}):
            if name not in _LABELS:
                yield f"labels: {name!r} is none of {', '.join(sorted(_LABELS))}"


def _of_annotations(content: Mapping[str, Any]) -> Iterator[str]:
    known = messages("run.v1")["ObjectMeta"]["properties"]["annotations"]["description"]
    for at in (content, content["spec"]["template"]):
        for name in at.get("metadata", {}).get("annotations", {}):
            if f"`{name}`" not in known:
                yield f"annotations: Cloud Run knows no {name!r}"


def _of_resources(resources: Mapping[str, Any]) -> Iterator[str]:
    limits = resources.get("limits", {})
    if set(resources) != {"limits"} or set(limits) != {"cpu", "memory"}:
        yield "resources: cpu and memory must be limited, and nothing else"
    elif limits["cpu"] not in _MEMORY_OF_CPU:
        yield f"cpu: {limits['cpu']!r} is none of {', '.join(_MEMORY_OF_CPU)}"
    elif not re.fullmatch(r"\d+(Mi|Gi)", limits["memory"]):
        yield f"memory: {limits['memory']!r} is no size; write it as 512Mi or 2Gi"
    else:
        least, most = _MEMORY_OF_CPU[limits["cpu"]]
        if not least <= size(limits["memory"]) / size("1Gi") <= most:
            yield f"memory: {limits['cpu']} processors take from {least:g} to {most:g} Gi"


def _of_program(container: Mapping[str, Any], program: str) -> Iterator[str]:
    wrong = usage_problem(program, container.get("args", []))
    if wrong:
        yield f"args: {wrong}"
    for variable in container.get("env", []):
        if variable.get("name") not in environment_of(program):
            yield f"env: {program} reads no {variable.get('name')!r}"
        if len({"value", "valueFrom"} & set(variable)) != 1:
            yield f"env: {variable.get('name')} must have one of value and valueFrom"


def of_pool(document: Document, symbols: int, minutes: int) -> Iterator[str]:
    """Yield what is wrong with a collector's disk, for so many symbols and minutes of outage."""
    pod, container = _pod(document), container_of(document)
    options = dict(word.removeprefix("--").partition("=")[::2] for word in container["args"])
    mounts = {each.get("mountPath"): each.get("name") for each in container.get("volumeMounts", [])}
    volumes = {each.get("name"): each.get("emptyDir", {}) for each in pod.get("volumes", [])}
    disk = volumes.get(mounts.get(options.get("spool")))
    if not disk or disk.get("medium") != "Disk":
        yield f"the spool {options.get('spool')} lies on no disk: it would take memory"
        return
    room, limit = size(disk["sizeLimit"]), size(options["spool-limit"])
    if room < size("10Gi"):
        yield f"sizeLimit: {disk['sizeLimit']} is less than Cloud Run's least disk, 10Gi"
    if limit > DISK_SHARE * room:
        yield f"--spool-limit={options['spool-limit']} does not fit on {disk['sizeLimit']}"
    if limit < spool_bytes(symbols, minutes):
        yield (
            f"--spool-limit={options['spool-limit']} takes {symbols} symbols for "
            f"{outage_minutes(symbols, limit)} minutes, not {minutes}; give it more, or more shards"
        )


def of_job(document: Document) -> Iterator[str]:
    """Yield what is wrong with a job's tasks."""
    spec = document.content["spec"]["template"]["spec"]
    task, limits = spec["template"]["spec"], container_of(document)["resources"]["limits"]
    seconds = int(task.get("timeoutSeconds", 600))
    if "timeoutSeconds" not in task or not 3600 <= seconds <= 168 * 3600:
        yield f"timeoutSeconds: {seconds} is not from an hour to a week"
    if "maxRetries" not in task or not 0 <= task["maxRetries"] <= 10:
        yield "maxRetries: it is not from 0 to 10"
    if spec.get("taskCount") != 1:
        yield "taskCount: it is not 1; an execution says how many"
    if size(limits["memory"]) < job_bytes(int(limits["cpu"])):
        yield f"memory: {limits['memory']} is too little for {limits['cpu']} busy days at once"


def of_schedule(document: Document) -> Iterator[str]:
    """Yield what is wrong with the schedule."""
    content = document.content
    if content["name"] != _job_of(content):
        yield f"name: {content['name']!r} is not that of the job that it starts"
    zone, uri = content["timeZone"], content["httpTarget"]["uri"]
    if zone not in available_timezones():
        yield f"timeZone: {zone!r} is none"
    yield from _of_cron(content["schedule"])
    if not re.fullmatch(
        r"https://run\.googleapis\.com/v2/projects/[^/]+/locations/[^/]+/jobs/[^/]+:run", uri
    ):
        yield f"uri: {uri!r} starts no job of Cloud Run"
    if set(content.get("httpTarget", {}).get("oauthToken", {})) != {"serviceAccountEmail", "scope"}:
        yield "oauthToken: account and scope are needed"


def _job_of(content: Mapping[str, Any]) -> str:
    return str(content["httpTarget"]["uri"]).rpartition("/")[2].removesuffix(":run")


def _of_cron(schedule: str) -> Iterator[str]:
    fields = schedule.split()
    if len(fields) != len(_CRON):
        yield f"schedule: {schedule!r} has not five fields"
    for field, (least, most) in zip(fields, _CRON, strict=False):
        numbers = [int(number) for number in re.findall(r"\d+", field)]
        if not re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?(,\d+(-\d+)?)*", field) or any(
            not least <= number <= most for number in numbers
        ):
            yield f"schedule: {field!r} in {schedule!r} is not from {least} to {most}"


def of_bucket(document: Document) -> Iterator[str]:
    """Yield what is wrong with the bucket."""
    content = document.content
    if content.get("location", "").startswith("us"):
        yield f"location: from {content['location']} the exchange answers HTTP 451"
    if int(content["softDeletePolicy"]["retentionDurationSeconds"]) < _LEAST_SOFT_S:
        yield "softDeletePolicy: what is deleted must be there for a week"
    for rule in content.get("lifecycle", {}).get("rule", []):
        prefixes = rule.get("condition", {}).get("matchesPrefix", [])
        if rule.get("action") != {"type": "Delete"} or set(rule.get("condition", {})) != {
            "age",
            "matchesPrefix",
        }:
            yield f"lifecycle: {rule} is not: delete, by age, below a prefix"
        if rule.get("condition", {}).get("age", 0) < _LEAST_DAYS:
            yield f"lifecycle: {rule} deletes what is younger than {_LEAST_DAYS} days"
        if len(prefixes) != 1 or not {*prefixes} <= {"raw/", "journal/"}:
            yield f"lifecycle: {prefixes} is not raw/ or journal/: nothing else may expire"


def of_repository(document: Document) -> Iterator[str]:
    """Yield what is wrong with the repository of images."""
    for name, policy in document.content["cleanupPolicies"].items():
        if policy.get("id") != name:
            yield f"cleanupPolicies: {name} has the id {policy.get('id')!r}"


def of_channel(document: Document) -> Iterator[str]:
    """Yield what is wrong with how somebody is told."""
    content = document.content
    if content["type"] != "email" or set(content["labels"]) != {"email_address"}:
        yield "it is no email channel with an email_address"


def of_metric(document: Document) -> Iterator[str]:
    """Yield what is wrong with a metric: its filter must be lines that all have to be true.

    A line is a comparison, or several of which one has to be true: `(A OR B)`.
    """
    if set(document.content) != {"name", "description", "filter"}:
        yield "it must have name, description and filter, and nothing else"
    for line in document.content.get("filter", "").split("\n"):
        if not _LINE.fullmatch(line):
            yield f"filter: {line!r} is no comparison that a test can try on our log"
        for text in _REGEX.findall(line):
            yield from _of_regex(text)


def _of_regex(text: str) -> Iterator[str]:
    try:
        re.compile(text)
    except re.error as error:
        yield f"filter: {text} is no regular expression: {error}"


def of_alert(document: Document, metrics: Mapping[str, Document]) -> Iterator[str]:
    """Yield what is wrong with an alert; `metrics` are those there are, by name."""
    content = document.content
    if set(content.get("userLabels", {})) != {"app"}:
        yield "userLabels: it must have app, and nothing else"
    if not content.get("conditions") or "documentation" not in content:
        yield "it has no condition, or does not say what to do"
    for condition in content.get("conditions", []):
        yield from _of_condition(condition.get("conditionThreshold", {}), metrics)


def _of_condition(threshold: Mapping[str, Any], metrics: Mapping[str, Document]) -> Iterator[str]:
    found = _METRIC.fullmatch(threshold.get("filter", ""))
    if not found or found[1] not in metrics:
        yield f"filter: {threshold.get('filter')!r} names no metric that there is"
    elif f'resource.type="{found[2]}"' not in metrics[found[1]].content["filter"]:
        yield f"filter: {found[1]} is not counted on {found[2]}"
    needed = {"filter", "aggregations", "comparison", "thresholdValue", "duration"}
    if needed - set(threshold):
        yield f"conditionThreshold: {', '.join(sorted(needed - set(threshold)))} missing"
        return
    seconds = int(threshold["duration"].rstrip("s"))
    if seconds % 60 or ("evaluationMissingData" in threshold and seconds < 60):
        yield "duration: it is whole minutes, and not 0 where missing data counts"
    for aggregation in threshold["aggregations"]:
        yield from _of_aggregation(aggregation)
        if int(aggregation["alignmentPeriod"].rstrip("s")) + seconds > _LONGEST_LOOK_S:
            yield "alignmentPeriod and duration: together they are more than 25 hours"


def _of_aggregation(aggregation: Mapping[str, Any]) -> Iterator[str]:
    needed = {"alignmentPeriod", "perSeriesAligner", "crossSeriesReducer", "groupByFields"}
    if set(aggregation) != needed:
        yield f"aggregations: it must have {', '.join(sorted(needed))}"
    elif not 60 <= int(aggregation["alignmentPeriod"].rstrip("s")) <= 90_000:
        yield "alignmentPeriod: it is not from a minute to 25 hours"
    elif any(not re.fullmatch(r"resource\.label\.(worker_pool_name|job_name)", name)
             for name in aggregation["groupByFields"]):  # fmt: skip
        yield f"groupByFields: {aggregation['groupByFields']} is no name of a pool or job"


def required(document: Document) -> Sequence[str]:
    """Return the fields that a document of its kind cannot do without."""
    return _REQUIRED.get(document.kind.message, ())


_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "LogMetric": ("name", "description", "filter"),
    "Bucket": (
        "name",
        "location",
        "storageClass",
        "iamConfiguration",
        "softDeletePolicy",
        "lifecycle",
    ),
    "Repository": ("name", "description", "format", "cleanupPolicies"),
    "NotificationChannel": ("displayName", "type", "labels"),
    "Role": ("title", "description", "stage", "includedPermissions"),
    "AlertPolicy": ("displayName", "severity", "combiner", "conditions", "documentation"),
}
