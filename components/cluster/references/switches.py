"""Switches that need something else once they are on."""

from __future__ import annotations

from typing import Any, Iterator

from ..finding import Finding


def email(parameters: dict[str, Any]) -> Iterator[Finding]:
    """auth sends no mail without a server and a name to log in with."""
    entry = parameters.get("email", {"enabled": False})
    if not entry["enabled"]:
        return
    for key, what in (("host", "the mail server's name"), ("user", "the name to log in with")):
        if not entry[key]:
            yield Finding(
                ("email", key), None, "e-mail is switched on and this has no value",
                f"Write {what}, or email.enabled: false",
            )
