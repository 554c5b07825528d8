"""How does OpenCV run an ONNX network?

Not from two threads at once: it then returns wrong numbers without an error. Every worker process opens its own, after
``cv2.setNumThreads(1)``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2


def open_network(path: Path) -> Any:
    """Returns the network in an ONNX file as a ``cv2.dnn.Net``. Raises ``cv2.error`` where OpenCV cannot read it.

    ``ENGINE_CLASSIC`` takes 2.5 times as long for CenterFace and, once pictures change their shape, returns wrong maps
    without an error; ``ENGINE_AUTO`` may fall back to it. The engine is heeded for files only, and handing over
    ``bytes`` instead of an array crashes the process, so there is no way in but a path (all of it in OpenCV 5.0.0).
    """
    return cv2.dnn.readNetFromONNX(str(path), engine=cv2.dnn.ENGINE_NEW)
