"""Shared by the tests in a browser: a headless Chromium, steered over its own protocol.

Source of the protocol: Chrome DevTools Protocol, version 1.3.
"""

import asyncio
import base64
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")

FLAGS = (
    "--headless", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--hide-scrollbars",
    "--remote-debugging-port=0", "--window-size=1200,800", "about:blank",
)  # fmt: skip

WITHIN = 60.0
"""Seconds within which something must happen, on a machine however busy."""


def words(received: bytes) -> str:
    """What a terminal was sent, without what steers it."""
    return re.sub(r"\x1b\[[?<>=;\d]*[a-zA-Z$]p?", "", received.decode("utf-8", "replace"))


class Page:
    """A page in the browser, and what a server has sent to it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._received: list[bytes] = []
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        async for message in self._socket:
            told = message.json()
            if told.get("id") in self._answers:
                self._answers.pop(told["id"]).set_result(told)
            elif told.get("method") == "Network.webSocketFrameReceived":
                frame = told["params"]["response"]
                if frame["opcode"] == 2:
                    self._received.append(base64.b64decode(frame["payloadData"]))

    async def ask(self, method: str, **parameters: Any) -> Any:
        """Have the browser do something, and wait for what it answers."""
        self._asked += 1
        number = self._asked
        answer = self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        told = await asyncio.wait_for(answer, WITHIN)
        assert "error" not in told, told
        return told["result"]

    async def open(self, address: str) -> None:
        await self.ask("Network.enable")
        await self.ask("Page.enable")
        await self.ask("Page.navigate", url=address)

    async def value(self, expression: str) -> Any:
        """What an expression in the page is worth."""
        told = await self.ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        return told["result"].get("value")

    async def press(self, key: str) -> None:
        """Press a key that writes a character."""
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self) -> bytes:
        """What the page looks like, as PNG."""
        told = await self.ask("Page.captureScreenshot", format="png")
        return base64.b64decode(told["data"])

    @property
    def words(self) -> str:
        """All that the terminal in the page was sent, without what steers it."""
        return words(b"".join(self._received))

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        """Wait until something holds."""
        for _ in range(int(WITHIN / 0.05)):
            if holds():
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came to that: {what}")

    async def until_true(self, expression: str) -> None:
        """Wait until an expression in the page is true."""
        for _ in range(int(WITHIN / 0.05)):
            if await self.value(expression):
                return
            await asyncio.sleep(0.05)
        raise AssertionError(f"it never came to that: {expression}")

    async def close(self) -> None:
        self._listening.cancel()
        await self._socket.close()


def chromium() -> str:
    """Where Chromium is; the test is skipped where there is none."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"there is no Chromium: one of {', '.join(NAMES)} must be in the PATH")
    return found


@asynccontextmanager
async def page() -> AsyncIterator[Page]:
    """A page in a browser of its own."""
    program = chromium()
    root = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        process = await asyncio.create_subprocess_exec(
            program,
            *root,
            f"--user-data-dir={folder}",
            *FLAGS,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            port = await _port(Path(folder) / "DevToolsActivePort")
            async with aiohttp.ClientSession() as client:
                async with client.get(f"http://127.0.0.1:{port}/json/list") as answer:
                    listed = await answer.json()
                address = next(
                    one["webSocketDebuggerUrl"] for one in listed if one["type"] == "page"
                )
                async with client.ws_connect(address, max_msg_size=0) as socket:
                    shown = Page(socket)
                    yield shown
                    await shown.close()
        finally:
            process.terminate()
            await process.wait()


async def _port(file: Path) -> int:
    for _ in range(int(WITHIN / 0.05)):
        if file.exists() and (lines := file.read_text("utf-8").split()):
            return int(lines[0])
        await asyncio.sleep(0.05)
    raise AssertionError("the browser has not opened")
