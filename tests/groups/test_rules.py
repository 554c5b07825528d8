"""What belongs together, what does not, and what the group is called and shows."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.groups.facts import Group, GroupFacts, GroupType, Role
from core.groups.forming import form_groups
from tests.groups.conftest import make_fact

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.groups.conftest import MakeFact


def only(facts: Sequence[GroupFacts]) -> Group:
    """The one group of all of these files, whichever of them comes first."""
    (group,) = form_groups(facts)
    assert form_groups(list(reversed(facts))) == [group]
    assert {member.asset_id for member in group.members} == {fact.asset_id for fact in facts}
    return group


def shown(group: Group) -> str:
    return group.primary.rpartition("/")[2]


def role(group: Group, name: str) -> Role:
    return next(member.role for member in group.members if member.asset_id.endswith(f"/{name}"))


# --- Live Photos ------------------------------------------------------------------------------------------------------


def test_a_live_photo_is_told_by_its_content_identifier(fact: MakeFact) -> None:
    # AirDrop names the halves as it likes, and a year may lie between their clocks
    picture = fact("IMG_0001.HEIC", content_identifier="A1")
    film = fact("trip.MOV", 3600, content_identifier="A1")
    group = only([picture, film])
    assert group.type is GroupType.LIVE_PHOTO
    assert shown(group) == "IMG_0001.HEIC"
    assert group.reason == "IMG_0001.HEIC and trip.MOV have the content identifier A1 of one Live Photo."
    assert role(group, "trip.MOV") is Role.VIDEO


def test_the_halves_of_one_folder_belong_together_when_a_live_photo_is_there_twice(fact: MakeFact) -> None:
    groups = form_groups(
        [
            fact(name, folder=folder, content_identifier="A1")
            for folder in ("phone/DCIM", "phone/export")
            for name in ("IMG_0001.HEIC", "IMG_0001.MOV")
        ]
    )
    assert [{one.rpartition("/")[0] for one in group.asset_ids} for group in groups] == [
        {"phone/DCIM"},
        {"phone/export"},
    ]


def test_a_film_is_given_to_nobody_when_two_pictures_elsewhere_claim_it(fact: MakeFact) -> None:
    assert not form_groups(
        [
            fact("a.HEIC", folder="one", content_identifier="A1"),
            fact("b.HEIC", folder="two", content_identifier="A1"),
            fact("c.MOV", folder="three", content_identifier="A1"),
        ]
    )


def test_a_live_photo_without_identifier_is_told_by_name_folder_and_time(fact: MakeFact) -> None:
    group = only([fact("IMG_0001.HEIC"), fact("IMG_0001.mov", 1.6)])
    assert group.type is GroupType.LIVE_PHOTO
    assert group.reason == "IMG_0001.HEIC and IMG_0001.mov have one name and folder and were taken within 2 s."


@pytest.mark.parametrize(
    "film",
    [
        {"second": 3.5},
        {"second": None},
        {"folder": "phone/other"},
        {"duration": 61.0},
        {"content_identifier": "B2"},
    ],
)
def test_a_film_that_is_no_half_of_the_picture(fact: MakeFact, film: dict[str, object]) -> None:
    assert not form_groups([fact("IMG_0001.HEIC", content_identifier="A1"), fact("IMG_0001.MOV", **film)])


def test_offsets_from_utc_are_counted_where_both_are_known(fact: MakeFact) -> None:
    abroad = fact("IMG_0001.MOV", -7200, offset_minutes=0)
    assert form_groups([fact("IMG_0001.HEIC", offset_minutes=120), abroad])
    assert not form_groups([fact("IMG_0001.HEIC"), abroad])


def test_an_edited_live_photo_is_one_group_of_four(fact: MakeFact) -> None:
    group = only(
        [
            fact("IMG_0001.HEIC", content_identifier="A1"),
            fact("IMG_0001.MOV", content_identifier="A1"),
            fact("IMG_E0001.HEIC", content_identifier="A1"),
            fact("IMG_E0001.MOV", content_identifier="A1"),
        ]
    )
    assert group.type is GroupType.LIVE_PHOTO
    assert shown(group) == "IMG_E0001.HEIC"


# --- motion photos ----------------------------------------------------------------------------------------------------


def test_a_picture_with_an_embedded_film_is_a_motion_photo_by_itself(fact: MakeFact) -> None:
    group = only([fact("PXL_20240726_143025123.MP.jpg", film_from_end=2000, film_length=1990)])
    assert group.type is GroupType.MOTION_PHOTO
    assert group.reason == ("PXL_20240726_143025123.MP.jpg has a film of 1990 bytes embedded behind the picture.")


def test_a_motion_photo_that_was_exported_in_two_files(fact: MakeFact) -> None:
    group = only([fact("MVIMG_20190101_120000.jpg"), fact("MVIMG_20190101_120000.mp4", 1)])
    assert group.type is GroupType.MOTION_PHOTO


# --- RAW and JPEG -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "picture"),
    [
        ("DSC01234.ARW", "DSC01234.JPG"),
        ("20240726_143025.dng", "20240726_143025.jpg"),
        ("IMG_1234.DNG", "IMG_1234.HEIC"),
        ("PXL_20240726_143025123.RAW-02.ORIGINAL.dng", "PXL_20240726_143025123.RAW-01.COVER.jpg"),
    ],
)
def test_raw_and_developed_picture_are_one_and_the_picture_is_shown(fact: MakeFact, raw: str, picture: str) -> None:
    group = only([fact(raw, camera="X"), fact(picture, 0.4, camera="X")])
    assert group.type is GroupType.RAW_JPEG
    assert shown(group) == picture
    assert role(group, raw) is Role.RAW


def test_a_raw_whose_metadata_cannot_be_read_belongs_to_the_jpeg_of_its_name(fact: MakeFact) -> None:
    assert only([fact("DSC01234.ARW", None), fact("DSC01234.JPG", camera="X")]).type is GroupType.RAW_JPEG


@pytest.mark.parametrize("picture", [{"second": 60}, {"folder": "other"}, {"camera": "Y"}])
def test_a_name_that_was_used_again_is_another_shot(fact: MakeFact, picture: dict[str, object]) -> None:
    assert not form_groups([fact("DSC01234.ARW", camera="X"), fact("DSC01234.JPG", **picture)])


def test_a_raw_live_photo_is_one_group_of_three(fact: MakeFact) -> None:
    group = only([fact("IMG_1.DNG"), fact("IMG_1.HEIC"), fact("IMG_1.MOV", 1)])
    assert group.type is GroupType.LIVE_PHOTO
    assert shown(group) == "IMG_1.HEIC"


# --- edits ------------------------------------------------------------------------------------------------------------


def test_an_edited_copy_belongs_to_its_original_and_is_shown(fact: MakeFact) -> None:
    # the edit has lost its date
    group = only([fact("IMG_1234.HEIC"), fact("IMG_E1234.JPG", None)])
    assert group.type is GroupType.EDITED
    assert shown(group) == "IMG_E1234.JPG"
    assert group.reason == "IMG_E1234.JPG is by its name an edited copy of IMG_1234.HEIC in the same folder."


def test_the_last_of_several_edits_is_shown(fact: MakeFact) -> None:
    group = only([fact("DSC1.ARW"), fact("DSC1-Edit.tif"), fact("DSC1-Edit-2.tif")])
    assert shown(group) == "DSC1-Edit-2.tif"


def test_an_edit_without_its_original_is_alone(fact: MakeFact) -> None:
    assert not form_groups([fact("IMG_1-edited.jpg"), fact("IMG_1_edit.jpg")])


def test_a_second_file_of_one_name_is_no_edit(fact: MakeFact) -> None:
    assert not form_groups([fact("IMG_1.jpg"), fact("IMG_1(1).jpg")])


def test_an_edit_of_another_moment_is_none(fact: MakeFact) -> None:
    assert not form_groups([fact("IMG_1.jpg"), fact("IMG_1-edited.jpg", 30)])


# --- bursts and brackets ----------------------------------------------------------------------------------------------


def test_a_burst_is_told_by_its_identifier_and_shows_the_frame_that_the_camera_chose(fact: MakeFact) -> None:
    frames = [
        fact(f"IMG_{number}.JPG", number, burst_identifier="B", is_burst_cover=number == 3) for number in (1, 2, 3)
    ]
    group = only(frames)
    assert group.type is GroupType.BURST
    assert shown(group) == "IMG_3.JPG"
    assert group.reason == "3 files: IMG_1.JPG and IMG_2.JPG have the burst identifier B."
    assert role(group, "IMG_1.JPG") is Role.FRAME


def frames(
    fact: MakeFact, times: Sequence[float], biases: Sequence[float], exposure_time: float = 0.01, extension: str = "JPG"
) -> list[GroupFacts]:
    return [
        fact(
            f"DSC_{number:04}.{extension}",
            time,
            camera="X",
            is_bracketed=True,
            exposure=f"{bias:+}",
            exposure_bias=bias,
            exposure_time=exposure_time,
        )
        for number, (time, bias) in enumerate(zip(times, biases, strict=True), start=1)
    ]


def test_frames_in_succession_with_different_exposures_are_a_bracket(fact: MakeFact) -> None:
    group = only(frames(fact, (0, 0.5, 1), (-2, 0, 2)))
    assert group.type is GroupType.BRACKET
    assert shown(group) == "DSC_0002.JPG"


def test_two_brackets_in_succession_are_two(fact: MakeFact) -> None:
    groups = form_groups(frames(fact, range(6), (0, -2, 2, 0, -2, 2)))
    assert [len(group.members) for group in groups] == [3, 3]


def test_a_bracket_of_raw_and_jpeg_is_one_group_of_all(fact: MakeFact) -> None:
    both = frames(fact, (0, 1, 2), (0, -2, 2)) + frames(fact, (0, 1, 2), (0, -2, 2), extension="NEF")
    group = only(both)
    assert group.type is GroupType.BRACKET
    assert shown(group) == "DSC_0001.JPG"


def test_long_exposures_take_long(fact: MakeFact) -> None:
    assert form_groups(frames(fact, (0, 60), (0, 2), exposure_time=30.0))
    assert not form_groups(frames(fact, (0, 60), (0, 2), exposure_time=1.0))


def test_pictures_that_no_camera_calls_a_bracket_are_none(fact: MakeFact) -> None:
    assert not form_groups([fact("a.jpg", 0, exposure="1", camera="X"), fact("b.jpg", 1, exposure="2", camera="X")])


# --- dissolved --------------------------------------------------------------------------------------------------------


def test_what_was_dissolved_is_not_brought_together_by_a_third(fact: MakeFact) -> None:
    raw, picture, edit = fact("DSC1.ARW"), fact("DSC1.JPG"), fact("DSC1-edited.JPG")
    (group,) = form_groups([raw, picture, edit], apart=[{raw.asset_id, picture.asset_id}])
    assert edit.asset_id in group.asset_ids
    assert len(group.asset_ids) == 2


def test_a_motion_photo_that_was_dissolved_stays_a_picture(fact: MakeFact) -> None:
    motion = fact("a.jpg", film_length=9)
    assert not form_groups([motion], apart=[{motion.asset_id}])


_NAMES = [
    *("IMG_1.HEIC", "IMG_1.MOV", "IMG_1.DNG", "IMG_1-edited.jpg", "IMG_1(1).jpg", "IMG_1-edited(1).jpg"),
    *("IMG_0001.HEIC", "IMG_E0001.JPG", "IMG_0001.MOV", "IMG_2.JPG", "IMG_2.NEF"),
]


@st.composite
def libraries(draw: st.DrawFn) -> list[GroupFacts]:
    """A few files of few names, folders, times and identifiers, so that most of them have to do with each other."""
    files = draw(
        st.lists(st.tuples(st.sampled_from(_NAMES), st.sampled_from(["a", "b"])), min_size=1, max_size=10, unique=True)
    )
    return [
        make_fact(
            name,
            draw(st.sampled_from([None, 0, 1, 2, 4])),
            folder,
            content_identifier=draw(st.sampled_from([None, None, "A", "B"])),
            burst_identifier=draw(st.sampled_from([None, None, None, "C"])),
            camera="X",
            is_bracketed=draw(st.booleans()),
            exposure=draw(st.sampled_from(["1", "2", "3"])),
        )
        for name, folder in files
    ]


@given(libraries(), st.integers())
def test_the_order_of_files_does_not_matter_and_no_file_is_in_two_groups(facts: list[GroupFacts], seed: int) -> None:
    shuffled = random.Random(seed).sample(facts, len(facts))
    groups = form_groups(facts)
    assert form_groups(shuffled) == groups
    members = [member.asset_id for group in groups for member in group.members]
    assert len(members) == len(set(members))
    for group in groups:
        assert group.primary in group.asset_ids


@given(libraries(), st.data())
def test_whom_a_person_parted_no_rule_brings_together(facts: list[GroupFacts], data: st.DataObject) -> None:
    ids = [fact.asset_id for fact in facts]
    parted = data.draw(st.lists(st.sets(st.sampled_from(ids)), max_size=3))
    for group in form_groups(facts, parted):
        assert all(len(group.asset_ids & apart) < 2 for apart in parted)
