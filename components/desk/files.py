"""The files of compiled/<cluster>, brought to a host: all of one commit, or all of another."""

from __future__ import annotations

import asyncio
import io
import secrets
import tarfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from .hosts import Host
from .ssh import Desk

#: Where the files of each cluster are on its hosts, in a folder with the cluster's name.
FOLDER = "/opt/dojot"
#: Beside the files: the commit that they are of.
COMMIT = "COMMIT"
#: While files come; a connection that is cut may leave such a folder.
PARTS = (".new", ".old")
# $1: the folder. What differs in nothing stays as it is.
_TAKE = """set -e
umask 022
new=$1.new
rm -rf "$new"
mkdir -p "$new"
tar --extract --directory="$new" --no-same-owner
if [ -d "$1" ] && diff -r -q "$1" "$new" >/dev/null; then
  rm -rf "$new"
  echo skipped
else
  rm -rf "$1.old"
  [ ! -d "$1" ] || mv "$1" "$1.old"
  mv "$new" "$1"
  rm -rf "$1.old"
  echo done
fi
"""


def archive(folder: Path, commit: str) -> bytes:
    """A tar of all files of a folder, and of which commit they are. The same files give the same bytes."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                _add(tar, path.relative_to(folder).as_posix(), path.read_bytes())
        _add(tar, COMMIT, f"{commit}\n".encode())
    return stream.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


async def bring(desk: Desk, host: Host, files: bytes, folder: str) -> bool:
    """Was there anything new? Unreached, Failed."""
    ended = await desk.as_root(host, "sh", "-c", _TAKE, "-", folder, given=files)
    return ended.output.strip() == "done"


@asynccontextmanager
async def lent(desk: Desk, hosts: Sequence[Host], files: bytes) -> AsyncIterator[str]:
    """For a moment, in a new folder that only root sees: one path on all hosts. Unreached, Failed."""
    folder = f"/tmp/dojot-{secrets.token_hex(6)}"

    async def lend(host: Host) -> None:
        await desk.as_root(host, "mkdir", "--mode=0700", "--", folder)
        await desk.as_root(host, "tar", "--extract", f"--directory={folder}", "--no-same-owner", given=files)

    try:
        await asyncio.gather(*map(lend, hosts))
        yield folder
    finally:
        away = (desk.as_root(host, "rm", "-rf", "--", folder) for host in hosts)
        await asyncio.gather(*away, return_exceptions=True)


async def take_away(desk: Desk, host: Host, folder: str) -> None:
    """What `bring` has brought, and the folder of all clusters where that was the last."""
    await desk.as_root(host, "rm", "-rf", "--", *(f"{folder}{part}" for part in ("", *PARTS)))
    await desk.as_root(host, "rmdir", "--ignore-fail-on-non-empty", "--", FOLDER, check=False)
