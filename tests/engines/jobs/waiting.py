"""Wait for what happens in another process."""

from __future__ import annotations

import time
from collections.abc import Callable


def until(true: Callable[[], bool], otherwise: str, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, otherwise
        time.sleep(0.05)
