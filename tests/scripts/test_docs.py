"""`make docs`: tables between marks, in whichever document names them."""

from __future__ import annotations

import re

import pytest

from scripts import docs
from tests.conftest import ROOT

TABLES = {"one": lambda: "| 1 |\n", "two": lambda: "| 2 |"}
ONE = "<!-- generated: one -->\n{}<!-- end of one -->\n"
TWO = "<!-- generated: two -->\n{}<!-- end of two -->\n"


@pytest.fixture
def at(tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text(f"# A\n\n{ONE.format('stale, and old' + chr(10))}end\n{TWO.format('')}")
    (tmp_path / "b.md").write_text(ONE.format("\n| 1 |\n\n"))
    for folder in ("compiled", ".venv"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "c.md").write_text("<!-- generated: none -->\n")
    return tmp_path


def test_tables_are_written_where_they_are_stale(at, capsys):
    before = (at / "b.md").stat().st_mtime_ns
    assert docs.run(at, TABLES, check=True) == 1
    assert capsys.readouterr().err == 'docs/a.md: stale: run "make docs"\n'
    assert "stale, and old" in (at / "docs" / "a.md").read_text()

    assert docs.run(at, TABLES, check=False) == 0
    assert capsys.readouterr().err == "docs/a.md: written\n"
    written = (at / "docs" / "a.md").read_text()
    assert (
        written
        == f"# A\n\n{ONE.format(chr(10) + '| 1 |' + chr(10) * 2)}end\n{TWO.format(chr(10) + '| 2 |' + chr(10) * 2)}"
    )
    assert (at / "b.md").stat().st_mtime_ns == before
    assert docs.run(at, TABLES, check=True) == docs.run(at, TABLES, check=False) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    "text, said",
    [
        ("<!-- generated: tow -->\n<!-- end of tow -->\n", "b.md:1: no table is called tow. Did you mean two?"),
        ("x\n<!-- end of one -->\n", "b.md:2: <!-- end of one -->: no <!-- generated: ... --> stands before it"),
        ("<!-- generated: one -->\n", "b.md: first <!-- end of one --> has to come"),
        (
            "<!-- generated: one -->\n<!-- end of two -->\n",
            "b.md:2: <!-- end of two -->: first <!-- end of one --> has to come",
        ),
        (
            "<!-- generated: one -->\n<!-- generated: two -->\n",
            "b.md:2: <!-- generated: two -->: first <!-- end of one --> has to come",
        ),
    ],
)
@pytest.mark.parametrize("check", [True, False])
def test_a_wrong_mark_is_named_and_nothing_is_written(at, capsys, text, said, check):
    (at / "b.md").write_text(text)
    before = (at / "docs" / "a.md").read_text()
    assert docs.run(at, TABLES, check) == 1
    assert said in capsys.readouterr().err.splitlines()
    assert (at / "b.md").read_text() == text and (at / "docs" / "a.md").read_text() == before


def test_a_table_that_no_document_has_is_named(at, capsys):
    assert docs.run(at, {**TABLES, "three": str}, check=False) == 1
    assert "no document has the table three: put <!-- generated: three -->" in capsys.readouterr().err


def test_the_documents_are_up_to_date(capsys):
    assert docs.main(["--check"]) == 0, capsys.readouterr().err


def test_every_alert_is_described(capsys):
    tested = {path.stem for path in (ROOT / "tests" / "monitoring" / "alerts").glob("*.yml")}
    text = (ROOT / "docs" / "monitoring.md").read_text("utf-8").partition("## Alerts\n")[2]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", text, re.M)
    assert tested and sorted(name for name, *_ in rows) == sorted(tested)
    assert not any("{{" in words for row in rows for words in row)


def test_links_lead_somewhere():
    """A fork may delete clusters, so what is theirs does not count."""
    broken = []
    for path in docs.documents(ROOT):
        for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(?:#([^)]+))?\)", path.read_text("utf-8")):
            file = (path.parent / target).resolve() if target else path
            if file.relative_to(ROOT).parts[:1] == ("compiled",) or file.parent.name == "targets":
                continue
            if not file.exists() or (anchor and anchor not in _anchors(file.read_text("utf-8"))):
                broken.append(f"{path.relative_to(ROOT)}: {target}#{anchor}")
    assert not broken


def _anchors(text: str) -> set[str]:
    """As GitHub makes them of headings."""
    titles = re.findall(r"^#+ (.+)$", text, re.M)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
