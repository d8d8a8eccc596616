"""What is written down and read by nobody: mostly a name that is misspelt."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..finding import Finding, Path, near
from ..origin import Origin
from .environment import containers

#: Maps whose entries the classes refer to by name: ${placement:kafka}; an entry in words.
_REFERRED_TO: dict[Path, str] = {
    ("release", "images"): "an image",
    ("placement",): "a part of dojot",
}


def unread_names(parameters: dict[str, Any], origin: Origin) -> Iterator[Finding]:
    """Services that this cluster does not have count: a release has the images of all."""
    for path, what in _REFERRED_TO.items():
        entries: Any = parameters
        for name in path:
            entries = entries[name]
        known = origin.referred_to(path)
        for name in sorted(entries.keys() - known):
            yield Finding(
                (*path, name),
                entries[name],
                f"nothing in this inventory asks for {what} of this name",
                _instead(name, known) or f"Take it out, or refer to it in a service: ${{{':'.join((*path, name))}}}",
            )


def unread_secrets(parameters: dict[str, Any]) -> Iterator[Finding]:
    """Each key of a Secret is somebody's variable, file or way into a database."""
    services = parameters["services"]
    declared = {
        secret: (("services", name, "secrets", secret), keys)
        for name, service in services.items()
        for secret, keys in service.get("secrets", {}).items()
    }
    read = set(_reads(services))
    # A reader that is misspelt is refused for that alone.
    if any(secret not in declared or key not in {None, *declared[secret][1]} for secret, key in read):
        return
    for secret, (path, keys) in declared.items():
        used = {key for key in keys if {(secret, key), (secret, None)} & read}
        if not used and keys:
            yield Finding(
                path,
                None,
                "nobody reads this Secret",
                _instead(secret, {other for other, _ in read}) or "Take it out, or name it under env or secret_files",
            )
            continue
        for key in sorted(keys.keys() - used):
            yield Finding(
                (*path, key),
                None,
                "nobody reads this key of the Secret",
                _instead(key, used) or "Take it out, or name it under env",
            )


def _reads(services: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    """(Secret, key) of each reader; without a key it reads all of them."""
    for _, container in containers(services):
        yield from ((secret, None) for secret in container.get("secret_files", {}))
        for value in container.get("env", {}).values():
            if isinstance(value, dict) and "secret" in value:
                yield value["secret"], value["key"]
        if database := container.get("database"):
            yield from ((database["secret"], key) for key in ("user", "password"))


def _instead(name: str, known: set[str]) -> str | None:
    guess = near(name, known)
    return f"Did you mean {guess}?" if guess else None
