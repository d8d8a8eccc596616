"""What kapitan.compile may say, and the words for what it may not."""

from __future__ import annotations

import re

import pytest

from components.inventory.faces import Face
from components.inventory.inventory import Inventory
from components.inventory.refused import Refused

GOOD = "{input_type: kadet, output_type: plain, input_paths: [components/page], output_path: .}"
WRONG = {
    "no face": ("{}", "3: kapitan.compile = {}: this says what is compiled. Include the class compile"),
    "a text": ("[x]", "3: kapitan.compile.0 = x: this is no face. Write a map of input_type, input_paths"),
    "another input": ("[{input_type: jinja2, input_paths: [components/page], output_path: .}]", "input_type = jinja2: make compile runs faces. Write kadet"),
    "another output": (f"[{GOOD.replace('plain', 'toml')}]", "output_type = toml: make compile does not write this kind of file. Use one of"),
    "another key": (f"[{GOOD.replace('output_type', 'prune: true, output_type')}]", "prune = true: make compile does not have this key"),
    "a misspelt key": (f"[{GOOD.replace('output_path', 'output_pat')}]", "output_pat = .: make compile does not have this key. Did you mean output_path?"),
    "no output path": (f"[{GOOD.replace(', output_path: .', '')}]", "output_path: this is a folder in the cluster's own folder"),
    "a path out of it": (f"[{GOOD.replace(': .}', ': ../other}')}]", "output_path = ../other: this is a folder in"),
    "an absolute path": (f"[{GOOD.replace(': .}', ': /etc}')}]", "output_path = /etc: this is a folder in"),
    "no list of faces": (f"[{GOOD.replace('[components/page]', 'components/page')}]", "input_paths = components/page: these are the folders"),
    "no such face": (f"[{GOOD.replace('/page', '/pages')}]", "input_paths = components/pages: there is no such face. Correct the folder's name"),
}  # fmt: skip


@pytest.fixture
def faces(tmp_path):
    (tmp_path / "inventory" / "classes").mkdir(parents=True)
    (tmp_path / "inventory" / "targets").mkdir()

    def faces(text: str) -> list[Face]:
        (tmp_path / "inventory" / "targets" / "a.yml").write_text(f"parameters:\n  kapitan:\n    compile: {text}\n")
        return Inventory.read(tmp_path / "inventory").target("a").faces

    return faces


def test_one_for_each_folder(faces):
    found = faces(f"[{GOOD.replace('[components/page]', '[components/page, components/argocd]')}]")
    assert found == [Face("components/page", ".", "plain"), Face("components/argocd", ".", "plain")]
    assert faces(f"[{GOOD.replace('output_type: plain, ', '')}]")[0].output_type == "yaml"


@pytest.mark.parametrize("case", WRONG)
def test_words(case, faces):
    text, said = WRONG[case]
    with pytest.raises(Refused) as refusal:
        faces(text)
    for line in refusal.value.lines:
        assert re.match(r"inventory/targets/a\.yml:3: kapitan\.compile", line)
    assert any(said in line for line in refusal.value.lines), refusal.value.lines
