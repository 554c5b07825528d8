"""Names of one family, as cameras, phones and programs give them."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.groups.names import read_name


@pytest.mark.parametrize(
    ("edit", "original"),
    [
        ("IMG_E1234.JPG", "IMG_1234.HEIC"),
        ("IMG_E1234.MOV", "IMG_1234.MOV"),
        ("img_e1234 2.jpg", "img_1234 2.jpg"),
        ("IMG_20240726_143025-edited.jpg", "IMG_20240726_143025.jpg"),
        ("IMG_20240726_143025-bearbeitet.jpg", "IMG_20240726_143025.jpg"),
        ("P7260042-modifié.JPG", "P7260042.JPG"),
        (unicodedata.normalize("NFD", "P7260042-modifié.JPG"), "P7260042.JPG"),
        ("P7260042-ha editado.JPG", "P7260042.JPG"),
        ("P7260042-編集済み.JPG", "P7260042.JPG"),
        ("P7260042-edytowane.JPG", "P7260042.JPG"),
        ("P7260042-bewerkt.JPG", "P7260042.JPG"),
        ("P7260042-modificato.JPG", "P7260042.JPG"),
        ("P7260042_edit.jpg", "P7260042.jpg"),
        ("IMG_20200101_120000_edit_58421593422.jpg", "IMG_20200101_120000.jpg"),
        ("DSC01234-Edit.tif", "DSC01234.ARW"),
        ("DSC01234-Edit-2.tif", "DSC01234.ARW"),
        ("DSC01234-Enhanced-NR.dng", "DSC01234.ARW"),
        ("PXL_20240726_143025123~2.jpg", "PXL_20240726_143025123.jpg"),
        # the second file of one name, and its edit
        ("IMG_1234-edited(1).jpg", "IMG_1234(1).jpg"),
        ("IMG_E1234-edited.jpg", "IMG_1234.HEIC"),
        ("PXL_20240726_143025123.PORTRAIT-01.COVER.jpg", "PXL_20240726_143025123.PORTRAIT-02.ORIGINAL.jpg"),
        ("PXL_20240726_143025123.PORTRAIT-01.COVER-edited.jpg", "PXL_20240726_143025123.jpg"),
    ],
)
def test_an_edit_is_of_the_family_of_its_original(edit: str, original: str) -> None:
    edited, kept = read_name(edit), read_name(original)
    assert edited.family == kept.family
    assert edited.edit
    assert not kept.edit


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DSC01234.ARW", "DSC01234.JPG"),
        ("20240726_143025.dng", "20240726_143025.jpg"),
        ("IMG_1234.DNG", "IMG_1234.heic"),
        ("PXL_20240726_143025123.RAW-02.ORIGINAL.dng", "PXL_20240726_143025123.RAW-01.COVER.jpg"),
        ("PXL_20240726_143025123.RAW-02.ORIGINAL.dng", "PXL_20240726_143025123.RAW-01.MP.COVER.jpg"),
        ("PXL_20240726_143025123.MP.jpg", "PXL_20240726_143025123.MP.mp4"),
        ("MVIMG_20190101_120000.jpg", "MVIMG_20190101_120000.mp4"),
    ],
)
def test_what_a_camera_writes_at_once_has_one_name(one: str, other: str) -> None:
    first, second = read_name(one), read_name(other)
    assert (first.family, first.edit) == (second.family, second.edit)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("IMG_1234(1).jpg", "IMG_1234.jpg"),
        ("IMG_1234 (1).jpg", "IMG_1234.jpg"),
        ("IMG_1234-edited(1).jpg", "IMG_1234.jpg"),
        ("IMG_1235.jpg", "IMG_1234.jpg"),
        ("IMG_Easter.jpg", "IMG_aster.jpg"),
        ("IMG_1234-1.jpg", "IMG_1234.jpg"),
        ("credited.jpg", "cr.jpg"),
        ("edited.jpg", ".jpg"),
        ("IMG_20200101_120000_BURST2.jpg", "IMG_20200101_120000.jpg"),
    ],
)
def test_what_only_looks_like_an_edit_is_none(one: str, other: str) -> None:
    assert read_name(one).family != read_name(other).family


def test_a_picture_whose_name_says_that_it_moves() -> None:
    assert read_name("PXL_20240726_143025123.RAW-01.MP.COVER.jpg").is_motion
    assert read_name("MVIMG_20190101_120000.jpg").is_motion
    assert not read_name("PXL_20240726_143025123.NIGHT.jpg").is_motion


@given(st.text(max_size=40), st.text(max_size=8))
def test_any_name_can_be_read_and_case_and_form_do_not_matter(stem: str, extension: str) -> None:
    name = f"{stem}.{extension}"
    assert read_name(name) == read_name(unicodedata.normalize("NFC", name))
    assert read_name(read_name(name).family + ".jpg").edit == ""
