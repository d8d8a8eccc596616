"""Chromium without a window, spoken to over two pipes (its DevTools protocol), and asked for what it has laid out."""

from __future__ import annotations

import base64
import json
import os
import select
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

# Each takes less than a second; a busy machine may need more.
_PATIENCE = 60


class Browser:
    """One tab. Pages are files of this machine, and it has no network to ask for anything else."""

    def __init__(self, program: Path, folder: Path) -> None:
        """Its profile and its log go to `folder`."""
        (theirs_in, self._to), (self._from, theirs_out) = os.pipe(), os.pipe()
        options = ["--headless", "--disable-gpu", "--hide-scrollbars", "--remote-debugging-pipe", "--no-first-run"]
        # Its sandbox is not for root.
        options += ["--no-sandbox"] * (os.geteuid() == 0)
        # Pipes 3 and 4 are where it listens and answers.
        command = f'exec "$@" 3<&{theirs_in} 4>&{theirs_out}'
        with (folder / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                ["bash", "-c", command, "bash", program, *options, f"--user-data-dir={folder / 'profile'}"],
                pass_fds=(theirs_in, theirs_out),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        os.close(theirs_in)
        os.close(theirs_out)
        self._number, self._unread, self._session = 0, b"", ""
        tab = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=tab, flatten=True)["sessionId"]
        self._ask("Page.enable")

    def open(self, page: Path, width: int, scheme: str) -> None:
        """Show a file as a screen of this width would, in the "light" or the "dark" scheme."""
        self._ask(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self._ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
        self._ask("Page.navigate", url="about:blank")
        address = page.resolve().as_uri()
        self._ask("Page.navigate", url=address)
        self.until(f"document.readyState == 'complete' && location.href.startsWith({json.dumps(address)})")

    def tell(self, expression: str) -> Any:
        """The value of a JavaScript expression on the page."""
        answer = self._ask("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        end = time.monotonic() + _PATIENCE
        while not self.tell(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.02)

    def screenshot(self, file: Path) -> bytes:
        """PNG of the whole page, also written to a file."""
        high, wide = self.tell("[document.documentElement.scrollHeight, innerWidth]")
        clip = {"x": 0, "y": 0, "width": wide, "height": min(high, 16_000), "scale": 1}
        picture = base64.b64decode(self._ask("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)["data"])
        file.write_bytes(picture)
        return picture

    def close(self) -> None:
        with suppress(OSError):
            os.close(self._to)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._from)

    def _ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer = self._answer(lambda found: found.get("id") == self._number)
        assert "error" not in answer, f"{method}: {answer['error']}"
        return answer["result"]

    def _answer(self, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The next message that is wanted; events are passed over."""
        while True:
            while b"\0" not in self._unread:
                assert select.select([self._from], [], [], _PATIENCE)[0], "the browser does not answer"
                part = os.read(self._from, 1 << 16)
                assert part, "the browser has ended; its log is chromium.log"
                self._unread += part
            message, _, self._unread = self._unread.partition(b"\0")
            if wanted(found := json.loads(message)):
                return found
