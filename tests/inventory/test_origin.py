"""Where a parameter is written, after the rules by which reclass merges files."""

from pathlib import Path

import pytest

from components.inventory.files import InventoryFiles
from components.inventory.inventory import Inventory
from components.inventory.origin import Origin, origin_in

BASE = """\
parameters:
  a:
    b: 1
    c: ${x:y}
    d: ${x:y}/sub
    e: \\${HOME}
  list:
    - one
    - two
  x: {y: 2}
  chain: ${a:c}
"""
MIDDLE = """\
# Comments count as lines.
classes: [base]
parameters:
  a: {b: 3}
  list:
    - three
"""
TARGET = """\
classes: [room.middle]
parameters:
  a:
    new: 5
  ~x: {z: 6}
"""


def _origin(folder: Path) -> Origin:
    return origin_in(InventoryFiles(folder / "inventory"), "t")


@pytest.fixture
def origin(tmp_path):
    for name, text in {"classes/base.yml": BASE, "classes/room/middle.yml": MIDDLE, "targets/t.yml": TARGET}.items():
        file = tmp_path / "inventory" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return _origin(tmp_path)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a.c", "inventory/classes/base.yml:4"),
        # The last file that writes a key wins.
        ("a.b", "inventory/classes/room/middle.yml:4"),
        ("a.new", "inventory/targets/t.yml:4"),
        # Lists are appended.
        ("list.0", "inventory/classes/base.yml:8"),
        ("list.1", "inventory/classes/base.yml:9"),
        ("list.2", "inventory/classes/room/middle.yml:6"),
        # ~x replaces what the files before it say.
        ("x.z", "inventory/targets/t.yml:5"),
        ("x.y", "inventory/targets/t.yml:5"),
        # What is nowhere is looked up by its nearest parent, and at last by the target.
        ("a.b.deeper.still", "inventory/classes/room/middle.yml:4"),
        ("nowhere.at.all", "inventory/targets/t.yml"),
    ],
)
def test_place(origin, path, place):
    assert origin(tuple(path.split("."))) == place


def test_references(origin):
    assert origin.references(("a", "d")) == (("x", "y"),)
    assert origin.references(("a", "b")) == ()
    assert origin.references(("a", "e")) == (), "an escaped reference is text"
    assert origin.references(("nowhere",)) == ()


def test_source_follows_values_that_are_one_reference(origin):
    assert origin.source(("chain",)) == ("a", "c"), "x.y is no longer written anywhere"
    assert origin.source(("a", "d")) == ("a", "d"), "only a part of the value"
    assert origin.source(("a", "b")) == ("a", "b")


def test_source_of_references_in_a_circle(tmp_path):
    target = tmp_path / "inventory" / "targets" / "t.yml"
    target.parent.mkdir(parents=True)
    target.write_text("parameters: {a: '${b}', b: '${a}'}\n", encoding="utf-8")
    assert _origin(tmp_path).source(("a",)) in (("a",), ("b",))


def test_a_file_that_changed_is_read_again(origin, tmp_path):
    assert origin(("a", "new")) == "inventory/targets/t.yml:4"
    target = tmp_path / "inventory" / "targets" / "t.yml"
    target.write_text("\n" + TARGET, encoding="utf-8")
    assert _origin(tmp_path)(("a", "new")) == "inventory/targets/t.yml:5"


def test_init_files_and_yaml_suffix(tmp_path):
    for name, text in {"classes/room/init.yml": "parameters: {a: 1}", "targets/t.yaml": "classes: [room]\nparameters: {b: 1}"}.items():
        file = tmp_path / "inventory" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    origin = _origin(tmp_path)
    assert origin(("a",)) == "inventory/classes/room/init.yml:1"
    assert origin(("b",)) == "inventory/targets/t.yaml:2"


def test_the_order_in_which_reclass_merges(tmp_path):
    """A class comes after those that it includes and before its next neighbour; reclass' own list has another order."""
    texts = {
        "targets/t.yml": "classes: [p, q]",
        "classes/p.yml": "parameters: {x: 1}",
        "classes/q.yml": "classes: [r]",
        "classes/r.yml": "parameters: {x: 2}",
    }
    for name, text in texts.items():
        (tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "inventory" / name).write_text(text, encoding="utf-8")
    target = Inventory.read(tmp_path / "inventory").target("t")
    assert target.parameters["x"] == 2 and target.origin(("x",)) == "inventory/classes/r.yml:1"
