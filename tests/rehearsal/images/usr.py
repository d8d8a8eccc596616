"""/bin, /sbin and /lib are links into /usr, in these images as in Debian: so no path has two places."""

from __future__ import annotations

import posixpath

MERGED = ("bin", "sbin", "lib", "lib64")


def in_usr(path: str) -> str:
    """The path as it is in the image's own tree."""
    path = posixpath.normpath(path)
    first = path.split("/")[1]
    return f"/usr{path}" if first in MERGED and path != f"/{first}" else path
