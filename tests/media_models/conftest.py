"""The networks are converted once for all tests of this folder, and one real picture with one face is at hand."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cv2.setNumThreads(1)
    return tmp_path_factory.mktemp("networks")


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """512×512, one face at about (182, 58) to (270, 178)."""
    with Image.open(Path(__file__).parents[1] / "fixtures" / "astronaut.jpg") as image:
        return np.asarray(image.convert("RGB"))
