"""A step of the bootstrap on a host, as it runs."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from tests.engines.bootstrap.site import SCRIPT
from tests.rehearsal.hosts import NodeHost


class Step:
    """bootstrap.sh STEP in the background; a context that ends before it ends takes it along."""

    def __init__(self, host: NodeHost, step: str, logs: Path) -> None:
        self._output, self._errors = (logs / f"{host.name}-{step}{kind}.log" for kind in ("", "-errors"))
        with open(self._output, "wb") as output, open(self._errors, "wb") as errors:
            self._process = subprocess.Popen(
                host.command("bash", SCRIPT, step),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
            )

    def __enter__(self) -> Step:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def wait(self, seconds: float) -> int:
        try:
            return self._process.wait(max(0, seconds))
        except subprocess.TimeoutExpired:
            return -1

    def said(self) -> str:
        return self._output.read_text("utf-8", "replace")

    def last_words(self) -> str:
        return self._errors.read_text("utf-8", "replace").rstrip().rpartition("\n")[2] or "it takes too long"
