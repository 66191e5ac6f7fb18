"""The command line of the deploy: each command plans, then prints or runs what is to be done.

python -m deploy --help
"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy import plan
from deploy.check import complaints, read_deploy
from deploy.documents import SETTINGS
from deploy.errors import DeployError
from deploy.gcloud import Deploy
from deploy.render import Release
from deploy.running import commits_of, image_of
from deploy.shell import asked, run, written
from deploy.steps import Step

app = typer.Typer(
    name="deploy", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None, help="Put collector and aggregator into a Google Cloud project.",
)  # fmt: skip
SettingsFile = Annotated[
    Path, typer.Option("--settings", help="What differs from one deploy to another.")
]
Print = Annotated[
    bool, typer.Option("--print", help="Print the script that would be run, and run nothing.")
]
Commit = Annotated[str | None, typer.Option(help="Whose images.", metavar="SHA")]
Image = Annotated[str | None, typer.Option(help="Its name with digest.", metavar="NAME@sha256:…")]


def main() -> None:
    """Run the program: expected failures are one line and exit code 1."""
    try:
        app()
    except DeployError as error:
        print(f"deploy: {error}", file=sys.stderr)
        raise SystemExit(1) from None


@app.command("set-up")
def set_up(settings: SettingsFile = SETTINGS, only_print: Print = False) -> None:
    """Make everything that the programs need, and change what differs from the documents."""
    _do(plan.set_up(_read(settings)), only_print=only_print)


@app.command("roll-out")
def roll_out(
    commit: Annotated[str, typer.Option(help="Whose images.", metavar="SHA")],
    settings: SettingsFile = SETTINGS,
    collector_image: Image = None,
    aggregator_image: Image = None,
    only_print: Print = False,
) -> None:
    """Put the images of a commit into worker pools and jobs, and start the schedule.

    Without the images' names, the registry is asked for them.
    """
    deploy = _read(settings)
    release = Release(
        commit,
        collector_image or _image(deploy, "collector", commit),
        aggregator_image or _image(deploy, "aggregator", commit),
    )
    _do(plan.roll_out(deploy, release), only_print=only_print)


@app.command("roll-back")
def roll_back(
    commit: Commit = None, settings: SettingsFile = SETTINGS, only_print: Print = False
) -> None:
    """Put the images of an earlier commit into place: the one before, if none is named."""
    deploy = _read(settings)
    before = commit or _commit_before(asked(commits_of(deploy)))
    images = (_image(deploy, program, before) for program in ("collector", "aggregator"))
    _do(plan.roll_out(deploy, Release(before, *images)), only_print=only_print)


@app.command("tear-down")
def tear_down(
    settings: SettingsFile = SETTINGS,
    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="The lake too; say its bucket as well.")
    ] = False,
    bucket: Annotated[
        str | None, typer.Option("--bucket", help="The bucket whose data shall be deleted.")
    ] = None,
    only_print: Print = False,
) -> None:
    """Remove everything but the lake. Data is deleted only if that is said twice.

    Once by --delete-data, and once by the name of the bucket.
    """
    deploy = _read(settings)
    if delete_data != (bucket is not None) or bucket not in {None, deploy.settings.bucket}:
        raise typer.BadParameter(
            "to delete the data too, give --delete-data and, with --bucket, the bucket of the "
            "settings; nothing was removed"
        )
    _do(plan.tear_down(deploy, data=delete_data), only_print=only_print)


def _read(settings: Path) -> Deploy:
    """Return the deploy; refuse one that a check would complain of."""
    deploy = read_deploy(settings)
    wrong = [*complaints(settings=settings)]
    if wrong:
        raise DeployError(f"{'; '.join(wrong)}; mend it")
    return deploy


def _image(deploy: Deploy, program: str, commit: str) -> str:
    found = asked(image_of(deploy, program, commit))
    if len(found) != 1:
        raise DeployError(
            f"cannot find the {program} of {commit}: build it, or name another commit"
        )
    return found[0]


def _commit_before(commits: list[str]) -> str:
    """Return the newest commit that is not the one that runs."""
    for commit in commits:
        if commit != commits[0]:
            return commit
    raise DeployError("cannot roll back: nothing else was rolled out yet; name a --commit")


def _do(steps: list[Step], *, only_print: bool) -> None:
    text = written(steps)
    if only_print:
        print(text, end="")
    else:
        run(text)


if __name__ == "__main__":
    main()
