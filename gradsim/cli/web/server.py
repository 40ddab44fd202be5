"""Serves the app to browsers with textual-serve: each visitor gets a process of their own."""

import asyncio
import shlex
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server

from gradsim.cli.terminal import note
from gradsim.errors import InputError
from gradsim.files import reason
from gradsim.recording.font import font_file

SECONDS_TO_END = 5.0
"""How long a visitor's app may take to write its session down when the server ends."""

_PAGE = Path(__file__).parent / "page.html"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def serve(arguments: Sequence[str], host: str, port: int) -> None:
    """Serve `gradsim` with these arguments until ctrl-c. Port 0 is any that is free.

    Raises InputError where nobody can be served at this address.
    """
    listening = _listen(host, port)
    port = listening.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    note(f"gradsim is at http://{shown}:{port}/ for each visitor by themselves; ctrl-c ends it")
    if not is_loopback(host):
        note("whoever reaches this address can use it, and write files as you: mind the network")
    asyncio.set_event_loop(asyncio.new_event_loop())
    web.run_app(
        _application(arguments, host, port),
        sock=listening,
        print=None,
        access_log=None,
        shutdown_timeout=SECONDS_TO_END,
        loop=asyncio.get_event_loop(),
    )
    note("gradsim is no longer served; sessions are kept")


def is_loopback(host: str) -> bool:
    """Whether an address is reached from this machine only."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def command_of(arguments: Sequence[str]) -> str:
    """The command that a visitor's process is: this Python with these arguments."""
    words = [sys.executable, "-m", "gradsim.cli.main", *arguments]
    # The shell in between is replaced, so that what ends it ends the app.
    return (
        subprocess.list2cmdline(words) if sys.platform == "win32" else f"exec {shlex.join(words)}"
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        (family, *_, address), *_ = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address[:2], family=family)
    except OSError as error:
        raise InputError(
            f"nothing can be served at {host}, port {port}: {reason(error)}; "
            "--port 0 takes one that is free"
        ) from None


async def _application(arguments: Sequence[str], host: str, port: int) -> web.Application:
    """The page, its font and terminal, and a process for each who opens it."""
    visits = Visits(Server(command_of(arguments), host, port))

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE.read_text("utf-8"), content_type="text/html")

    async def font(_: web.Request) -> web.Response:
        return web.Response(body=font_file(), content_type="font/ttf")

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_welcome(request.host, request.headers.get("Origin"), host):
            raise web.HTTPForbidden(text="gradsim serves its own page only")
        return await handler(request)

    application = web.Application(middlewares=[guard])
    application.router.add_get("/", page)
    application.router.add_get("/font.ttf", font)
    application.router.add_get("/ws", visits.visit)
    application.router.add_static("/static", visits.server.statics_path)
    application.on_shutdown.append(visits.end)
    return application


class Visits:
    """The apps of the visitors who are there."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._apps: set[AppService] = set()

    async def visit(self, request: web.Request) -> web.StreamResponse:
        """Run an app for one visitor, until either of them ends it."""
        terminal = web.WebSocketResponse(heartbeat=15, timeout=1.0)
        await terminal.prepare(request)

        async def send(data: bytes) -> None:
            # What comes from an app whose visitor has left is read all the same, until it ends.
            if not terminal.closed:
                with suppress(ConnectionError):
                    await terminal.send_bytes(data)

        async def close() -> None:
            await terminal.close()

        app = AppService(
            self.server.command,
            write_bytes=send,
            write_str=terminal.send_str,
            close=close,
            download_manager=self.server.download_manager,
        )
        size = (_number(request.query.get(name)) for name in ("width", "height"))
        await app.start(*size)
        self._apps.add(app)
        try:
            # Private to textual-serve: what the terminal in its page sends.
            await self.server._process_messages(terminal, app)
        finally:
            await _ended(app)
            self._apps.discard(app)
        return terminal

    async def end(self, _: web.Application) -> None:
        """Ask every app to end, and wait for them: each writes its session down."""
        await asyncio.gather(*(_ended(app) for app in self._apps))


async def _ended(app: AppService) -> None:
    """Ask an app to end, and wait until its process has; it is killed where that takes too long."""
    try:
        async with asyncio.timeout(SECONDS_TO_END):
            await app.stop()
            # Private to textual-serve, which does not wait for the process itself.
            if app._process is not None:
                await app._process.wait()
    except TimeoutError:
        if app._process is not None and app._process.returncode is None:
            app._process.kill()
            await app._process.wait()


def _number(text: str | None) -> int:
    return min(max(int(text), 1), 1000) if text and text.isdecimal() else 80


def is_welcome(asked: str, origin: str | None, host: str) -> bool:
    """Whether a request is from our own page: others could steer the app from a browser's tab.

    `asked` is the host that the browser asked for, `host` the one we serve. On loopback another
    name is none of ours: it would be one that somebody made to lead here.
    """
    if origin is not None and urlsplit(origin).netloc != asked:
        return False
    name = urlsplit(f"//{asked}").hostname or ""
    return not is_loopback(host) or is_loopback(name)
