"""An HTTP server of a test, on an address of its own and the port that its callers expect."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    headers: Mapping[str, str]
    body: str

    def json(self) -> Any:
        """The body; None where it is no JSON or is not declared as such."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            return None
        try:
            return json.loads(self.body)
        except ValueError:
            return None


# A call -> (status, what to send as JSON).
Answer = Callable[[Call], tuple[int, Any]]


@contextmanager
def serving(answer: Answer, address: str, port: int) -> Iterator[list[Call]]:
    """Serve while the block lasts; gives the calls, as they come."""
    calls: list[Call] = []

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            call = Call(self.command, self.path, self.headers, body)
            calls.append(call)
            status, found = answer(call)
            text = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _any

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer((address, port), Handler)
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield calls
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()
