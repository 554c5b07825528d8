"""What is not looked at below a root, and why.

Four sources, each with its reason: names that are nobody's photos (:mod:`daemon.intake.ignore`), a ``.nomedia`` file
as Android knows it, ``.pictallionignore`` files that mean what ``.gitignore`` means (https://git-scm.com/docs/gitignore),
and the root's own ``include`` and ``exclude``. Rules decide what is taken in; what was taken stays.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property

import structlog
from pathspec import GitIgnoreSpec

from core.media.source_file import shown
from daemon.intake.ignore import is_ignored_directory, is_ignored_file

log = structlog.get_logger()

NO_MEDIA = ".nomedia"
IGNORE_FILE = ".pictallionignore"

#: An ignore file that is larger is no ignore file. [bytes]
_LARGEST = 1 << 20


@dataclass(frozen=True)
class Patterns:
    """Lines of gitignore syntax that count for what lies below ``folder`` (relative to the root)."""

    folder: str
    lines: tuple[str, ...]
    #: how a person finds them: a path, or a key of the configuration
    source: str

    @cached_property
    def spec(self) -> GitIgnoreSpec:
        return GitIgnoreSpec.from_lines(self.lines)

    def match(self, path: str) -> tuple[bool, str] | None:
        """Whether the last line that fits ``path`` ignores it (``False``: takes it back), and that line.

        A folder's path ends with a slash.
        """
        below = path.removeprefix(f"{self.folder}/") if self.folder else path
        found = self.spec.check_file(below)
        if found.include is None or found.index is None:
            return None
        return found.include, self.lines[found.index]


@dataclass(frozen=True)
class Rules:
    """A root's own patterns: with ``include``, only files that fit one of them are taken; ``exclude`` wins."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def at(self, root: str) -> FolderRules:
        """The rules for the root's own folder, its ignore file not read yet."""
        included = Patterns("", self.include, "[[watch]] include") if self.include else None
        excluded = Patterns("", self.exclude, "[[watch]] exclude") if self.exclude else None
        return FolderRules(root, "", included=included, excluded=excluded)


@dataclass(frozen=True)
class FolderRules:
    """What counts in one folder of a root: its own ignore file last, those above before it."""

    root: str
    folder: str
    included: Patterns | None = None
    excluded: Patterns | None = None
    files: tuple[Patterns, ...] = field(default=())

    @property
    def fingerprint(self) -> int:
        """Differs when something else is ignored."""
        return hash(tuple((patterns.folder, patterns.lines) for patterns in self.files)) if self.files else 0

    def reading(self, names: Collection[str]) -> FolderRules:
        """These rules with the folder's own ignore file, if it is among the ``names`` in the folder."""
        if IGNORE_FILE not in names:
            return self
        patterns = _read(self.root, self.folder)
        if patterns is None:
            return self
        return FolderRules(self.root, self.folder, self.included, self.excluded, (*self.files, patterns))

    def below(self, name: str) -> FolderRules:
        """The rules for a folder in this one, its ignore file not read yet."""
        path = f"{self.folder}/{name}" if self.folder else name
        return FolderRules(self.root, path, self.included, self.excluded, self.files)

    def ignores_folder(self, name: str) -> str | None:
        """Why nothing in the folder ``name`` is looked at, as the end of a sentence; ``None`` when it is."""
        if is_ignored_directory(name):
            return f"lies in {shown(name)}, a folder of other programs that holds nobody's photos"
        path = f"{self.folder}/{name}/" if self.folder else f"{name}/"
        return self._ignored_by_patterns(path) or self._excluded(path)

    def ignores_file(self, name: str) -> str | None:
        """Why the file ``name`` is not looked at, as the end of a sentence; ``None`` when it is."""
        if is_ignored_file(name):
            return "has a name that files in transit and files of systems and programs have"
        if not (self.files or self.included or self.excluded):
            return None
        path = f"{self.folder}/{name}" if self.folder else name
        return self._ignored_by_patterns(path) or self._excluded(path) or self._not_included(path)

    def _ignored_by_patterns(self, path: str) -> str | None:
        for patterns in reversed(self.files):
            if (found := patterns.match(path)) is not None:
                is_ignored, line = found
                return f"is ignored by the line {line!r} of {patterns.source}" if is_ignored else None
        return None

    def _excluded(self, path: str) -> str | None:
        if self.excluded is not None and (found := self.excluded.match(path)) is not None and found[0]:
            return f"is excluded by {found[1]!r} in {self.excluded.source}"
        return None

    def _not_included(self, path: str) -> str | None:
        if self.included is None or ((found := self.included.match(path)) is not None and found[0]):
            return None
        return f"fits none of the patterns in {self.included.source}"


def reason_to_ignore(rules: Rules, root: str, path: str) -> str | None:
    """Why the file or folder at ``path`` (relative to the root) is not looked at, as the end of a sentence."""
    folder, _, name = path.rpartition("/")
    above = rules_of(rules, root, folder)
    if isinstance(above, str):
        return above
    try:
        is_folder = stat.S_ISDIR(os.lstat(os.path.join(root, path)).st_mode)  # noqa: PTH118 - text with surrogates
    except OSError:
        is_folder = False
    if not is_folder:
        return above.ignores_file(name)
    below = rules_of(rules, root, path)
    return below if isinstance(below, str) else None


def rules_of(
    rules: Rules, root: str, folder: str, known: dict[str, FolderRules | str] | None = None
) -> FolderRules | str:
    """The rules in a folder, or why nothing in it is looked at, as the end of a sentence."""
    known = {} if known is None else known
    if (found := known.get(folder)) is not None:
        return found
    if not folder:
        state: FolderRules | str = rules.at(root)
    else:
        parent, _, name = folder.rpartition("/")
        above = rules_of(rules, root, parent, known)
        state = above if isinstance(above, str) else (above.ignores_folder(name) or above.below(name))
    if isinstance(state, FolderRules):
        names = [n for n in (NO_MEDIA, IGNORE_FILE) if os.path.lexists(os.path.join(root, folder, n))]  # noqa: PTH118
        state = hidden(folder) if NO_MEDIA in names else state.reading(names)
    known[folder] = state
    return state


def hidden(folder: str) -> str:
    """Why nothing in a folder with a ``.nomedia`` file is looked at, as the end of a sentence."""
    return f"lies in {shown(folder) or 'the root'}, where a {NO_MEDIA} file says that there are no photos"


def _read(root: str, folder: str) -> Patterns | None:
    """The ignore file of a folder. One that cannot be read ignores nothing: better a file too many than one lost."""
    path = os.path.join(root, folder, IGNORE_FILE)  # noqa: PTH118 - text with surrogates
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
            lines = file.read(_LARGEST).splitlines()
    except OSError as error:
        log.warning("an ignore file cannot be read and ignores nothing", path=shown(path), reason=error.strerror)
        return None
    usable = []
    for line in lines:
        try:
            GitIgnoreSpec.from_lines([line])
        except ValueError as error:
            log.warning("a line of an ignore file means nothing", path=shown(path), line=line, reason=str(error))
        else:
            usable.append(line)
    return Patterns(folder, tuple(usable), f"{folder}/{IGNORE_FILE}" if folder else IGNORE_FILE)
