"""One run for a cluster at a time, from whichever desk: the lock is on its control plane, and ends with the run."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from .hosts import Host
from .ssh import Desk

_PATH = "/run/dojot-up.lock"
_TAKEN = 75
# $1: the lock, $2: who takes it. Whoever finds it taken is told by whom.
_HOLD = """exec 9>>"$1" || exit 1
flock --nonblock 9 || { cat "$1"; exit 75; }
printf '%s\\n' "$2" >"$1"
echo locked
cat >/dev/null
"""


class Locked(Exception):
    """Somebody else is at work; the text says who."""


@asynccontextmanager
async def lock(desk: Desk, host: Host, who: str) -> AsyncIterator[None]:
    """Locked, Unreached. It is held as long as the context lasts."""
    words = (*desk.root(host), "bash", "-c", _HOLD, "-", _PATH, who)
    process = await asyncio.create_subprocess_exec(
        *desk.command(host, words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin and process.stdout
    try:
        process.stdin.write(desk.first(host))
        await process.stdin.drain()
        said = (await process.stdout.readline()).decode("utf-8", "replace").strip()
        if said != "locked":
            process.stdin.close()
            code = await process.wait()
            raise Locked(
                said or "somebody, and it is not known who" if code == _TAKEN else f"no lock on {host} ({code})"
            )
        yield
    finally:
        process.stdin.close()
        await process.wait()
