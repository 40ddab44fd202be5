"""`gradsim serve`: the app in a real browser, to its own page only, and a clean end."""

import asyncio
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path

import aiohttp
import numpy as np
import pytest
from browser import page, words
from PIL import Image

from gradsim.cli.main import run
from gradsim.cli.web.server import command_of, is_loopback, is_welcome

ORANGE, BLUE = (255, 166, 87), (121, 192, 255)
"""Of the theme: the name in the corner; keys."""


@asynccontextmanager
async def served(*arguments: str) -> AsyncIterator[tuple[str, asyncio.subprocess.Process]]:
    """The command in a process of its own, on a free port, with the address it says."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gradsim.cli.main", "serve", "--port", "0", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        line = (await process.stderr.readline()).decode()
        found = re.search(r"http://[\d.]+:\d+/", line)
        assert found, line + (await process.stderr.read()).decode()
        yield found[0], process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(png)).convert("RGB")).astype(int)


def count(image: np.ndarray, color: tuple[int, int, int]) -> int:
    return int((np.abs(image - color).max(axis=2) < 12).sum())


async def test_the_app_in_a_browser(home: Path, tmp_path: Path) -> None:
    async with page() as seen, served("--activation", "relu", "--depth", "7") as (address, process):
        await seen.open(address)
        await seen.until(lambda: "forward ▶" in seen.words, "the strip is on screen")
        await seen.until(lambda: "7x64" in seen.words, "with the depth asked for")
        await seen.until_true("document.body.classList.contains('-first-byte')")
        await seen.press(" ")
        await asyncio.sleep(0.5)
        flow = pixels(await seen.picture())
        assert count(flow, ORANGE) > 100
        assert count(flow, BLUE) > 100

        before = len(seen.words)
        await seen.press("2")
        await seen.until(lambda: "slope" in seen.words[before:], "the view layer is on screen")
        await asyncio.sleep(0.5)
        png = await seen.picture()
        (tmp_path / "layer.png").write_bytes(png)
        layer = pixels(png)
        assert layer.shape == flow.shape
        assert (layer != flow).any(axis=2).mean() > 0.02

        await seen.press("q")
        await seen.until_true("document.body.classList.contains('-closed')")
        # It was worth keeping, and lies where every session does.
        assert await seen.value("document.querySelector('.ended').innerText.includes('kept')")

        process.send_signal(signal.SIGINT)
        out, err = await asyncio.wait_for(process.communicate(), 60)
        assert (process.returncode, out) == (0, b"")
        assert err.decode() == "gradsim is no longer served; sessions are kept\n"
    if screenshot := os.environ.get("GRADSIM_SCREENSHOT"):
        Path(screenshot).write_bytes(png)


async def until(visit: aiohttp.ClientWebSocketResponse, wanted: str) -> None:
    """Read what a visitor is sent until there are these words in it."""
    received = b""
    for _ in range(1000):
        received = received[-50_000:] + await visit.receive_bytes(timeout=60)
        if wanted in words(received):
            return
    raise AssertionError(f"{wanted!r} has not come")


async def test_each_visitor_has_a_session_and_ctrl_c_keeps_them_all(home: Path) -> None:
    async with aiohttp.ClientSession() as client, served("--depth", "3") as (address, process):
        visits = [await client.ws_connect(f"{address}ws?width=90&height=30") for _ in range(2)]
        for visit in visits:
            await until(visit, "forward ▶")
            await visit.send_json(["stdin", "a"])  # another activation: worth keeping
        for visit in visits:
            await until(visit, "sigmoid → relu")
        process.send_signal(signal.SIGINT)
        _, err = await asyncio.wait_for(process.communicate(), 60)
        assert process.returncode == 0
        assert b"Traceback" not in err
        for visit in visits:
            await visit.close()
    kept = sorted((home / "sessions").glob("*.toml"))
    assert len(kept) == 2
    assert all("[[steps]]" in path.read_text("utf-8") for path in kept)


async def test_other_pages_are_turned_away() -> None:
    async with aiohttp.ClientSession() as client, served() as (address, _):
        async with client.get(address) as answer:
            text = await answer.text()
            assert answer.status == 200
        assert "http" not in re.sub(r'location\.protocol === "https:"', "", text)
        async with client.get(f"{address}font.ttf") as answer:
            assert answer.content_type == "font/ttf"
        async with client.get(f"{address}static/js/textual.js") as answer:
            assert answer.status == 200
        for headers in ({"Origin": "http://elsewhere.example"}, {"Host": "made-up.example"}):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                await client.ws_connect(f"{address}ws", headers=headers)
            assert refused.value.status == 403


def test_who_is_welcome() -> None:
    assert is_welcome("127.0.0.1:80", "http://127.0.0.1:80", "127.0.0.1")
    assert is_welcome("localhost:80", None, "127.0.0.1")
    assert is_welcome("[::1]:80", "http://[::1]:80", "::1")
    assert not is_welcome("127.0.0.1:80", "http://127.0.0.1:81", "127.0.0.1")
    assert not is_welcome("127.0.0.1:80", "null", "127.0.0.1")
    assert not is_welcome("made-up.example", "http://made-up.example", "127.0.0.1")
    # In a network it has whatever name it has there.
    assert is_welcome("class-room:80", "http://class-room:80", "0.0.0.0")
    assert not is_welcome("class-room:80", "http://elsewhere", "0.0.0.0")
    assert [is_loopback(h) for h in ("127.0.0.1", "::1", "localhost")] == [True] * 3
    assert [is_loopback(h) for h in ("0.0.0.0", "10.1.2.3", "name")] == [False] * 3


def test_the_command_is_this_python_and_keeps_its_words_together() -> None:
    command = command_of(["--set", "data=my data.csv"])
    assert "my data.csv" in command
    assert sys.executable in command


def test_what_is_wrong_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        for arguments, sentence in (
            (["--port", "x"], '--port is "x", but must be a whole number from 0 to 65535'),
            (["--port", port], f"nothing can be served at 127.0.0.1, port {port}: address already"),
            (["--host", "no.such.host.invalid"], "nothing can be served at no.such.host.invalid"),
            (["--depth", "-1"], "depth"),
            (["no-such"], "no-such: there is no such file, and no scenario"),
            (["gates-are-a-road", "--depth", "3"], "a scenario sets its own knobs"),
        ):
            assert run(["serve", *arguments]) == 2
            err = capsys.readouterr().err
            assert sentence in err
            assert err.count("\n") == 1


def test_without_the_library_a_sentence_says_what_to_install(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "gradsim.cli.web.server")
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    assert run(["serve"]) == 2
    assert "pip install 'gradsim[serve]'" in capsys.readouterr().err
