"""What a compile may delete: what it wrote itself, and what Git has."""

import os
import subprocess

import pytest

from components.compile.written import NOTE, of_others, strangers

MINE = ["notes.txt", "small/manifests/extra.yml", "small/.hidden/key", "gone/notes.txt", "with a space\n.txt", "ö.txt"]
COMPILED = ["small/manifests/kafka.yml", "gone/README.md", "gone/with a space.yml"]


@pytest.fixture
def output(tmp_path):
    for file in [*MINE, *COMPILED]:
        (tmp_path / "compiled" / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "compiled" / file).touch()
    return tmp_path / "compiled"


@pytest.fixture
def git(output, monkeypatch):
    # A hook of an outer git may be what runs these tests.
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)

    def git(*arguments):
        subprocess.run(["git", *arguments], cwd=output, check=True, capture_output=True)

    git("init", "--quiet", "..")
    return git


def noted(output, files):
    text = "".join(f"{file}\n" for file in list(files))
    (output / NOTE).write_text(text, "utf-8")


def test_what_nobody_can_tell_is_kept(output):
    assert strangers(output, [*MINE, *COMPILED]) == sorted([*MINE, *COMPILED])
    assert strangers(output, []) == []


def test_what_a_compile_wrote_is_no_stranger(output):
    noted(output, COMPILED)
    assert strangers(output, [*MINE, *COMPILED]) == sorted(MINE)


def test_the_note_of_other_clusters_stays(output):
    noted(output, COMPILED)
    noted(output, of_others(output, {"gone"}))
    assert strangers(output, COMPILED) == COMPILED[1:]


def test_what_git_has_is_no_stranger(output, git):
    assert strangers(output, [*MINE, *COMPILED]) == sorted([*MINE, *COMPILED])
    git("add", *COMPILED)
    assert strangers(output, [*MINE, *COMPILED]) == sorted(MINE)
    git("add", ".")
    assert strangers(output, [*MINE, *COMPILED]) == []


def test_what_git_ignores_is_as_lost_as_all_else(output, git):
    (output.parent / ".gitignore").write_text("*.txt\n")
    git("add", "..")
    assert strangers(output, [*MINE, *COMPILED]) == sorted(file for file in MINE if file.endswith(".txt"))


def test_without_git_all_is_kept(output, git, monkeypatch):
    git("add", ".")
    monkeypatch.setenv("PATH", str(output))
    assert strangers(output, COMPILED) == sorted(COMPILED)
