"""Each runbook of docs/operations.md ends with what ran it: `Tried by [function](file)`, and both are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import ROOT

PAGE = ROOT / "docs" / "operations.md"


def findings(text: str, folder: Path) -> list[str]:
    """What is wrong with a page in `folder`."""
    wrong = []
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        title, _, body = section.partition("\n")
        # Lines without an empty one between them.
        *_, last = body.strip().split("\n\n")
        if not last.startswith("Tried by ["):
            wrong.append(f"{title}: it does not end with Tried by [function](file)")
            continue
        for name, path in re.findall(r"\[([^]]+)]\(([^)]+)\)", last):
            file = folder / path
            if not file.is_file():
                wrong.append(f"{title}: there is no {path}")
            elif not re.search(rf"^def {re.escape(name)}\(", file.read_text("utf-8"), re.MULTILINE):
                wrong.append(f"{title}: {path} has no function {name}")
    return wrong


def test_each_runbook_was_run():
    assert findings(PAGE.read_text("utf-8"), PAGE.parent) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("## One\n\nDo it.\n", "One: it does not end with Tried by [function](file)"),
        ("## One\n\nTried by [test_it](a.py)\n\nMore.\n\n## Two\n\nTried by [test_it](a.py)\n", "One: it does not end"),
        ("## One\n\nTried by [test_it](b.py)\n", "One: there is no b.py"),
        ("## One\n\nTried by [test_it](a.py) and\n[test_no](a.py)\n", "One: a.py has no function test_no"),
    ],
)
def test_one_that_was_not_is_found(tmp_path, text, said):
    (tmp_path / "a.py").write_text("def test_it():\n    pass\n")
    (wrong,) = findings(text, tmp_path)
    assert wrong.startswith(said)
    assert findings("## One\n\nTried by [test_it](a.py) (all of it)\n", tmp_path) == []
