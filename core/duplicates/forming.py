"""Which copies are shown together?

Copies of copies need not be copies of each other: the left half and the right half of a picture are not. So a group is
one picture that stays and those that are copies of it; nobody is asked to give up what is only like a like.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from core.duplicates.facts import Found, Group, Member
from core.duplicates.keeper import Candidate, keeper_of


def form_groups(pairs: Iterable[Found], candidates: Mapping[str, Candidate]) -> list[Group]:
    """The groups, each asset in one at most; which pair came first is no matter.

    Pairs of which one is no candidate (any more) are passed over.
    """
    ties: defaultdict[str, dict[str, Found]] = defaultdict(dict)
    for pair in pairs:
        if pair.one in candidates and pair.other in candidates:
            ties[pair.one][pair.other] = pair
            ties[pair.other][pair.one] = pair
    groups = []
    for tied in _connected(ties):
        left = set(tied)
        while left:
            keeper, reason = keeper_of([candidates[asset_id] for asset_id in left])
            mine = sorted(left & ties[keeper.asset_id].keys(), key=lambda one: (candidates[one].name, one))
            left -= {keeper.asset_id, *mine}
            if mine:
                copies = tuple(_member(one, ties[keeper.asset_id]) for one in mine)
                groups.append(Group(keeper.asset_id, reason, copies))
    return groups


def _member(asset_id: str, ties: Mapping[str, Found]) -> Member:
    found = ties[asset_id]
    return Member(asset_id, found.kind, found.similarity, found.reason)


def _connected(ties: Mapping[str, Mapping[str, Found]]) -> list[list[str]]:
    seen: set[str] = set()
    found = []
    for start in sorted(ties):
        if start in seen:
            continue
        seen.add(start)
        reached, at = [start], 0
        while at < len(reached):
            for other in ties[reached[at]]:
                if other not in seen:
                    seen.add(other)
                    reached.append(other)
            at += 1
        found.append(reached)
    return found
