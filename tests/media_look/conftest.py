from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

ASTRONAUT = Path(__file__).parent.parent / "fixtures" / "astronaut.jpg"


@pytest.fixture(scope="session")
def astronaut() -> Image.Image:
    """512 × 512 pixels, one face."""
    with Image.open(ASTRONAUT) as image:
        return image.convert("RGB")


@pytest.fixture(scope="session")
def quarters() -> NDArray[np.uint8]:
    """160 high and 240 wide, each quarter in a colour of its own: red, green / blue, white."""
    rgb = np.zeros((160, 240, 3), np.uint8)
    rgb[:80, :120], rgb[:80, 120:] = (255, 0, 0), (0, 255, 0)
    rgb[80:, :120], rgb[80:, 120:] = (0, 0, 255), (255, 255, 255)
    return rgb
