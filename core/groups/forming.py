"""What groups do links make, what are they called, and which member is shown?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.groups.facts import PRECEDENCE, Group, GroupFacts, GroupType, Link, Member, Role, in_order
from core.groups.links import links_of
from core.groups.names import read_name
from core.media.facts import Kind


def form_groups(facts: Sequence[GroupFacts], apart: Iterable[Collection[str]] = ()) -> list[Group]:
    """The groups among some assets; which of them came first is no matter.

    Of each collection in ``apart`` no two assets are brought together: a person has dissolved a group of them.
    """
    by_id = {fact.asset_id: fact for fact in in_order(facts)}
    united = _Union(by_id, apart)
    ranked = sorted(links_of(list(by_id.values())), key=lambda link: PRECEDENCE.index(link.type))
    # united in an order of its own, so that where not all links can be kept it is always the same that are
    for link in ranked:
        united.unite(link.one, link.other)
    kept = [link for link in ranked if united.are_one(link.one, link.other)]
    groups = []
    for members in united.sets():
        tied = [link for link in kept if link.one in members]
        if tied:
            groups.append(_named([fact for fact in by_id.values() if fact.asset_id in members], tied))
        elif not united.stands_alone(members[0]) and by_id[members[0]].film_length is not None:
            groups.append(_motion(by_id[members[0]]))
    return groups


class _Union:
    """Sets of assets that grow together, except where that would unite two that are to stay apart."""

    def __init__(self, asset_ids: Iterable[str], apart: Iterable[Collection[str]]) -> None:
        self._set_of = {asset_id: [asset_id] for asset_id in asset_ids}
        self._foes: defaultdict[str, set[str]] = defaultdict(set)
        self._alone: set[str] = set()
        for collection in apart:
            for asset_id in collection:
                self._foes[asset_id] |= set(collection) - {asset_id}
            if len(collection) == 1:
                self._alone |= set(collection)

    def unite(self, one: str, other: str) -> None:
        mine, theirs = self._set_of[one], self._set_of[other]
        if mine is theirs or any(self._foes[asset_id] & set(theirs) for asset_id in mine if asset_id in self._foes):
            return
        mine += theirs
        for asset_id in theirs:
            self._set_of[asset_id] = mine

    def are_one(self, one: str, other: str) -> bool:
        return self._set_of[one] is self._set_of[other]

    def stands_alone(self, asset_id: str) -> bool:
        """Whether a person has dissolved a group that this asset was the only member of."""
        return asset_id in self._alone

    def sets(self) -> list[list[str]]:
        return list({id(members): members for members in self._set_of.values()}.values())


def _named(facts: Sequence[GroupFacts], links: Sequence[Link]) -> Group:
    first = links[0]
    count = sum(link.type is first.type for link in links) + 1
    reason = first.reason
    if first.type in (GroupType.BURST, GroupType.BRACKET) and count > 2:
        reason = f"{count} files: {reason}"
    roles = {fact.asset_id: _role(fact, links) for fact in facts}
    members = tuple(Member(fact.asset_id, roles[fact.asset_id], _reason(fact, links)) for fact in facts)
    return Group(first.type, _primary(facts, roles), reason, members)


def _reason(fact: GroupFacts, links: Sequence[Link]) -> str:
    return next(link.reason for link in links if fact.asset_id in (link.one, link.other))


def _role(fact: GroupFacts, links: Sequence[Link]) -> Role:
    mine = [link for link in links if fact.asset_id in (link.one, link.other)]
    if any(link.type is GroupType.EDITED and link.other == fact.asset_id for link in mine):
        return Role.EDITED
    if fact.kind is Kind.VIDEO:
        return Role.VIDEO
    if fact.kind is Kind.RAW:
        return Role.RAW
    if any(link.type in (GroupType.BURST, GroupType.BRACKET) for link in mine):
        return Role.FRAME
    return Role.PICTURE


def _primary(facts: Sequence[GroupFacts], roles: Mapping[str, Role]) -> str:
    """The asset to show: the last edit of the picture, else a developed picture, else the RAW, never the film.

    Of a burst the frame that the camera chose, of a bracket the one with the usual exposure.
    """
    edits = [fact for fact in facts if roles[fact.asset_id] is Role.EDITED and fact.kind is not Kind.VIDEO]
    if edits:
        return max(edits, key=lambda fact: (len(read_name(fact.name).edit), fact.name, fact.asset_id)).asset_id
    rank = {Kind.PHOTO: 0, Kind.RAW: 1, Kind.VIDEO: 2}
    best = min(
        facts,
        key=lambda fact: (
            rank[fact.kind],
            not fact.is_burst_cover,
            abs(fact.exposure_bias or 0.0) if fact.is_bracketed else 0.0,
            fact.name,
            fact.asset_id,
        ),
    )
    return best.asset_id


def _motion(fact: GroupFacts) -> Group:
    reason = f"{fact.name} has a film of {fact.film_length} bytes embedded behind the picture."
    return Group(GroupType.MOTION_PHOTO, fact.asset_id, reason, (Member(fact.asset_id, Role.PICTURE, reason),))
