"""The installed HAProxy: needed in CI, a visible skip elsewhere."""

from __future__ import annotations

import os
import shutil

import pytest


def haproxy() -> str:
    """Path of the program. Without it: a failure where CI=true, else a skip with the reason."""
    found = shutil.which("haproxy", path=os.environ.get("PATH", "") + os.pathsep + "/usr/sbin")
    if found:
        return found
    reason = "HAProxy is not installed (apt-get install haproxy)"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)
