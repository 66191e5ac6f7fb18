"""What is kept: the lake, images, sources of builds, the secret. No clock, no network."""

from collections.abc import Iterator

from deploy.access import DEPLOYER
from deploy.flags import BUCKET, cleanup_policies, flags
from deploy.gcloud import NAME, QUIET, Deploy, as_json
from deploy.steps import Ensure, File, Step
from lake.layout import LAKE_FILE


def lake(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the bucket as its document says, with the marker of a lake in it."""
    url, content = deploy.settings.lake, deploy.filled("bucket").content
    words = flags(content, BUCKET, "name", "location", "lifecycle")
    yield deploy.there(
        "bucket", "storage buckets", url, f"--location={content['location']}", *words
    )
    lifecycle = as_json("lifecycle", content["lifecycle"], "--lifecycle-file=")
    yield deploy.run("bucket, as it is to be", "storage buckets update", url, *words, lifecycle)
    key = f"{url}/{LAKE_FILE}"
    yield Ensure(
        LAKE_FILE, deploy.gcloud("storage objects describe", key, NAME),
        deploy.gcloud("storage cp", File(LAKE_FILE, deploy.marker), key, "--if-generation-match=0"),
    )  # fmt: skip


def images(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the repository of images, and lets builds push to it."""
    name, content = deploy.settings.name, deploy.filled("repository").content
    group, about = "artifacts repositories", f"--description={content['description']}"
    yield Ensure(
        "images", deploy.gcloud(f"{group} describe", name, deploy.location, NAME),
        deploy.gcloud(
            f"{group} create", name, deploy.location, about,
            f"--repository-format={content['format'].lower()}",
        ),
        deploy.gcloud(f"{group} update", name, deploy.location, about),
    )  # fmt: skip
    policies = as_json("cleanup", cleanup_policies(content), "--policy=")
    yield deploy.run(
        "images that are kept", f"{group} set-cleanup-policies", name, deploy.location, policies,
        "--no-dry-run",
    )  # fmt: skip
    yield deploy.run(
        "who pushes images", f"{group} add-iam-policy-binding", name, deploy.location,
        f"--member={deploy.member(DEPLOYER)}", "--role=roles/artifactregistry.writer", QUIET,
    )  # fmt: skip


def sources(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the bucket that takes what is sent to a build."""
    yield deploy.there(
        "sources of builds", "storage buckets", deploy.sources, deploy.location,
        "--uniform-bucket-level-access", "--public-access-prevention",
    )  # fmt: skip
    yield deploy.run(
        "who reads the sources", "storage buckets add-iam-policy-binding", deploy.sources,
        f"--member={deploy.member(DEPLOYER)}", "--role=roles/storage.objectViewer", QUIET,
    )  # fmt: skip


def secret(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the secret, if there is to be one; its value comes from a person."""
    name = deploy.settings.api_key_secret
    if name:
        yield deploy.there("secret", "secrets", name, "--replication-policy=automatic")
        yield deploy.run(
            "who reads the secret", "secrets add-iam-policy-binding", name,
            f"--member={deploy.member('collector')}", "--role=roles/secretmanager.secretAccessor",
            QUIET,
        )  # fmt: skip
