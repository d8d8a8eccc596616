"""What a rehearsal says while it runs, and the table at its end."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO


@dataclass
class Report:
    """Progress on `out`; what steps say goes to files of `logs`."""

    logs: Path
    out: TextIO = sys.stderr
    started: float = field(default_factory=time.monotonic)
    rows: list[tuple[str, str]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        print(f"{self._clock()}  {text}", file=self.out, flush=True)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """A part of the rehearsal: its beginning is told, and in the table its time."""
        self.say(f"{name} ...")
        begun = time.monotonic()
        yield
        self.rows.append((name, f"{time.monotonic() - begun:.0f} s"))

    def figure(self, what: str, value: str) -> None:
        self.say(f"{what}: {value}")
        self.rows.append((what, value))

    def once(self, what: str) -> None:
        """When something came about first, in the table."""
        if what not in dict(self.rows):
            self.figure(what, f"after {time.monotonic() - self.started:.0f} s")

    def fail(self, text: str) -> None:
        """A finding: the rehearsal goes on, and ends with exit code 1."""
        self.say(f"FAILED: {text}")
        self.failures.append(text)

    def log(self, name: str, text: str) -> None:
        with open(self.logs / f"{name}.log", "a", encoding="utf-8") as file:
            file.write(text)

    def table(self) -> str:
        rows = [*self.rows, ("in all", f"{time.monotonic() - self.started:.0f} s")]
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"  {name:{width}}  {value}" for name, value in rows)

    def _clock(self) -> str:
        minutes, seconds = divmod(int(time.monotonic() - self.started), 60)
        return f"{minutes:2}:{seconds:02}"
