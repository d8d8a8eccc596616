"""One browser for all tests of a process, and where its pictures go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.programs import installed

from .browser import Browser

#: A phone, a tablet, a desk.
WIDTHS = (390, 800, 1280)
SCHEMES = ("light", "dark")


@pytest.fixture(scope="session")
def browser(tmp_path_factory) -> Iterator[Browser]:
    installed("/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf")
    found = Browser(installed("chromium"), tmp_path_factory.mktemp("browser"))
    yield found
    found.close()


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    """Folder of screenshots, for whoever wants to look."""
    return tmp_path_factory.mktemp("screenshots")
