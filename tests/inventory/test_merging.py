"""What is merged here is what reclass makes of the same files: the same values, of the same types, in the same order."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from components.inventory.files import InventoryFiles
from components.inventory.merging import Unusual
from components.inventory.reclass import NotRendered, Reclass
from components.inventory.rendering import Rendering
from tests.conftest import CLUSTERS, ROOT
from tests.inventory.targets import FULL, fixtures, write_inventory

_NAMES = st.sampled_from(["a", "b", "c", "~a", "~b"])
_TEXTS = st.sampled_from(
    "x ${a} ${b} ${a:b} ${b:a:c} ${missing} pre-${a}-post ${a}${b} \\${a} $a $$ a\\b \\\\${a} ${_reclass_:name:full} "
    "1 -7 007 1.50 1e3 +5 .5 1_000 2.2.6 10.0.0.1 true True yes null ~ 2001-12-14 12:30 0o7 .inf infinity ${a ${${a}} $[a] "
    "=x <<".split()
).map(lambda text: f"'{text}'" if "{" in text or "[" in text else text)
_VALUES = st.recursive(
    st.one_of(_TEXTS, _TEXTS.map(lambda text: f"'{text}'"), st.just(""), st.just("[]"), st.just("{}")),
    lambda inner: st.one_of(
        st.dictionaries(_NAMES, inner, max_size=3).map(lambda found: _flow(found)),
        st.lists(inner, max_size=3).map(lambda found: f"[{', '.join(each or '~' for each in found)}]"),
    ),
    max_leaves=6,
)
_FILES = st.lists(st.dictionaries(_NAMES, _VALUES, max_size=3), min_size=1, max_size=4)


def _flow(found: dict[str, str]) -> str:
    return f"{{{', '.join(f'{key}: {value}' for key, value in found.items())}}}"


def both(files: list[dict[str, str]]) -> tuple[object, object]:
    """The last file is the target's; what reclass refuses, and what is left to it, is None."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "classes").mkdir()
        (folder / "targets").mkdir()
        *classes, target = [f"parameters: {_flow(found)}\n" for found in files]
        for number, text in enumerate(classes):
            (folder / "classes" / f"c{number}.yml").write_text(text)
        names = [f"c{number}" for number in range(len(classes))]
        (folder / "targets" / "t.yml").write_text(f"classes: {json.dumps(names)}\n{target}")
        read = InventoryFiles(folder)
        if read.findings:
            return None, None
        try:
            theirs = Reclass(folder).render("t")
        except NotRendered:
            theirs = None
        try:
            ours = Rendering(read).merged("t")
        except Unusual:
            ours = None
        return theirs, ours


def _exactly(value: object) -> str:
    return json.dumps(value)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(_FILES)
@example([{"a": "'${b}'", "b": "1"}, {"a": "{c: 1}"}])
@example([{"a": "{b: 1, c: 2}"}, {"~a": "{c: 3}"}])
@example([{"a": "'\\${x}'", "b": "'${a}'"}])
@example([{"a": "[1]", "b": "2"}, {"b": "3", "a": "['${b}']"}])
@example([{"a": "'${b}'", "b": "{c: {d: 1}}"}, {"a": "{~c: {e: 2}}"}])
@example([{"a": "{k: '\\${x}'}", "b": "'${a}'", "c": "'${b:k}'", "x": "1"}])
def test_the_same_as_reclass_or_left_to_it(files):
    theirs, ours = both(files)
    if ours is not None:
        assert theirs is not None, f"reclass refuses it, and it was accepted: {ours}"
        assert _exactly(ours) == _exactly(theirs)


@pytest.mark.parametrize(
    "files",
    [
        [{"a": "{x: 1}"}, {"a": "{y: 2, x: 3}"}, {"~b": "1", "a": "{~x: {z: 1}}"}],
        [{"a": "[1, 2]"}, {"a": "[3]", "b": "'${a}'"}],
        [{"a": "text", "b": "'pre-${a}-post'"}, {"b": "'${a}'"}],
        [{"a": "5", "b": "'${a}'", "c": "'${b}:${a}'"}],
        [{"a": "'\\${HOME##*-}'", "b": "'\\${x} ${c}'", "c": "1"}],
    ],
)
def test_what_is_plain_is_not_left_to_reclass(files):
    theirs, ours = both(files)
    assert ours is not None and _exactly(ours) == _exactly(theirs)


@pytest.mark.parametrize("name", CLUSTERS)
def test_the_committed_clusters(name):
    _is_plain_and_the_same(ROOT / "inventory", name)


def test_some_of_what_is_valid(tmp_path):
    """Reclass takes its time."""
    valid = [*fixtures("valid")[::8], FULL]
    folder = write_inventory(tmp_path, valid)
    for fixture in valid:
        _is_plain_and_the_same(folder, fixture.name)


def _is_plain_and_the_same(folder: Path, name: str) -> None:
    ours, theirs = Rendering(InventoryFiles(folder)).merged(name), Reclass(folder).render(name)
    assert _exactly(ours) == _exactly(theirs), name
    assert yaml.safe_dump(ours) == yaml.safe_dump(theirs), "no value is there twice"


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "reclass-config.yml").write_text("allow_none_override: true\n"),
        lambda folder: (folder / "targets" / "t.yml").write_text("classes: [c, '${n}']\nparameters: {}\n"),
        lambda folder: (folder / "targets" / "t.yml").rename(folder / "targets" / "t.u.yml"),
        lambda folder: ((folder / "targets" / "sub").mkdir(), (folder / "targets" / "t.yml").rename(folder / "targets" / "sub" / "t.yml")),
    ],
)
def test_what_only_reclass_knows(change, tmp_path):
    for room, name, text in (("classes", "c", "parameters: {n: d}"), ("classes", "d", ""), ("targets", "t", "classes: [c]")):
        (tmp_path / room).mkdir(exist_ok=True)
        (tmp_path / room / f"{name}.yml").write_text(text)
    assert Rendering(InventoryFiles(tmp_path)).merged("t")["n"] == "d"
    change(tmp_path)
    rendering = Rendering(InventoryFiles(tmp_path))
    (name,) = rendering.files.targets
    with pytest.raises(Unusual):
        rendering.merged(name)
    assert rendering.render(name)["n"] == "d"
