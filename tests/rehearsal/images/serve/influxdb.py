"""InfluxDB 2 on its port: health, the first setup and the list of buckets (/api/v2), kept beside its bolt file."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.engines.jobs.http_server import Call, serving

PORT = 8086
# Of a password, as onboarding has it.
_SHORTEST = 8


class InfluxDB:
    def __init__(self, bolt: Path) -> None:
        self._file = bolt.with_suffix(".json")
        self._setup: dict[str, Any] = json.loads(self._file.read_text()) if self._file.exists() else {}

    def __call__(self, call: Call) -> tuple[int, Any]:
        asked = urlsplit(call.path)
        match call.method, asked.path:
            case "GET", "/ping" | "/health":
                return 200, {"name": "influxdb", "status": "pass"}
            case "GET", "/api/v2/setup":
                return 200, {"allowed": not self._setup}
            case "POST", "/api/v2/setup":
                return self._first(call.json() or {})
            case "GET", "/api/v2/buckets":
                return self._buckets(call.headers.get("Authorization", ""), parse_qs(asked.query))
        return 404, {"code": "not found", "message": "path not found"}

    def _first(self, wanted: dict[str, Any]) -> tuple[int, Any]:
        if self._setup:
            return 422, {"code": "conflict", "message": "onboarding has already been completed"}
        if not all(wanted.get(key) for key in ("username", "org", "bucket", "token")):
            return 422, {"code": "unprocessable entity", "message": "username, org, bucket or token is empty"}
        if len(wanted.get("password", "")) < _SHORTEST:
            return 422, {"code": "unprocessable entity", "message": "passwords must be at least 8 characters long"}
        self._setup = wanted
        self._file.write_text(json.dumps(wanted))
        return 201, {"bucket": {"name": wanted["bucket"]}, "org": {"name": wanted["org"]}}

    def _buckets(self, authorization: str, query: dict[str, list[str]]) -> tuple[int, Any]:
        if not self._setup or authorization != f"Token {self._setup['token']}":
            return 401, {"code": "unauthorized", "message": "unauthorized access"}
        if query.get("org") != [self._setup["org"]] or query.get("name") != [self._setup["bucket"]]:
            return 404, {"code": "not found", "message": "bucket not found"}
        return 200, {"buckets": [{"name": self._setup["bucket"], "retention": self._setup["retention"]}]}


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    place = Path(os.environ.get("INFLUXD_BOLT_PATH", "~/.influxdbv2/influxd.bolt")).expanduser()
    with serving(InfluxDB(place), "0.0.0.0", PORT):
        signal.pause()
