"""Files that are no YAML which an inventory may have: each is refused in one line, soon, and nothing else reads it."""

from __future__ import annotations

import os
import re
import socket

import pytest

from components.inventory import yaml_file
from components.inventory.inventory import Inventory
from components.inventory.plain_file import LARGEST
from components.inventory.refused import Refused
from components.inventory.yaml_file import DEEPEST, MOST

ROOMS = ("targets/odd.yml", "classes/odd.yml", "files/odd.sh")
# Eight levels of ten aliases each: a hundred million values.
BOMB = "parameters:\n  a0: &a0 [x, x]\n" + "".join(
    f"  a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9)
)
TEXTS = {
    "byte order mark": ("\ufeffparameters: {}\n", r":1: the file begins with a byte order mark.*Save it as UTF-8 without"),
    "tag of a program": ("parameters:\n  a: !vault x\n", r":2: !vault: tags have no meaning here. Write the value without"),
    "tag of Python": ("parameters:\n  a: !!python/object:os.system x\n", r":2: tag:yaml.org,2002:python/object:os.system: tags"),
    "tag without a name": ("parameters:\n  a: ! x\n", r":2: !: tags have no meaning"),
    "tag of a map": ("parameters: !x {a: 1}\n", r":1: !x: tags"),
    "large number": ("parameters:\n  a: 99999999999999999999999\n", r":2: parameters.a = 9{23}: this number has more than 64 bits"),
    "large number below zero": ("parameters:\n  a: -9223372036854775809\n", r":2: parameters.a = -9223372036854775809: this number"),
    "number of 5,000 digits": (f"parameters:\n  a: {'9' * 5000}\n", r":2: parameters.a = 9{37}\.\.\.: this number"),
    "large number as a key": ("parameters:\n  99999999999999999999999: 1\n", r":2: parameters.9{23} = 9{23}: this number"),
    "aliases of aliases": (BOMB, rf":\d: the file has more than {MOST} values, with aliases written out"),
    "alias of itself": ("parameters: &a {b: *a}\n", r":1: \*a: no value above has the anchor &a"),
    "alias of nothing": ("parameters: {b: *a}\n", r":1: \*a: no value above"),
    "deep lists": (f"parameters: {'[' * 100_000}\n", rf":1: more than {DEEPEST} levels"),
    "deep maps": ("".join(f"{' ' * level}a:\n" for level in range(500)), rf":\d+: more than {DEEPEST} levels"),
    "a level too many": (f"parameters: {'[' * DEEPEST}{']' * DEEPEST}\n", rf":1: more than {DEEPEST} levels"),
    "deep lists of dashes": (f"parameters:\n  {'- ' * 100_000}x\n", rf":2: more than {DEEPEST} levels"),
    "list as key": ("parameters:\n  ? [a]\n  : b\n", r":2: a key is a single value"),
    "second document": ("parameters: {}\n---\nparameters: {}\n", r":2: a second document begins here"),
    "zero byte": ("parameters:\n  a: x\0y\n", r":2: a character that YAML does not have"),
    "UTF-16": ("parameters: {}\n".encode("utf-16"), r":1: the file is not UTF-8"),
    "too much": (f"# {'x' * LARGEST}\n", r": the file has \d+ bytes"),
}


@pytest.fixture
def refusal(tmp_path):
    """What is said of an inventory of one good cluster and what has been made beside it."""
    for room, text in (("targets", "classes: [c]\n"), ("classes", "parameters: {}\n"), ("files", "")):
        (tmp_path / room).mkdir()
        (tmp_path / room / f"{'good' if room == 'targets' else 'c'}.yml").write_text(text)
    Inventory.read(tmp_path)

    def refusal() -> list[str]:
        with pytest.raises(Refused) as refused:
            Inventory.read(tmp_path)
        return refused.value.lines

    return refusal


@pytest.mark.parametrize("case", TEXTS)
@pytest.mark.parametrize("room", ROOMS[:2])
def test_texts(case, room, refusal, tmp_path):
    text, said = TEXTS[case]
    (tmp_path / room).write_bytes(text if isinstance(text, bytes) else text.encode())
    (line,) = refusal()
    assert re.fullmatch(f"{tmp_path / room}{said}.*", line), line


