"""The page of all clusters beside their folders: right after a compile of one, never over somebody's own file."""

import pytest

from components.compile.fleet import PAGE
from tests.compile.conftest import CLUSTER, SECOND, TARGET, append, target


@pytest.fixture
def two(run, inventory):
    target(inventory, SECOND).write_text(TARGET.replace("dojot.domain", "second.domain"))
    assert run()[0] == 0
    return inventory


@pytest.fixture
def page(tmp_path):
    return tmp_path / "compiled" / PAGE


def _rows(page) -> dict[str, str]:
    lines = page.read_text("utf-8").splitlines()
    return {line.partition("]")[0].removeprefix("| ["): line for line in lines if line.startswith("| [")}


def test_one_cluster_compiled_alone_keeps_the_row_of_the_other(two, run, page):
    before = _rows(page)
    assert list(before) == [CLUSTER, SECOND]
    target(two, SECOND).write_text(TARGET.replace("dojot.domain", "third.domain") + "  scale: {devices: 90000}\n")
    code, out, _ = run(SECOND)
    assert code == 0 and out.startswith(f"{page}: changed\n")
    after = _rows(page)
    assert after[CLUSTER] == before[CLUSTER] and "90,000" in after[SECOND]
    assert "third.domain" in page.read_text("utf-8") and "second.domain" not in page.read_text("utf-8")
    assert run("--check")[0] == 0


def test_a_cluster_that_goes_leaves_the_page(two, run, page):
    target(two, SECOND).unlink()
    assert run("--check")[1].startswith(f"- {page.parent / SECOND}")
    assert run()[0] == 0
    assert list(_rows(page)) == [CLUSTER]


@pytest.mark.parametrize("named", [(), (CLUSTER,)])
def test_a_page_that_was_edited_or_lost_is_written_again(two, run, page, named):
    right = page.read_bytes()
    append(page, "by hand\n")
    code, out, err = run("--check", *named)
    assert (code, out) == (1, f"~ {page}\n")
    assert f"compile: 1 file of {page.parent} not as the inventory says. Run make compile" in err
    assert run(*named)[0] == 0 and page.read_bytes() == right
    page.unlink()
    assert f"+ {page}\n" in run("--check", *named)[1]
    code, out, _ = run(*named)
    assert code == 0 and f"{page}: new\n" in out and page.read_bytes() == right


def test_nothing_is_made_of_the_page_where_nothing_has_changed(two, run, page, monkeypatch):
    monkeypatch.setattr("components.page.fleet.page", None)
    inode = page.stat().st_ino
    code, out, _ = run()
    assert code == 0 and str(page) not in out and page.stat().st_ino == inode


def test_somebodys_own_page_stays(run, page):
    page.parent.mkdir()
    page.write_text("# Mine\n")
    assert run(CLUSTER)[0] == 0 and page.read_text() == "# Mine\n"
    code, _, err = run()
    assert code == 1 and f"{page}: no compile wrote this file, and it is not in Git" in err
    assert page.read_text() == "# Mine\n"


def test_a_refusal_leaves_the_page(two, run, page):
    right = page.read_bytes()
    append(target(two, CLUSTER), "  sclae: 1\n")
    assert run()[0] == 1
    assert page.read_bytes() == right
