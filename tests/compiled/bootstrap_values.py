"""A compiled bootstrap.sh, taken apart: what the inventory gave it, read as bash would, and the parts of bootstrap/."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

SCRIPT = "bootstrap/bootstrap.sh"
PARTS = Path(__file__).resolve().parents[2] / "bootstrap"
# Values whose text also stands in a file of its own, for people who review it.
EMBEDDED = {
    "FIREWALL": "bootstrap/firewall.nft",
    "AUDIT_POLICY": "bootstrap/audit-policy.yml",
    "KUBEADM_INIT": "bootstrap/kubeadm-init.yml",
    "KUBEADM_JOIN": "bootstrap/kubeadm-join.yml",
    # Of a cluster with one control plane, neither text nor file.
    "KUBEADM_JOIN_CONTROL_PLANE": "bootstrap/kubeadm-join-control-plane.yml",
    "POD_NETWORK": "bootstrap/pod-network.yml",
}
_SCALAR = re.compile(r"readonly ([A-Z_0-9]+)=(?!\()(.*)")
_TABLE = re.compile(r"readonly ([A-Z_0-9]+)=\(")
# A word that bash takes as it stands: nothing in it is replaced, nothing parts it.
_WORD = re.compile(r"(?:'[^']*'|\"'\"|[\w@%+=:,./-])+", re.ASCII)
_TEXT = re.compile(r"IFS= read -r -d '' ([A-Z_0-9]+) <<'([A-Z_0-9]+)' \|\| true")


@dataclass
class Values:
    """What the script has beside its parts.

    `closed` are the texts that are read-only, `others` the lines that are no values, `lines` the numbers of those that
    are, comments left out, `lines_of` those inside of a text.
    """

    scalars: dict[str, str] = field(default_factory=dict)
    tables: dict[str, list[str]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    closed: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    lines_of: dict[str, range] = field(default_factory=dict)


@lru_cache(maxsize=1)
def parts() -> dict[str, str]:
    """Path -> code of each file of bootstrap/ that is no script of its own: all below its first comments."""
    return {name: text[len(_comments(text)) :] for name, text in _files().items()}


@lru_cache(maxsize=1)
def heads() -> dict[str, dict[str, list[str]]]:
    """Path -> key -> what the head of each file says, as docs/contributing/bootstrap-step.md has it."""
    found: dict[str, dict[str, list[str]]] = {}
    for name, text in _files().items():
        said = found.setdefault(name, {})
        # A line that begins further in goes on with the one before.
        for line in re.sub(r"\n#   +", " ", _comments(text)).splitlines():
            if match := re.fullmatch(r"# ([a-z ]+): (.+)", line):
                said.setdefault(match[1], []).append(match[2])
    return found


def _files() -> dict[str, str]:
    paths = {str(path.relative_to(PARTS)): path.read_text("utf-8") for path in sorted(PARTS.rglob("*.sh"))}
    return {name: text for name, text in paths.items() if not text.startswith("#!")}


def _comments(text: str) -> str:
    return re.match(r"(?:(?:#.*)?\n)*", text)[0]


def generated(script: str) -> tuple[str, list[str]]:
    """The script with its parts made empty lines (so that lines keep their numbers), and the parts that it lacks."""
    missing = []
    for name, text in parts().items():
        if script.count(text) == 1:
            script = script.replace(text, "\n" * text.count("\n"))
        else:
            missing.append(name)
    return script, missing


def values(script: str) -> Values:
    """Of a script without its parts."""
    found = Values()
    lines = enumerate(script.splitlines())
    for number, line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        text, rows, scalar = _TEXT.fullmatch(line), _TABLE.fullmatch(line), _SCALAR.fullmatch(line)
        if text:
            block = _block(found, number, lines, text[2])
            found.lines_of[text[1]] = range(number + 1, number + 1 + len(block))
            _keep(found, found.texts, text[1], "".join(f"{row}\n" for row in block))
        elif rows:
            words = [row.strip() for row in _block(found, number, lines, ")")]
            found.others += [word for word in words if not _WORD.fullmatch(word)]
            _keep(found, found.tables, rows[1], [_read(word) for word in words])
        elif scalar and _WORD.fullmatch(scalar[2]):
            found.lines.append(number)
            _keep(found, found.scalars, scalar[1], _read(scalar[2]))
        elif line.removeprefix("readonly ") in found.texts:
            found.lines.append(number)
            found.closed.add(line.removeprefix("readonly "))
        else:
            found.others.append(line)
    return found


@lru_cache(maxsize=4)
def values_of(script: str) -> Values:
    """The same of a whole script. Several checks ask: not to be changed."""
    return values(generated(script)[0])


def _block(found: Values, first: int, lines: Iterator[tuple[int, str]], end: str) -> list[str]:
    """The lines up to `end`."""
    found.lines.append(first)
    block = []
    for number, line in lines:
        found.lines.append(number)
        if line == end:
            return block
        block.append(line)
    found.others.append(f"a block without its end {end}")
    return block


def _read(word: str) -> str:
    return "".join(shlex.split(word))


def _keep(found: Values, kind: dict, name: str, value: object) -> None:
    if name in {**found.scalars, **found.tables, **found.texts}:
        found.twice.append(name)
    kind[name] = value


def table(files: Mapping[str, str], name: str) -> list[list[str]]:
    """The rows of an array, split into their columns; KeyError where the script has no such array."""
    found = re.search(rf"^readonly {name}=\((.*?)^\)", files[SCRIPT], re.MULTILINE | re.DOTALL)
    if found is None:
        raise KeyError(f"{SCRIPT} has no array {name}")
    return [row.split("|") for row in shlex.split(found.group(1))]


def scalar(files: Mapping[str, str], name: str) -> str:
    """One value; KeyError where the script has none of this name."""
    found = re.search(rf"^readonly {name}=(.*)$", files[SCRIPT], re.MULTILINE)
    if found is None:
        raise KeyError(f"{SCRIPT} has no value {name}")
    return "".join(shlex.split(found.group(1)))
