"""Files of the archive for repairs: each is asked for once, and kept while it is of use."""

from collections.abc import Collection

from aggregator.fetch.names import ArchiveName
from aggregator.fetch.patience import FetchError, Unanswered
from aggregator.fetch.site import Absent, Found, Published, Site

_SILENCES = 2
"""So many questions in a row without an answer, and no other is asked."""


class Files:
    """The files of one archive, for one repair after the other."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._published: dict[ArchiveName, Published | Absent] = {}
        self._found: dict[ArchiveName, Found | Absent] = {}
        self._silences = 0

    def published(self, file: ArchiveName) -> Published | Absent:
        """Return what the archive says of a file; raise `FetchError`."""
        if file not in self._published:
            self._published[file] = self._ask(file)
        return self._published[file]

    def bring(self, file: ArchiveName) -> Found | Absent:
        """Return the file; raise `FetchError`."""
        if file not in self._found:
            self._found[file] = self._site.bring(file, self.published(file))
        return self._found[file]

    def keep(self, files: Collection[ArchiveName]) -> None:
        """Remove all other files."""
        for file in [*self._found]:
            if file not in files:
                found = self._found.pop(file)
                if isinstance(found, Found):
                    found.path.unlink(missing_ok=True)

    def _ask(self, file: ArchiveName) -> Published | Absent:
        if self._silences >= _SILENCES:
            raise FetchError(
                f"{file.name} was not asked for: the archive did not answer {self._silences} times "
                "in a row; run again later"
            )
        try:
            answer = self._site.published(file)
        except Unanswered:
            self._silences += 1
            raise
        self._silences = 0
        return answer
