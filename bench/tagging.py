"""How often are tags right, and how many of those that a person would give are found?

Judged on pictures of installable packages and of a public collection that a person looked at. They are named in
``labelled_pictures.tsv`` by their SHA-256 and are not shipped: whoever has some in a folder gets the figures for
those. Half of them chose the thresholds (``Labels.chose``), the other half tells what they are worth; which class
belongs to which group was mended with all of them in view.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.ai import builtin, kinds
from core.ai.provider import Description
from core.compute.tasks import read_file
from core.errors import PictallionError
from core.media.capture_time import Zones, capture_time
from core.media.decode import decode
from core.media.imagenet_groups import ImageNet, read_imagenet
from core.media.look import WORKING_SIZE, Models, load_models, look
from core.media.resize import shrink_to
from core.media.tagger import LEAF_THRESHOLD, class_probabilities, group_thresholds
from core.pipeline.know import know

LABELS = Path(__file__).with_name("labelled_pictures.tsv")

PEOPLE = ("person", "people", "group")
KINDS = (kinds.DOCUMENT, kinds.SCREENSHOT, kinds.PANORAMA, kinds.PORTRAIT, kinds.SELFIE, kinds.NIGHT, kinds.MACRO)


class Labels(NamedTuple):
    """What a person said of one picture: ``tags`` that should be given, and those that are ``true`` besides."""

    sha256: str
    source: str
    name: str
    tags: frozenset[str]
    true: frozenset[str]

    @property
    def chose(self) -> bool:
        """Whether it was among those that the thresholds were chosen on: half of all, by the first digit."""
        return int(self.sha256[0], 16) % 2 == 0


class Judged(NamedTuple):
    """What was said of a picture, and the probabilities of the 1000 classes."""

    labels: Labels
    description: Description
    probabilities: NDArray[np.float32]


class Score(NamedTuple):
    """``right`` are given and asked for, ``true`` given and not wrong, ``wrong`` given, ``missed`` asked for."""

    right: int = 0
    true: int = 0
    wrong: int = 0
    missed: int = 0

    def __add__(self, other: tuple[int, ...]) -> Score:  # type: ignore[override]
        return Score(*(one + another for one, another in zip(self, other, strict=True)))

    @property
    def precision(self) -> float:
        """Share of the given tags that are not wrong; 1 where none was given."""
        given = self.right + self.true + self.wrong
        return (self.right + self.true) / given if given else 1.0

    @property
    def recall(self) -> float:
        """Share of the tags asked for that are given; 1 where none was."""
        wanted = self.right + self.missed
        return self.right / wanted if wanted else 1.0


def read_labels() -> tuple[Labels, ...]:
    """The table: SHA-256, source, name in it, tags, what is true besides; lines that begin with # explain."""
    lines = [line for line in LABELS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = [line.split("\t") for line in lines]
    return tuple(Labels(*row[:3], *(frozenset(filter(None, part.split(","))) for part in row[3:])) for row in rows)


def vocabulary() -> frozenset[str]:
    """Every tag that labels may name."""
    imagenet = read_imagenet()
    return frozenset((*imagenet.groups, *imagenet.classes, *PEOPLE, *KINDS))


def score(labels: Labels, given: Collection[str], asked: Collection[str]) -> Mapping[str, Score]:
    """By tag, how the ``given`` ones that are ``asked`` about are judged."""
    return {
        tag: Score(
            right=tag in given and tag in labels.tags,
            true=tag in given and tag in labels.true,
            wrong=tag in given and tag not in labels.tags | labels.true,
            missed=tag not in given and tag in labels.tags,
        )
        for tag in asked
        if tag in given or tag in labels.tags
    }


def tagging(folder: Path, cache: Path, report: Callable[[str, str, str], None]) -> None:
    """Judges every labelled picture below ``folder``, and reports by tag, in all, and for other thresholds."""
    labels = {one.sha256: one for one in read_labels()}
    models = load_models(cache)
    judged = list(_judged(folder, labels, models, cache))
    report("labelled pictures found", f"{len(judged)} of {len(labels)}", "")
    if not judged:
        return
    halves = {
        "chosen on": [one for one in judged if one.labels.chose],
        "held out": [one for one in judged if not one.labels.chose],
        "all": judged,
    }
    imagenet = read_imagenet()
    asked = (*PEOPLE, *KINDS, *(group for group in imagenet.groups if group not in KINDS))
    by_tag = _by_tag(judged, asked, lambda one: one.description.ai_tags)
    for tag, result in sorted(by_tag.items()):
        report(f"tag {tag}", _figures(result), "")
    for name, part in halves.items():
        result = _by_tag(part, asked, lambda one: one.description.ai_tags)
        report(f"all tags, {name}", _summary(result), "precision ≥ 0.85" if name == "held out" else "")
    for shift in (-0.1, -0.05, 0.0, 0.05, 0.1, 0.2):
        cuts = group_thresholds(imagenet.groups) + np.float32(shift)
        for name, part in halves.items():
            said = _by_tag(part, imagenet.groups, lambda one, cuts=cuts: _over(imagenet, one, cuts))  # type: ignore[misc]
            report(f"groups, thresholds {shift:+.2f}, {name}", _summary(said), "")
    for cut in (0.5, 0.6, 0.7, LEAF_THRESHOLD, 0.9):
        for name, part in halves.items():
            leaves = [one.labels.true | one.labels.tags for one in part]
            given = [[imagenet.classes[i] for i in np.flatnonzero(one.probabilities >= cut)] for one in part]
            right = sum(leaf in true for true, row in zip(leaves, given, strict=True) for leaf in row)
            number = sum(map(len, given))
            report(f"classes from {cut}, {name}", f"{right} of {number} right", "")


def _judged(folder: Path, labels: Mapping[str, Labels], models: Models, cache: Path) -> Iterator[Judged]:
    assert models.tagger is not None
    seen = set()
    for path in sorted(entry for entry in folder.rglob("*") if entry.is_file()):
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        if sha256 not in labels or sha256 in seen:
            continue
        seen.add(sha256)
        try:
            reading = read_file(str(path), path.name, str(cache))
            assert reading.identity.format is not None
            seen_as = look(str(path), reading.identity.format, models)
            pixels = decode(str(path), reading.identity.format).rgb
        except PictallionError as error:
            print(f"{path.name} is left out: {error}")
            continue
        captured = capture_time(reading.identity.metadata, path.name, datetime.now(UTC), Zones(place=reading.zone))
        description = builtin.describe(know(path.name, reading, seen_as, captured))
        yield Judged(labels[sha256], description, class_probabilities(models.tagger, shrink_to(pixels, WORKING_SIZE)))


def _over(imagenet: ImageNet, one: Judged, cuts: NDArray[np.float32]) -> list[str]:
    likely = imagenet.membership @ one.probabilities >= cuts
    return [group for group, is_likely in zip(imagenet.groups, likely, strict=True) if is_likely]


def _by_tag(
    part: Iterable[Judged], asked: Collection[str], given: Callable[[Judged], Collection[str]]
) -> dict[str, Score]:
    total: dict[str, Score] = {}
    for one in part:
        for tag, result in score(one.labels, given(one), asked).items():
            total[tag] = total.get(tag, Score()) + result
    return total


def _figures(result: Score) -> str:
    counts = f"{result.right} right, {result.true} true besides, {result.wrong} wrong, {result.missed} missed"
    return f"precision {result.precision:.2f}, recall {result.recall:.2f} ({counts})"


def _summary(by_tag: Mapping[str, Score]) -> str:
    total = sum(by_tag.values(), Score())
    given = [result.precision for result in by_tag.values() if result.right + result.true + result.wrong]
    wanted = [result.recall for result in by_tag.values() if result.right + result.missed]
    macro = f"precision {np.mean(given):.2f}, recall {np.mean(wanted):.2f}" if given and wanted else "none"
    return f"{_figures(total)}; mean over tags: {macro}"
