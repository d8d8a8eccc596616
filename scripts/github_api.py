"""Calls of GitHub's REST API, with the standard library alone: whoever sends a comment need not install anything.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from http.client import HTTPException
from typing import Any

_SECONDS = 30
_PER_PAGE = 100
#: What passes: of a server that is overloaded or restarts, of somebody who asks too often.
_PASSES = {429, 500, 502, 503, 504}
_WAYS_OUT = {
    401: "The token is not valid, or no longer",
    403: "The token may not do that: the job needs `pull-requests: write`, and an organization may forbid it",
    404: "It is not there, or the token may not see it",
}


class Refused(Exception):
    """GitHub's answer is no, and would be again."""


class Later(Exception):
    """No answer, or one that may be another a little later; `seconds`: GitHub says when, or 0."""

    def __init__(self, message: str, seconds: int = 0):
        super().__init__(message)
        self.seconds = seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """urllib would send the token along to wherever it is sent."""

    def redirect_request(self, *_: Any) -> None:
        return None


class GitHub:
    """The API below an address, for whom a token stands for."""

    def __init__(self, address: str, token: str):
        self._address, self._token = address.rstrip("/"), token
        self._opener = urllib.request.build_opener(_NoRedirect)

    def call(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        """The answer's JSON. Refused and Later say the call and what GitHub says."""
        return self._call(method, path, body)[0]

    def pages(self, path: str) -> Iterator[Any]:
        """The items of a list, page by page, as far as they are asked for."""
        number, more = 1, True
        while more:
            items, headers = self._call("GET", f"{path}?per_page={_PER_PAGE}&page={number}", None)
            yield from items
            # The addresses in there are not followed: they could lead elsewhere.
            more = 'rel="next"' in headers.get("Link", "")
            number += 1

    def _call(self, method: str, path: str, body: dict[str, str] | None) -> tuple[Any, Message]:
        request = urllib.request.Request(
            self._address + path,
            method=method,
            data=None if body is None else json.dumps(body).encode("ascii"),
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "User-Agent": "dojot-gitops",
                "X-GitHub-Api-Version": "2022-11-28",
            },
        )
        try:
            with self._opener.open(request, timeout=_SECONDS) as answer:
                return json.loads(answer.read()), answer.headers
        except urllib.error.HTTPError as error:
            raise _no(f"{method} {path}", error) from None
        except (OSError, HTTPException, ValueError) as error:
            # Nobody there, an answer that is cut off, one that is no JSON.
            reason = getattr(error, "reason", error)
            raise Later(f"{method} {path}: no whole answer from {self._address}: {reason}") from None


def _no(call: str, error: urllib.error.HTTPError) -> Refused | Later:
    """Which of both an answer is. 403 is also what GitHub says to whoever asks too often."""
    message = f"{call}: {error.code} {_message(error)}"
    wait = error.headers.get("Retry-After", "")
    limited = error.code == 403 and (wait or error.headers.get("X-RateLimit-Remaining") == "0")
    if error.code in _PASSES or limited:
        return Later(message, int(wait) if wait.isdecimal() else 0)
    way_out = _WAYS_OUT.get(error.code)
    return Refused(f"{message}. {way_out}" if way_out else message)


def _message(error: urllib.error.HTTPError) -> str:
    """What GitHub says beside the number; a proxy in between says it in no JSON."""
    try:
        return str(json.loads(error.read())["message"])
    except (OSError, ValueError, LookupError, TypeError):
        return error.reason
