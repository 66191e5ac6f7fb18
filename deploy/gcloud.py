"""Commands of gcloud for one deploy, and what they are told. No clock, no network."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from deploy.documents import Document, dump
from deploy.render import fill
from deploy.roles import Roles
from deploy.settings import Settings
from deploy.steps import Command, Ensure, File, Remove, Run

NAME, QUIET = "--format=value(name)", "--format=none"
META_NAME = "--format=value(metadata.name)"
"""Of what Cloud Run has."""


@dataclass(frozen=True)
class Deploy:
    """One deploy: its settings, documents and roles; `marker` is the text of `lake.json`."""

    settings: Settings
    documents: Mapping[str, Document]
    roles: Roles
    marker: str

    def filled(self, name: str) -> Document:
        """Return a document that needs no release."""
        return fill(self.documents[name], self.settings.values())

    def names(self, folder: str) -> list[str]:
        """Return the documents of a folder, by their names in it."""
        inside = (name.partition(f"{folder}/") for name in self.documents)
        return [name for before, slash, name in inside if slash and not before]

    def gcloud(self, verb: str, *words: str | File) -> Command:
        """Return a command in this deploy's project."""
        return ("gcloud", *verb.split(), *words, f"--project={self.settings.project}")

    def run(self, title: str, verb: str, *words: str | File) -> Run:
        """Return a step of one command."""
        return Run(title, self.gcloud(verb, *words))

    def there(self, title: str, group: str, name: str, *words: str | File) -> Ensure:
        """Return a step that creates what has a name, and changes nothing if it is there."""
        find = self.gcloud(f"{group} describe", name, NAME)
        return Ensure(title, find, self.gcloud(f"{group} create", name, *words))

    def as_said(self, title: str, group: str, name: str, *words: str | File) -> Ensure:
        """Return a step that creates what has a name, or gives it what the words say."""
        find = self.gcloud(f"{group} describe", name, NAME)
        create, update = (
            self.gcloud(f"{group} {verb}", name, *words) for verb in ("create", "update")
        )
        return Ensure(title, find, create, update)

    def gone(self, title: str, group: str, name: str, *where: str, printed: str = NAME) -> Remove:
        """Return a step that deletes what has a name, if it is there."""
        find = self.gcloud(f"{group} describe", name, *where, printed)
        return Remove(title, find, self.gcloud(f"{group} delete", name, *where, "--quiet"))

    def emptied(self, title: str, bucket: str) -> Remove:
        """Return a step that deletes a bucket with all that is in it."""
        find = self.gcloud("storage buckets describe", bucket, NAME)
        return Remove(title, find, self.gcloud("storage rm", bucket, "--recursive"))

    @property
    def region(self) -> str:
        """Return the place as Cloud Run is told it."""
        return f"--region={self.settings.region}"

    @property
    def location(self) -> str:
        """Return the place as all others are told it."""
        return f"--location={self.settings.region}"

    @property
    def sources(self) -> str:
        """Return the bucket that takes the sources of a build."""
        return f"{self.settings.lake}-sources"

    def member(self, name: str) -> str:
        """Return who is meant by the name of a role or account, as a policy names him."""
        if name == "analysts":
            return f"group:{self.settings.analysts}"
        return f"serviceAccount:{self.settings.account(name)}"


def as_yaml(name: str, document: Document, flag: str = "") -> File:
    """Return the file that holds a document."""
    return File(f"{name}.yaml", dump(document.content), flag)


def as_json(name: str, content: object, flag: str) -> File:
    """Return a file of JSON."""
    return File(f"{name}.json", json.dumps(content, indent=1), flag)
