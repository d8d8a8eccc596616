"""A registry's word: which digest a tag has now, by the OCI distribution API (version 2).

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md
"""

from __future__ import annotations

import hashlib
import json
import re
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping
from typing import Any

#: Of several platforms first: nodes choose by themselves what theirs is.
_ACCEPTED = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)
DOCKER_HUB = "docker.io"
#: Where Docker Hub has its registry, and its name in a file of logins.
_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_LOGINS = {DOCKER_HUB: "https://index.docker.io/v1/"}
#: The header in which a registry says who gives tokens: Bearer realm="...",service="...",scope="...".
_CHALLENGE = re.compile(r'([a-z]+)="([^"]*)"')
_SECONDS = 30
#: Bytes; the specification asks registries for 4 MiB at least.
_LARGEST = 8 << 20


class NotAnswered(Exception):
    """A registry has not said it; the text is ready for people."""


class Registries:
    """`logins`: registry -> base64 of USER:PASSWORD, as a config.json has them. `plain` are asked by http."""

    def __init__(self, logins: Mapping[str, str], plain: frozenset[str] = frozenset()):
        self._logins, self._plain = logins, plain

    def digest(self, repository: str, tag: str) -> str:
        """sha256:... of what the tag names now, reckoned from the very bytes. Raises NotAnswered."""
        registry, path = parted(repository)
        scheme = "http" if registry in self._plain else "https"
        url = f"{scheme}://{_HOSTS.get(registry, registry)}/v2/{path}/manifests/{tag}"
        shown = f"{registry}/{path}:{tag}"
        try:
            content = self._manifest(url, registry)
        except urllib.error.HTTPError as error:
            reason = {401: "who asks has to log in", 403: "who asks may not", 404: "there is no such tag"}
            raise NotAnswered(f"{shown}: {reason.get(error.code, error.reason)} ({error.code})") from error
        except (OSError, ValueError, KeyError) as error:
            raise NotAnswered(f"{shown}: {getattr(error, 'reason', error)}") from error
        return f"sha256:{hashlib.sha256(content).hexdigest()}"

    def _manifest(self, url: str, registry: str) -> bytes:
        headers = {"Accept": ", ".join(_ACCEPTED)}
        try:
            return _get(url, headers)
        except urllib.error.HTTPError as error:
            challenge = error.headers.get("WWW-Authenticate", "")
            if error.code != 401 or not challenge:
                raise
            return _get(url, headers | {"Authorization": self._authorization(challenge, registry)})

    def _authorization(self, challenge: str, registry: str) -> str:
        login = self._logins.get(registry) or self._logins.get(_LOGINS.get(registry, ""))
        if challenge.lower().startswith("basic"):
            return f"Basic {login or ''}"
        said = dict(_CHALLENGE.findall(challenge))
        asked = urllib.parse.urlencode({key: said[key] for key in ("service", "scope") if key in said})
        answer = json.loads(_get(f"{said['realm']}?{asked}", {"Authorization": f"Basic {login}"} if login else {}))
        return f"Bearer {answer.get('token') or answer['access_token']}"


def parted(repository: str) -> tuple[str, str]:
    """(Registry, path): a name whose first part has a point or a port begins with its registry, any other is Docker
    Hub's, which has images of one name in library/."""
    first, slash, rest = repository.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        return first, rest if first != DOCKER_HUB or "/" in rest else f"library/{rest}"
    return DOCKER_HUB, repository if slash else f"library/{repository}"


def logins(config: Any) -> dict[str, str]:
    """Of the content of a config.json, as `docker login` writes it."""
    return {registry: entry["auth"] for registry, entry in (config.get("auths") or {}).items() if entry.get("auth")}


def _get(url: str, headers: Mapping[str, str]) -> bytes:
    if urllib.parse.urlsplit(url).scheme not in ("http", "https"):
        raise ValueError(f"{url} is no address of the web")
    request = urllib.request.Request(url, headers=dict(headers))
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        content: bytes = answer.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise ValueError("the answer is larger than any manifest")
    return content
