"""Who there is and what each may do: accounts, custom roles, managed folders. No network."""

from collections.abc import Iterator, Set

from deploy.errors import DeployError
from deploy.gcloud import NAME, QUIET, Deploy, as_yaml
from deploy.roles import PREFIXES, by_prefix
from deploy.steps import FOUND, Ensure, Remove, Step

PROGRAMS = ("collector", "aggregator", "scheduler")
DEPLOYER = "deployer"
DEPLOYER_ROLES = ("roles/cloudscheduler.admin", "roles/logging.logWriter", "roles/run.admin")
"""Of the account that builds and rolls out; it also says who may start the daily job, and when."""


def accounts(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes an account for each program, and one that builds and rolls out."""
    for name in (*PROGRAMS, DEPLOYER):
        email = deploy.settings.account(name)
        short = email.partition("@")[0]
        yield Ensure(
            f"account {short}", deploy.gcloud("iam service-accounts describe", email, NAME),
            deploy.gcloud("iam service-accounts create", short, f"--display-name={short}"),
        )  # fmt: skip
    for role in DEPLOYER_ROLES:
        yield deploy.run(
            f"{DEPLOYER}: {role}", "projects add-iam-policy-binding", deploy.settings.project,
            f"--member={deploy.member(DEPLOYER)}", f"--role={role}", "--condition=None", QUIET,
        )  # fmt: skip
    for program in PROGRAMS:
        yield deploy.run(
            f"{DEPLOYER} acts as {program}", "iam service-accounts add-iam-policy-binding",
            deploy.settings.account(program), f"--member={deploy.member(DEPLOYER)}",
            "--role=roles/iam.serviceAccountUser", QUIET,
        )  # fmt: skip


def no_accounts(deploy: Deploy) -> Iterator[Step]:
    """Yield what removes the accounts, and what the project lets them do."""
    project, member = deploy.settings.project, deploy.member(DEPLOYER)
    yield Remove(
        f"roles of {DEPLOYER}",
        deploy.gcloud(
            "projects get-iam-policy", project, "--flatten=bindings[].members",
            f"--filter=bindings.members={member}", "--format=value(bindings.role)",
        ),
        deploy.gcloud(
            "projects remove-iam-policy-binding", project, f"--member={member}",
            f"--role={FOUND}", "--condition=None", QUIET,
        ),
    )  # fmt: skip
    for name in (*PROGRAMS, DEPLOYER):
        yield deploy.gone(f"account {name}", "iam service-accounts", deploy.settings.account(name))


def custom_roles(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the roles, which hold what our programs need and nothing else."""
    for name in deploy.names("roles"):
        document, role = deploy.filled(f"roles/{name}"), _role(deploy, name)
        file = as_yaml(f"role-{name}", document, "--file=")
        yield deploy.as_said(f"role {role}", "iam roles", role, file, "--quiet", QUIET)


def grants(deploy: Deploy) -> Iterator[Step]:
    """Yield what makes the managed folders of the lake, and gives each role what it needs."""
    lake = deploy.settings.lake
    for prefix in filter(None, PREFIXES):
        yield deploy.there(
            f"managed folder {prefix}", "storage managed-folders", f"{lake}/{prefix}"
        )
    for role in deploy.roles:
        for prefix, permissions in by_prefix(deploy.roles[role]).items():
            group = "managed-folders" if prefix else "buckets"
            yield deploy.run(
                f"{role}: {', '.join(sorted(permissions))} in {lake}/{prefix}",
                f"storage {group} add-iam-policy-binding", f"{lake}/{prefix}" if prefix else lake,
                f"--member={deploy.member(role)}", f"--role={granting(deploy, permissions)}", QUIET,
            )  # fmt: skip


def granting(deploy: Deploy, permissions: Set[str]) -> str:
    """Return the custom role that has exactly these permissions."""
    for name in deploy.names("roles"):
        if set(deploy.documents[f"roles/{name}"].content["includedPermissions"]) == permissions:
            return f"projects/{deploy.settings.project}/roles/{_role(deploy, name)}"
    raise DeployError(
        f"cannot grant {', '.join(sorted(permissions))}: no document in roles/ has exactly that; "
        "add one"
    )


def _role(deploy: Deploy, name: str) -> str:
    return f"{deploy.settings.name.replace('-', '_')}_{name}"
