import os
from pathlib import Path

import pytest

from components.compile import trees


def tree(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def names(folder: Path) -> dict[str, str]:
    return {name: path.read_text() for name, path in trees.files_in(folder).items()}


@pytest.fixture(params=["exchange", "two renames"])
def way(request, monkeypatch):
    """Both ways of swapping folders: Linux's one step, and that of other systems."""
    if request.param == "two renames":
        monkeypatch.setattr(trees, "_exchange", lambda one, other: False)


def test_difference(tmp_path):
    old = tree(tmp_path / "old", gone="1", same="2", changed="3", mode="4")
    new = tree(tmp_path / "new", fresh="1", same="2", changed="33", mode="4")
    (new / "mode").chmod(0o755)
    change = trees.difference(old, new)
    assert change.lines == ["~ changed", "+ fresh", "- gone", "~ mode"]
    assert change.unchanged == ("same",)
    assert not trees.difference(old, old)
    assert trees.difference(tmp_path / "none", new).added == ("changed", "fresh", "mode", "same")


def test_replace_puts_new_folders_in_place_and_takes_old_ones_away(tmp_path, way):
    place = tmp_path / "compiled"
    tree(place / "a", f="old")
    tree(place / "gone", f="old")
    new_a, new_b = tree(tmp_path / "new" / "a", g="new"), tree(tmp_path / "new" / "b", g="new")
    trees.replace([(new_a, place / "a"), (new_b, place / "b"), (None, place / "gone")], tmp_path / "attic")
    assert names(place) == {"a/g": "new", "b/g": "new"}


def test_replace_undoes_everything_on_an_error(tmp_path, way):
    place = tmp_path / "compiled"
    tree(place / "a", f="old")
    tree(place / "gone", f="old")
    before = names(place)
    new_a, new_b = tree(tmp_path / "new" / "a", g="new"), tree(tmp_path / "new" / "b", g="new")
    moves = [
        (new_a, place / "a"),
        (new_b, place / "b"),
        (None, place / "gone"),
        (tmp_path / "missing", place / "c"),
    ]
    with pytest.raises(FileNotFoundError):
        trees.replace(moves, tmp_path / "attic")
    assert names(place) == before


def test_exchange_where_the_system_has_it(tmp_path):
    one, other = tree(tmp_path / "one", f="1"), tree(tmp_path / "other", f="2")
    if not trees._exchange(one, other):
        pytest.skip("no renameat2 on this system")
    assert (names(one), names(other)) == ({"f": "2"}, {"f": "1"})
    with pytest.raises(FileNotFoundError):
        trees._exchange(one, tmp_path / "missing")
    assert os.path.exists(one)
