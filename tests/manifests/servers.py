"""HTTP servers that answer the scripts of inventory/files, and remember what they were asked."""

from __future__ import annotations

import json
import subprocess
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Callable, Iterator

FILES = Path(__file__).resolve().parents[2] / "inventory" / "files"


@dataclass(frozen=True)
class Call:
    method: str
    path: str
    body: Any
    token: str | None


# A call -> (status, answer).
Answer = Callable[[Call], tuple[int, Any]]


@dataclass
class Server:
    """A server on this host; `answer` may be replaced at any time."""

    answer: Answer
    url: str = ""
    calls: list[Call] = field(default_factory=list)


@contextmanager
def serve(answer: Answer) -> Iterator[Server]:
    """Run a server while the block lasts."""
    server = Server(answer)

    class Handler(BaseHTTPRequestHandler):
        def _any(self) -> None:
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            authorization = self.headers.get("Authorization")
            call = Call(
                self.command, self.path, json.loads(text) if text else None,
                authorization.removeprefix("Bearer ") if authorization else None,
            )
            server.calls.append(call)
            status, found = server.answer(call)
            body = json.dumps(found).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = _any

        def log_message(self, *_: Any) -> None:
            pass

    listener = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{listener.server_port}"
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def run(script: str, folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a script of the face with nothing but this environment, without pauses and proxies."""
    return subprocess.run(
        ["sh", str(FILES / script), *arguments], capture_output=True, text=True, timeout=30,
        env={"PATH": "/usr/local/bin:/usr/bin:/bin", "TMPDIR": str(folder), "NO_PROXY": "*", **environment},
    )
