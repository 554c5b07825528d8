"""The daemon itself stays light: what decodes, parses and computes lives in worker processes."""

from __future__ import annotations

import json
import subprocess
import sys

#: What is loaded for the sake of one file costs memory for as long as the daemon lives.
HEAVY = [
    "numpy",
    "cv2",
    "PIL",
    "dlib",
    "imagehash",
    "scipy",
    "lxml",
    "piexif",
    "openai",
    "ollama",
    "holidays",
]


def test_starting_loads_nothing_that_looks_at_pictures() -> None:
    script = f"import sys, json, daemon.run; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert json.loads(result.stdout) == []
