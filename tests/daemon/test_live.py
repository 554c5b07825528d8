"""A client that follows the daemon hears of every file, and does not keep it from stopping."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from tests.daemon.conftest import Daemon


def events_of(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    kind = ""
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "data":
            yield kind, json.loads(value)


def test_a_follower_hears_of_a_file_and_of_the_queue(daemon: Daemon) -> None:
    with httpx.stream("GET", f"{daemon.url}/api/daemon/events", timeout=30) as answer:
        (daemon.home.inbox / "a.jpg").write_bytes(b"no photo")
        heard: dict[str, Any] = {}
        for kind, facts in events_of(answer):
            heard[kind] = facts
            if "intake" in heard and heard.get("progress", {}).get("ledger", {}).get("ignored") == 1:
                break
        assert (heard["intake"]["root"], heard["intake"]["path"]) == ("inbox", "a.jpg")
        assert heard["intake"]["state"] == "ignored"
        assert "is no photo or video" in heard["intake"]["reason"]
        assert daemon.stop(signal.SIGTERM) == 0
