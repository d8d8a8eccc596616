"""A Prometheus of Debian's on a host of a test's network, and what it answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.engines.haproxy.network import Host
from tests.engines.processes import Process, until
from tests.engines.programs import installed

_PATIENCE = 30  # seconds until an expected change must have come


class Prometheus:
    """Runs `folder`/prometheus.yml; asks it over its own loopback address, as its job of itself does."""

    def __init__(self, host: Host, folder: Path) -> None:
        self.host, self.folder = host, folder
        self._process = None

    def start(self) -> None:
        self._process = Process(
            "prometheus",
            self.host.command(
                installed("prometheus"),
                f"--config.file={self.folder / 'prometheus.yml'}",
                f"--storage.tsdb.path={self.folder / 'data'}",
                "--web.listen-address=127.0.0.1:9090",
            ),
            self.folder,
        )
        self._process.wait_until(lambda: self._get("/-/ready") is not None, "ready", _PATIENCE)

    def _get(self, path: str) -> str | None:
        done = subprocess.run(
            self.host.command(
                installed("curl"), "--silent", "--fail", "--max-time", "10", f"http://127.0.0.1:9090{path}"
            ),
            capture_output=True,
            text=True,
        )
        return done.stdout if done.returncode == 0 else None

    def ask(self, path: str, **query: str) -> Any:
        """The `data` of an answer of its API; an assertion fails where it refuses."""
        answer = self._get(f"/api/v1/{path}{'?' + urlencode(query) if query else ''}")
        assert answer is not None, f"{path} {query}: refused"
        return json.loads(answer)["data"]

    def query(self, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
        """Labels (without the name) -> value, now."""
        return {
            tuple(sorted((key, value) for key, value in found["metric"].items() if key != "__name__")): float(
                found["value"][1]
            )
            for found in self.ask("query", query=expression)["result"]
        }

    def becomes(self, expression: str, seconds: float = _PATIENCE) -> bool:
        """Has the expression a value in time?"""
        return until(lambda: self.query(expression), seconds, 0.5)

    def metrics(self, job: str) -> set[str]:
        """Names of all that was scraped from a job."""
        return {
            dict(labels)["name"]
            for labels in self.query(
                f'count by (name) (label_replace({{job="{job}"}}, "name", "$1", "__name__", "(.*)"))'
            )
        }

    def stop(self) -> None:
        if self._process:
            self._process.stop()