def test_what_stays_readable(tmp_path):
    """Aliases that are few, the largest numbers, levels that people write."""
    file = tmp_path / "file.yml"
    file.write_text(f"a: &a [1]\nb: *a\nc: {2**64 - 1}\nd: {-(2**63)}\ne: {'[' * 40}{']' * 40}\nf: '{10**30}'\n")
    root = yaml_file.read(file)
    assert [key.value for key, _ in root.value] == list("abcdef")
    assert root.value[0][1] is root.value[1][1]


def _socket(path):
    folder = os.open(path.parent, os.O_RDONLY)
    # The name of a socket is short.
    server = socket.socket(socket.AF_UNIX)
    server.bind(f"/proc/self/fd/{folder}/{path.name}")
    server.close()
    os.close(folder)


THINGS = {
    "a pipe": (os.mkfifo, "this is a pipe, where a file must be. Rename it, or remove it"),
    "a socket": (_socket, "this is a socket, where a file must be"),
    "a device": (lambda path: path.symlink_to("/dev/zero"), "this is a device, where a file must be"),
    "a terminal": (lambda path: path.symlink_to("/dev/ptmx"), "this is a device, where a file must be"),
    "a folder": (lambda path: path.mkdir(), "this is a folder, where a file must be"),
    "a link": (lambda path: path.symlink_to("nowhere"), "this link leads nowhere (nowhere). Correct it"),
    "a link to itself": (lambda path: path.symlink_to(path), "this link leads nowhere ("),
}


@pytest.mark.parametrize("thing", THINGS)
@pytest.mark.parametrize("room", ROOMS)
def test_things_with_the_name_of_a_file(thing, room, refusal, tmp_path):
    make, said = THINGS[thing]
    make(tmp_path / room)
    if thing == "a folder" and room.startswith("files"):
        Inventory.read(tmp_path)
        return
    (line,) = refusal()
    assert line.startswith(f"{tmp_path / room}: ") and said in line


@pytest.mark.parametrize("room", ROOMS)
def test_a_file_that_may_not_be_read(room, refusal, tmp_path, monkeypatch):
    """Root may read all: so that the system says it."""
    (tmp_path / room).touch()
    does = os.open

    def may_not(path, *arguments):
        if str(path) == str(tmp_path / room):
            raise PermissionError(13, "Permission denied", path)
        return does(path, *arguments)

    monkeypatch.setattr(os, "open", may_not)
    assert refusal() == [f"{tmp_path / room}: the file cannot be read (Permission denied). Put it right, or remove it"]


def test_a_file_of_containers_without_text(refusal, tmp_path):
    (tmp_path / "files" / "odd.sh").write_bytes(b"echo\n\xff\n")
    assert refusal() == [f"{tmp_path / 'files' / 'odd.sh'}:2: the file is not UTF-8. Save it as UTF-8"]
    (tmp_path / "files" / "odd.sh").rename(tmp_path / "files" / ".odd.sh.swp")
    Inventory.read(tmp_path)


def test_what_reclass_panics_over_is_a_line(tmp_path):
    """Whatever it may be: here its own settings."""
    for room in ("targets", "classes"):
        (tmp_path / room).mkdir()
    (tmp_path / "targets" / "a.yml").write_text("")
    for text in ("nodes_uri: 5\n", "class_mappings: nonsense\n", "- a\n", "a: !vault x\n"):
        (tmp_path / "reclass-config.yml").write_text(text)
        try:
            Inventory.read(tmp_path).target("a")
        except Refused as refused:
            assert all(line.startswith(str(tmp_path)) and "\n" not in line for line in refused.lines)


def test_texts_of_containers(tmp_path):
    (tmp_path / "targets").mkdir()
    (tmp_path / "classes").mkdir()
    (tmp_path / "targets" / "a.yml").write_text("")
    origin = Inventory.read(tmp_path).target("a").origin
    assert dict(origin.texts) == {}
    (tmp_path / "files" / "more").mkdir(parents=True)
    for name in ("b.sh", "a.sh", ".hidden"):
        (tmp_path / "files" / name).write_text(name)
    texts = Inventory.read(tmp_path).target("a").origin.texts
    assert dict(texts) == {"a.sh": "a.sh", "b.sh": "b.sh"} and "none" not in texts and len(texts) == 2
