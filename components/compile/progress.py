"""How far a compile is: a bar on a terminal, a line for each cluster elsewhere."""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

_WIDTH = 30


class Progress:
    """Of `total` clusters. A line for one alone says nothing that the end does not say."""

    def __init__(self, total: int, stream: TextIO | None = None):
        self._total = total
        self._stream = stream or sys.stderr
        self._bar = self._stream.isatty()
        self._number = 0

    def done(self, cluster: str, seconds: float, files: int) -> None:
        self._number += 1
        if self._bar:
            full = _WIDTH * self._number // self._total
            line = f"[{'#' * full:{_WIDTH}}] {self._number}/{self._total} {cluster}"
            self._write(f"\r{line[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        elif self._total > 1:
            self._write(f"[{self._number}/{self._total}] {cluster} ... {seconds:.2f} s, {files} files\n")

    def end(self) -> None:
        """Leave no bar behind, so that what follows begins a line."""
        if self._bar and self._number:
            self._write("\r\x1b[K")

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
