"""The signals that end a compile, and the moments at which they have to wait."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator

ENDS = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})


@contextlib.contextmanager
def signals_wait() -> Iterator[None]:
    """What arrives meanwhile is delivered when this is left."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
