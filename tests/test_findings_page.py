"""docs/findings.md names tests, fixtures and parts of the rehearsal: all of them are there."""

from __future__ import annotations

import re

import pytest

from tests.conftest import ROOT

TEXT = (ROOT / "docs" / "findings.md").read_text("utf-8")
IMAGES = "tests/engines/images/test_images.py"
NAMED = re.findall(r"`(?:(tests/[a-z0-9_/]+\.py)::)?(test_[a-z0-9_]+)`", TEXT)
REHEARSED = re.findall(r"[(,;] ?`([a-z]+(?:_[a-z0-9]+){2,})`", TEXT)
FIXTURES = {
    name
    for cell in re.findall(r"fixtures? ((?:`[a-z0-9-]+`(?:, )?)+)", TEXT)
    for name in re.findall("[a-z0-9-]+", cell)
}


def _has(file: str, name: str) -> bool:
    return re.search(rf"^def {name}\(", (ROOT / file).read_text("utf-8"), re.MULTILINE) is not None


@pytest.mark.parametrize("name", sorted({name for _, name in NAMED}))
def test_tests(name):
    files = [file for file, other in NAMED if other == name]
    # Without a file it is the one before it in the cell, or that of the images.
    line = next(line for line in TEXT.splitlines() if f"`{name}`" in line or f"::{name}`" in line)
    files = [file for file in files if file] or [IMAGES, *re.findall(r"tests/[a-z0-9_/]+\.py", line)]
    assert any(_has(file, name) for file in files)


def test_parts_of_the_rehearsal():
    there = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "rehearsal" / "checks").glob("*.py"))
    assert len(set(REHEARSED)) > 4
    assert not [name for name in set(REHEARSED) if f"def {name}(" not in there]


def test_fixtures():
    invalid = ROOT / "tests" / "inventory" / "invalid"
    assert len(FIXTURES) > 8
    assert not [name for name in FIXTURES if not (invalid / f"{name}.yml").is_file()]
