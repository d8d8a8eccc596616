"""dojot's auth v0.6.0 as far as passwords go: logins, tokens, and which new passwords it refuses.

auth itself comes from no registry. This follows its HTTP API and its rules for passwords:
at least 8 characters and at most 512, no three in a row that are equal, rising or falling,
none that was used before, and nothing of the user's own name.
"""

from __future__ import annotations

import base64
import itertools
import json
import secrets
from typing import Any

from tests.engines.jobs.http_server import Call

_SHORTEST, _LONGEST, _NAME_PART = 8, 512, 5
_TENANT = "admin"
_USER = {"id": 1, "username": "admin", "name": "admin (superuser)", "email": "admin@noemail.com"}


class Auth:
    """One user; `passwords` are the current one and those before it."""

    def __init__(self, password: str) -> None:
        self.passwords = [password]
        self.tokens: set[str] = set()
        # What goes wrong on purpose: no database, or an update that is not kept.
        self.ready, self.forgetful = True, False

    @property
    def password(self) -> str:
        return self.passwords[-1]

    def __call__(self, call: Call) -> tuple[int, Any]:
        if not self.ready:
            return _answer(500, "Problem connecting to database")
        if call.method != "POST" or call.path not in ("/", "/password/update"):
            return _answer(404, "Not found")
        body = call.json()
        if not isinstance(body, dict):
            return _answer(400, "invalid mimetype")
        return self._login(body) if call.path == "/" else self._update(call, body)

    def _login(self, body: dict[str, Any]) -> tuple[int, Any]:
        for field, words in (("username", "missing username"), ("passwd", "missing password")):
            if field not in body:
                return _answer(400, words)
        if body["username"].lower() != _USER["username"]:
            return _answer(401, "AuthenticationError")
        if body["passwd"] != self.password:
            return _answer(403, "AuthorizationError")
        claims = {"userid": _USER["id"], "service": _TENANT, "jti": secrets.token_hex(16)}
        parts = ({"alg": "HS256", "typ": "JWT"}, claims)
        token = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)
        token += f".{secrets.token_urlsafe(32)}"
        self.tokens.add(token)
        return 200, {"jwt": token}

    def _update(self, call: Call, body: dict[str, Any]) -> tuple[int, Any]:
        if call.headers.get("Authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _answer(401, "AuthenticationError")
        for field in ("oldpasswd", "newpasswd"):
            if body.get(field) is None:
                return _answer(400, f"Missing user's {field}")
        if body["oldpasswd"] != self.password:
            return _answer(400, "Incorrect password")
        wrong = refusal(body["newpasswd"])
        if wrong or body["newpasswd"] in self.passwords:
            return _answer(400, wrong or "Please, choose a password that was not used before.")
        if not self.forgetful:
            self.passwords.append(body["newpasswd"])
        return _answer(200, "ok")


def refusal(password: str) -> str | None:
    """Why auth does not take a password; None where it does."""
    if len(password) < _SHORTEST:
        return f"password must have at least {_SHORTEST} characters"
    if len(password) > _LONGEST:
        return f"{_LONGEST} characters is the maximum password length"
    lower = password.lower()
    for start in range(len(lower) - _NAME_PART + 1):
        if any(lower[start : start + _NAME_PART] in _USER[field] for field in ("username", "name", "email")):
            return "Please, choose a password that is harder to guess. Your user info may give hints on this password"
    codes = [ord(character) for character in password]
    for first, second, third in zip(
        codes, itertools.islice(codes, 1, None), itertools.islice(codes, 2, None), strict=False
    ):
        if second - first == third - second in (-1, 0, 1):
            return "do not use passwords with easy to guess character sequences"
    return None


def _answer(status: int, text: str) -> tuple[int, Any]:
    return status, {"message": text, "status": status}
