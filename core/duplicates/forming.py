"""Which copies are shown together?

Copies of copies need not be copies of each other: the left half and the right half of a picture are not. So a group is
one picture that stays and those that are copies of it; nobody is asked to give up what is only like a like. Nor does
what people have told apart, or what belongs together, come into one group because both are copies of a third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Set

from core.duplicates.facts import Found, Group, Member
from core.duplicates.keeper import Candidate, keeper_of


def form_groups(
    pairs: Iterable[Found], candidates: Mapping[str, Candidate], apart: Mapping[str, Set[str]]
) -> list[Group]:
    """The groups, each asset in one at most; which pair came first is no matter.

    ``apart`` has marks of assets: two that share one are never in a group together. A candidate that is kept is a copy
    of nobody, and others are copies of it. Pairs of which one is no candidate (any more) are passed over.
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
            may_go = (candidates[one] for one in left & ties[keeper.asset_id].keys() if not candidates[one].is_kept)
            mine = _together(keeper, sorted(may_go, key=lambda one: (one.name, one.asset_id)), apart)
            left -= {keeper.asset_id, *mine}
            if mine:
                copies = tuple(_member(one, ties[keeper.asset_id]) for one in mine)
                groups.append(Group(keeper.asset_id, reason, copies))
    return groups


def _together(keeper: Candidate, copies: Iterable[Candidate], apart: Mapping[str, Set[str]]) -> list[str]:
    """The copies, but for those that are apart from the keeper or from one before them."""
    nobody: Set[str] = frozenset()
    marks = set(apart.get(keeper.asset_id, nobody))
    found = []
    for copy in copies:
        mine = apart.get(copy.asset_id, nobody)
        if not marks & mine:
            marks |= mine
            found.append(copy.asset_id)
    return found


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
