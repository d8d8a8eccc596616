"""A Git repository over HTTPS, in the role of the fork's own: Git's program for web servers does the work."""

from __future__ import annotations

import os
import subprocess
from urllib.parse import unquote

from tests.engines.argocd.repository import Repository
from tests.engines.bootstrap.internet import Answer, Place, Request, place_of


def served(url: str, repository: Repository) -> dict[str, Place]:
    """Site of the Internet that answers for the repository at its address."""

    def answer(request: Request) -> Answer | None:
        path, _, query = request.path.partition("?")
        done = subprocess.run(
            ["git", "http-backend"],
            input=request.body,
            capture_output=True,
            timeout=120,
            env={
                "PATH": os.environ["PATH"],
                "GIT_PROJECT_ROOT": str(repository.folder / ".git"),
                # Of this user's own settings nothing counts.
                "GIT_CONFIG_GLOBAL": os.devnull,
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_HTTP_EXPORT_ALL": "1",
                "REQUEST_METHOD": request.method,
                "PATH_INFO": f"/{unquote(path)}",
                "QUERY_STRING": query,
                "CONTENT_TYPE": request.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(request.body)),
                "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
                "HTTP_GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
            },
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        return None if headers.pop("Status", "200").startswith("4") else Answer(body, headers)

    place = place_of(url)
    # Either spelling of the address leads to it.
    return dict.fromkeys({place, place.removesuffix(".git"), f"{place.removesuffix('.git')}.git"}, answer)
