"""Killed at any step of promoting, renewing or demoting, a photo is Gold or it is not, and nothing is left over."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("action", ["promote", "renew", "demote"])
def test_a_power_cut_at_any_step_leaves_nothing_half_done(tmp_path: Path, action: str) -> None:
    command = [sys.executable, "-m", "tests.pipeline.killed_promotions", str(tmp_path), action]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr
    seen = json.loads(ended.stdout.splitlines()[-1])
    assert seen["faults"] == [], ended.stderr
    assert seen["steps"] >= 5
