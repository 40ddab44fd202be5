"""A program in a pseudo-terminal: what it writes with the time it came, what it costs."""

import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Sequence
from pathlib import Path

PIECES = re.compile(
    rb"\x1b\[(?P<row>\d+);(?P<column>\d+)H|\x1b\[[0-?]*[ -/]*[@-~]"
    rb"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[@-Z\\^_]|(?P<newline>\r\n)|(?P<text>[^\x1b\r\n]+)|[\r\n]"
)
"""What is written, piece by piece; colors and modes are passed over."""

SYNCHRONIZED = b"\x1b[?2026$p", b"\x1b[?2026;2$y"
"""The question whether updates can be shown whole, and the answer of terminals that can."""

NOT_INHERITED = {"NO_COLOR", "COLUMNS", "LINES", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
"""Without the third, an installed program would be compiled at each start."""

HERE_ALONE = {
    "TERM": "xterm-256color",
    "COLORTERM": "truecolor",
    "GRADSIM_HOME": tempfile.mkdtemp(prefix="gradsim-benchmark-"),
}
"""The same terminal everywhere, and no settings and sessions of the user."""

BEGIN = b"\x1b[?2026h"
"""How an update of the screen begins."""


class Screen:
    """The characters on the screen, as far as Textual writes them; NUL where nothing was."""

    def __init__(self, width: int, height: int) -> None:
        self._cells = [["\0"] * width for _ in range(height)]
        self._row = self._column = 0
        self._rest = b""

    def lines(self) -> list[str]:
        """What it shows."""
        return ["".join(row) for row in self._cells]

    def feed(self, data: bytes) -> None:
        """Take in what was written; a piece may be cut in two anywhere."""
        data, self._rest = self._rest + data, b""
        cut = max(data.rfind(b"\x1b"), data.rfind(b"\r"))
        if (cut >= 0 and (piece := PIECES.match(data, cut)) is None) or cut == len(data) - 1 >= 0:
            data, self._rest = data[:cut], data[cut:]
        for piece in PIECES.finditer(data):
            if piece["row"]:
                self._row, self._column = int(piece["row"]) - 1, int(piece["column"]) - 1
            elif piece["newline"]:
                self._row, self._column = self._row + 1, 0
            elif piece["text"]:
                self._write(piece["text"])

    def _write(self, written: bytes) -> None:
        for sign in written.decode(errors="replace"):
            if self._row < len(self._cells) and self._column < len(self._cells[0]):
                self._cells[self._row][self._column] = sign
            self._column += 1


class Terminal:
    """Runs a command in a terminal of this size. To be closed."""

    def __init__(
        self, command: Sequence[str], size: tuple[int, int], env: dict[str, str] | None = None
    ) -> None:
        self.master, side = os.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("TEXTUAL") and name not in NOT_INHERITED
        }
        self.started = time.perf_counter()
        self.process = subprocess.Popen(
            command,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            env=inherited | HERE_ALONE | (env or {}),
        )
        os.close(side)
        self.screen = Screen(*size)
        self.chunks: list[tuple[float, bytes]] = []
        self._news = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            ready, _, _ = select.select([self.master], [], [], 1.0)
            if not ready:
                if self.process.poll() is not None:
                    return
                continue
            try:
                data = os.read(self.master, 65536)
            except OSError:  # the program has closed its side
                return
            if SYNCHRONIZED[0] in data:
                os.write(self.master, SYNCHRONIZED[1])
            with self._news:
                self.chunks.append((time.perf_counter(), data))
                self.screen.feed(data)
                self._news.notify_all()

    def press(self, keys: str) -> float:
        """Type these characters; gives back when."""
        at = time.perf_counter()
        os.write(self.master, keys.encode())
        return at

    def written(self, since: float, until: float = float("inf")) -> bytes:
        """What it wrote in this time."""
        with self._news:
            return b"".join(data for at, data in self.chunks if since <= at < until)

    def wait_for(self, pattern: str, since: float = 0.0, timeout: float = 60.0) -> float:
        """When a line of the screen matched first, but not before this moment.

        Raises TimeoutError.
        """
        wanted = re.compile(pattern)
        end = time.perf_counter() + timeout
        with self._news:
            while True:
                late_enough = self.chunks and self.chunks[-1][0] >= since
                if late_enough and any(map(wanted.search, self.screen.lines())):
                    return self.chunks[-1][0]
                if not self._news.wait(max(0.0, end - time.perf_counter())):
                    shown = "\n".join(self.screen.lines())
                    raise TimeoutError(f"{pattern!r} did not come; seen:\n{shown}")

    def updates(self, since: float, until: float) -> int:
        """How many updates of the screen it wrote in this time."""
        return self.written(since, until).count(BEGIN)

    def cpu(self) -> float:
        """Seconds on a processor so far, of all its threads."""
        tasks = Path(f"/proc/{self.process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9

    def memory(self) -> int:
        """Bytes in memory that are its own."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"RssAnon:\s+(\d+) kB", text)
        assert found
        return int(found[1]) * 1024

    def close(self, keys: str = "") -> None:
        """Let it end by these keys, or end it."""
        if keys and self.process.poll() is None:
            self.press(keys)
            try:
                self.process.wait(5.0)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGTERM)
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        os.close(self.master)
