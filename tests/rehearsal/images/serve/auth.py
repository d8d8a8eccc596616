"""auth on its port: passwords and tokens as tests/engines/jobs/auth_api.py has them, kept in PostgreSQL."""

from __future__ import annotations

import signal
import sys
from typing import Any

from tests.engines.jobs.auth_api import Auth
from tests.engines.jobs.http_server import Call, serving
from tests.rehearsal.images.serve import kept

# What auth gives its administrator when it makes its database.
FIRST = "admin"
PORT = 5000


class Kept(Auth):
    def __init__(self) -> None:
        super().__init__(FIRST)
        self.passwords = kept.get("passwords", self.passwords)

    def __call__(self, call: Call) -> tuple[int, Any]:
        if call.method == "GET" and call.path == "/admin/tenants":
            return 200, {"tenants": ["admin"]}
        if call.method == "POST" and call.path == "/pdp":
            return 200, {"result": "permit"}
        known = len(self.passwords)
        answer = super().__call__(call)
        if len(self.passwords) > known:
            kept.put("passwords", self.passwords)
        return answer


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with serving(Kept(), "0.0.0.0", PORT):
        signal.pause()
