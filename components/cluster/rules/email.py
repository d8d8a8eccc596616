"""E-mail needs a server once it is switched on."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..input.target import Inventory
from .registry import Stage, rule


@rule(Stage.NAMES)
def email(inventory: Inventory) -> Iterator[Finding]:
    """auth sends no mail without a server and a name to log in with."""
    entry = inventory.email
    if entry is None or not entry.enabled:
        return
    for key, value, what in (
        ("host", entry.host, "the mail server's name"),
        ("user", entry.user, "the name to log in with"),
    ):
        if not value:
            yield Finding(
                ("email", key),
                None,
                "e-mail is switched on and this has no value",
                f"Write {what}, or email.enabled: false",
            )
