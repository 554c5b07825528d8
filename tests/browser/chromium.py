"""A browser without a window, driven over the pipe that Chromium's DevTools protocol can be spoken through."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")

#: How long anything may take before a test gives up; only ever reached when something is broken. [s]
PATIENCE = 60.0

_FLAGS = (
    "--headless",
    "--no-sandbox",  # root may not use the sandbox, and what is shown is our own
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--window-size=1200,900",
    # whoever is not this machine is not found, as on a server without the Internet
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
    "--remote-debugging-pipe",
)


def installed() -> str | None:
    """Path of a Chromium; ``None`` where there is none. ``PICTALLION_CHROMIUM`` names another one."""
    named = os.environ.get("PICTALLION_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """A tab. ``asked`` are the addresses that it loaded, ``errors`` what its console shows in red."""

    to_chromium: asyncio.StreamWriter
    session: str = ""
    asked: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    _answers: dict[int, asyncio.Future[Any]] = field(default_factory=dict)

    async def call(self, method: str, **parameters: Any) -> Any:
        number = len(self._answers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        self.to_chromium.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(PATIENCE):
            return await self._answers[number]

    def hear(self, message: dict[str, Any]) -> None:
        """Takes in what Chromium says."""
        if "id" in message:
            answer = self._answers[message["id"]]
            if "error" in message:
                answer.set_exception(AssertionError(message["error"]))
            else:
                answer.set_result(message["result"])
            return
        said = message["params"]
        match message["method"]:
            case "Network.requestWillBeSent":
                self.asked.append(said["request"]["url"])
            case "Runtime.exceptionThrown":
                self.errors.append(json.dumps(said["exceptionDetails"])[:2_000])
            case "Runtime.consoleAPICalled" if said["type"] in ("error", "assert"):
                self.errors.append(json.dumps(said["args"])[:2_000])
            case "Log.entryAdded" if said["entry"]["level"] == "error":
                self.errors.append(f"{said['entry']['text']} {said['entry'].get('url', '')}")

    async def value(self, script: str) -> Any:
        """The value of an expression, or of the promise that it is."""
        told = await self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    async def go(self, address: str) -> None:
        """Opens an address, as if it were typed."""
        told = await self.call("Page.navigate", url=address)
        assert "errorText" not in told, told

    async def wait_for(self, script: str) -> None:
        """Returns when an expression is true; while a page is being replaced it is asked again."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    if await self.value(f"Boolean({script})"):
                        return
                except AssertionError:
                    pass
                await asyncio.sleep(0.02)

    async def write(self, text: str) -> None:
        """Types a text into what has the focus."""
        await self.call("Input.insertText", text=text)

    async def click(self, selector: str) -> None:
        """Clicks into the middle of the first element of a selector."""
        box = await self.value(
            f"(e => {{e.scrollIntoView({{block: 'center'}}); const b = e.getBoundingClientRect();"
            f"return [b.x + b.width / 2, b.y + b.height / 2]}})(document.querySelector({json.dumps(selector)}))"
        )
        for kind in ("mousePressed", "mouseReleased"):
            await self.call("Input.dispatchMouseEvent", type=kind, x=box[0], y=box[1], button="left", clickCount=1)


def _start(program: str, profile: Path) -> tuple[subprocess.Popen[bytes], int, int]:
    """The browser, the pipe it speaks into and the one it listens to."""
    (their_read, our_write), (our_read, their_write) = os.pipe(), os.pipe()
    # Chromium reads from 3 and writes to 4, whatever numbers these are here
    theirs = [fcntl.fcntl(each, fcntl.F_DUPFD, 10) for each in (their_read, their_write)]

    def as_three_and_four() -> None:
        os.dup2(theirs[0], 3)
        os.dup2(theirs[1], 4)

    with (profile.parent / "chromium.log").open("wb") as said:
        process = subprocess.Popen(
            [program, *_FLAGS, f"--user-data-dir={profile}"],
            stdout=said,
            stderr=said,
            preexec_fn=as_three_and_four,
            pass_fds=(3, 4),
        )
    for each in (their_read, their_write, *theirs):
        os.close(each)
    return process, our_read, our_write


@asynccontextmanager
async def browse(program: str, profile: Path) -> AsyncIterator[Page]:
    """Starts Chromium with an empty profile and yields a tab."""
    process, our_read, our_write = _start(program, profile)
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=64 << 20)
    reading, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(our_read, "rb"))
    writing, flow = await loop.connect_write_pipe(
        lambda: asyncio.StreamReaderProtocol(asyncio.StreamReader()), os.fdopen(our_write, "wb")
    )
    page = Page(asyncio.StreamWriter(writing, flow, None, loop))

    async def listen() -> None:
        while True:
            page.hear(json.loads((await reader.readuntil(b"\0"))[:-1]))

    listening = asyncio.create_task(listen())
    try:
        target = (await page.call("Target.createTarget", url="about:blank"))["targetId"]
        page.session = (await page.call("Target.attachToTarget", targetId=target, flatten=True))["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await page.call(f"{domain}.enable")
        yield page
    finally:
        listening.cancel()
        process.kill()
        await asyncio.to_thread(process.wait)
        reading.close()
        writing.close()
