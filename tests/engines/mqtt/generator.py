"""load.py in the background, asked line by line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROGRAM = Path(__file__).with_name("load.py")


class Generator:
    """A load generator; `within` makes a command line one that runs where its traffic begins."""

    def __init__(self, target: str, port: int, *options: str, within: Callable[..., list[str]] | None = None) -> None:
        command = [sys.executable, str(PROGRAM), "--to", f"{target}:{port}", *options]
        self._process = subprocess.Popen(
            within(*command) if within else command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, command: str) -> dict[str, Any]:
        """The answer to one command of load.py."""
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the load generator ended at {command!r}, exit code {self._process.wait()}"
        return json.loads(answer)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
        self._process.stdout.close()
