"""Each way in which an inventory cannot be read, and the words an operator gets for it."""

import re

import pytest

from components.inventory import dot_kapitan
from components.inventory.inventory import Inventory
from components.inventory.refused import Refused

TARGET, CLASS = "targets/a.yml", "classes/c.yml"

CASES = {
    "no folder": (
        {},
        "targets: no such folder",
    ),
    "no cluster": (
        {"targets/README.txt": "", CLASS: ""},
        "targets: there is no cluster here. Add a file <cluster>.yml",
    ),
    "unknown class": (
        {TARGET: "classes:\n  - cc\n", CLASS: ""},
        "targets/a.yml:2: classes: cc: there is no such class ({inv}/classes/cc.yml). Did you mean c?",
    ),
    "unknown class in a class": (
        {TARGET: "classes: [c]", CLASS: "classes: [service.kafka]"},
        "classes/c.yml:1: classes: service.kafka: there is no such class",
    ),
    "classes in a loop": (
        {TARGET: "classes: [c]", CLASS: "classes: [d]", "classes/d.yml": "classes: [c]"},
        "classes/c.yml:1: classes: d: the classes include one another in a loop (c > d > c)",
    ),
    "class name from a parameter": (
        {TARGET: "classes: ['${name}']\nparameters: {name: c}", CLASS: ""},
        "targets/a.yml:1: classes: ${name}: a class name cannot be made of a parameter",
    ),
    "broken YAML in a target": (
        {TARGET: "parameters:\n  a: [1\n  b: 2\n", CLASS: ""},
        "targets/a.yml:3:4: not valid YAML: did not find expected ',' or ']'",
    ),
    "broken YAML in a class": (
        {TARGET: "classes: [c]", CLASS: "parameters:\n  a: 1\n b: 2\n"},
        "classes/c.yml:3:2: not valid YAML: did not find expected key",
    ),
    "tabs": (
        {TARGET: "parameters:\n\ta: 1\n", CLASS: ""},
        "targets/a.yml:2:1: not valid YAML: found character that cannot start any token. "
        "Indent with spaces, not with tabs",
    ),
    "two documents": (
        {TARGET: "parameters: {}\n---\nparameters: {}\n", CLASS: ""},
        "targets/a.yml:2: a second document begins here. Remove the --- line",
    ),
    "not UTF-8": (
        {TARGET: b"parameters:\n  x: \xe9\n", CLASS: ""},
        "targets/a.yml:2: the file is not UTF-8",
    ),
    "a number that is not decimal": (
        {TARGET: "parameters:\n  a: '0x1F'\n  b: [0, 0x1F]\n", CLASS: ""},
        "targets/a.yml:3: parameters.b[1] = 0x1F: this is the number 31. Write 31, or '0x1F' with its quotes",
    ),
    "a list as file": (
        {TARGET: "- a\n", CLASS: ""},
        "targets/a.yml:1: the file must be a map. Its keys are classes and parameters",
    ),
    "misspelt top-level key": (
        {TARGET: "paramters: {a: 1}\n", CLASS: ""},
        "targets/a.yml:1: paramters: unknown top-level key. Did you mean parameters?",
    ),
    "parameters as a list": (
        {TARGET: "parameters: [1]\n", CLASS: ""},
        "targets/a.yml:1: parameters: must be a map",
    ),
    "classes as a text": (
        {TARGET: "classes: c\n", CLASS: ""},
        "targets/a.yml:1: classes: must be a list of names",
    ),
    "a key written twice": (
        {TARGET: "parameters:\n  x:\n    q: 1\n    q: 2\n", CLASS: ""},
        "targets/a.yml:4: parameters.x.q: the key is written twice, first in line 3",
    ),
    "a cluster written twice": (
        {TARGET: "parameters: {}", "targets/more/a.yml": "parameters: {}", CLASS: ""},
        "targets/more/a.yml: {inv}/targets/a.yml has the name a too. Rename one of them",
    ),
    "a class written twice": (
        {TARGET: "parameters: {}", CLASS: "", "classes/c/init.yml": ""},
        "classes/c.yml: {inv}/classes/c/init.yml has the name c too. Rename one of them",
    ),
    "unresolved reference": (
        {
            TARGET: "classes: [c]\nparameters: {x: {q: 1}}",
            CLASS: "parameters:\n  a:\n    b:\n      - k: from ${x:z} on\n",
        },
        "classes/c.yml:4: a.b[0].k = ${x:z}: nothing of cluster a sets x.z (z is missing). "
        "Set it, include the class that does, or correct the reference",
    ),
    "a misspelt key that others refer to": (
        {
            TARGET: "classes: [c]\nparameters:\n  x:\n    domian: 1\n    domains: 2\n",
            CLASS: "parameters:\n  a: to ${x:domain}\n  b: ${x:domain}\n  c: ${x:domains}\n",
        },
        r"classes/c.yml:[23]: [ab] = \${x:domain}: nothing of cluster a sets x.domain \(domain is missing\). "
        r"Is x.domian \({inv}/targets/a.yml:4\) a misspelt domain\?",
    ),
    "reference into a number": (
        {TARGET: "parameters:\n  x: 5\n  y: ${x:z}\n", CLASS: ""},
        "targets/a.yml:3: y = ${x:z}: the reference asks for z inside a value that is no map",
    ),
    "open reference": (
        {TARGET: "parameters:\n  x: ${y\n", CLASS: ""},
        "targets/a.yml:2: ${y: the reference is not closed",
    ),
    "references in a loop": (
        {TARGET: "parameters:\n  x: ${y}\n  y: ${x}\n", CLASS: ""},
        r"targets/a.yml:\d: [xy]: the references \$\{[xy]\} and \$\{[xy]\} need one another",
    ),
    "a map over a list": (
        {TARGET: "classes: [c]\nparameters:\n  x: {q: 1}\n", CLASS: "parameters:\n  x: [1]\n"},
        "targets/a.yml:3: x: a map cannot be merged over a list (set in {inv}/classes/c.yml:2). "
        "Give both the same kind, or write ~x to replace the earlier value",
    ),
    "a value over a map": (
        {TARGET: "classes: [c]\nparameters:\n  x: {q: 1}\n", CLASS: "parameters:\n  x:\n    q: {r: 2}\n"},
        "targets/a.yml:3: x.q: a single value cannot be merged over a map",
    ),
    "a constant set again": (
        {TARGET: "classes: [c]\nparameters: {x: 5}", CLASS: "parameters:\n  =x: 4\n"},
        "targets/a.yml: x: the key is constant (=x) in a class",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_line_says_file_key_rule_and_way_out(case, tmp_path):
    files, expected = CASES[case]
    write(tmp_path, files)
    with pytest.raises(Refused) as refusal:
        Inventory.read(tmp_path).target("a").faces
    lines = refusal.value.lines
    expected = expected.replace("{inv}", str(tmp_path))
    assert any(expected in line or re.search(expected, line) for line in lines), lines
    for line in lines:
        assert line.startswith(str(tmp_path))
        assert "\n" not in line and "Error" not in line


def test_all_findings_of_the_files_come_at_once(tmp_path):
    write(tmp_path, {TARGET: "classes: [d]\nparamters: {}", CLASS: "parameters:\n  a: 1\n  a: 2\n"})
    with pytest.raises(Refused) as refusal:
        Inventory.read(tmp_path)
    assert len(refusal.value.lines) == 3


def test_another_version_of_kapitan_is_refused(tmp_path):
    (tmp_path / ".kapitan").write_text("version: 0.37.0\n")
    with pytest.raises(Refused, match="version = 0.37.0: Kapitan [0-9.]+ is installed. Run make"):
        dot_kapitan.output(tmp_path / ".kapitan")


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
