"""A compiled bootstrap.sh, read without running it: its values, its tables, and what its functions do."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

#: Two parts of the script that the kubeadm face writes; behind them come the parts of bootstrap/.
_VALUES, _HEADS = "values of the inventory", "what the heads of the parts say"
_MARK = re.compile(r"# ---- (.+)")
_FUNCTION = re.compile(r"([a-z_][a-z0-9_]*)\(\) \{")
_TABLE = re.compile(r"readonly ([A-Z_0-9]+)=\(")
_TEXT = re.compile(r"IFS= read -r -d '' ([A-Z_0-9]+) <<'([A-Z_0-9]+)' \|\| true")
_ASSIGNMENT = re.compile(r"(?:readonly |declare -[aA] )?[A-Z_][A-Z_0-9]*=")
_ASSIGNED = re.compile(r"(?:^|(?<= ))([A-Z_][A-Z_0-9]*)=")
_HERE = re.compile(r"(?<!<)<<-?(['\"]?)(\w+)\1")
#: A text in quotes, with `$(...)` in it.
_QUOTED = r"""(?:"(?:[^"\\$]|\\.|\$\([^()]*\)|\$)*"|'[^']*')"""
#: What a command only says: the words of a report or of a failure, as lib/report.sh has them.
_SAID = re.compile(
    r"\b(fail|refuse|usage_error|working_on|change|live|await|apply|report (?:\w+|'\w+')) " + _QUOTED, re.DOTALL
)


@dataclass(frozen=True)
class Script:
    """`values` are scalars and whole texts, `tables` have rows whose columns `|` parts; both are of the inventory.

    `heads` are the tables STEPS and STEP_OPTIONS. Of the parts: `functions` are without comments and without what they
    only say (a message changes no host), `constants` are their other variables, as they are written; `always` is what
    every run does.
    """

    values: dict[str, str] = field(default_factory=dict)
    tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    heads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    functions: dict[str, str] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    always: list[str] = field(default_factory=list)

    def rows(self, table: str) -> list[list[str]]:
        """Columns of each row; none of a table that is not there."""
        return [row.split("|") for row in {**self.tables, **self.heads}.get(table, ())]


@lru_cache(maxsize=4)
def parse(text: str) -> Script:
    """Any text is a script: what is no value and no function of it is done always. Not to be changed."""
    script, section = Script(), ""
    lines = iter(text.splitlines())
    for line in lines:
        if mark := _MARK.fullmatch(line):
            section = mark[1]
        elif not line.strip() or line.startswith("#"):
            continue
        elif match := _FUNCTION.fullmatch(line):
            script.functions[match[1]] = _SAID.sub(r"\1 ''", "\n".join(_code(_until(lines, "}"))))
        elif match := _TABLE.fullmatch(line):
            words = tuple("".join(shlex.split(row)) for row in _until(lines, ")", here=False))
            (script.heads if section == _HEADS else script.tables)[match[1]] = words
        elif match := _TEXT.fullmatch(line):
            kept = script.values if section == _VALUES else script.constants
            kept[match[1]] = "".join(f"{row}\n" for row in _until(lines, match[2], here=False))
        elif _ASSIGNMENT.match(line):
            _assign(script, section, line if section == _VALUES else _whole(line, lines))
        elif not line.startswith(("readonly ", 'main "')):
            script.always.append(line)
    return script


def functions(shell: str) -> list[str]:
    """Names of those that a part defines."""
    return [match[1] for line in shell.splitlines() if (match := _FUNCTION.fullmatch(line))]


def _until(lines: Iterator[str], end: str, *, here: bool = True) -> Iterator[str]:
    """Up to the line `end`, which stands in no here-document; with `here` those are watched for."""
    text = ""
    for line in lines:
        if line == (text or end):
            if not text:
                return
            text = ""
        elif here and not text and (match := _HERE.search(line)):
            text = match[2]
        yield line


def _code(lines: Iterator[str]) -> Iterator[str]:
    """Without lines that are comments; in a here-document there are none."""
    text = ""
    for line in lines:
        if text or not line.lstrip().startswith("#"):
            yield line
        if text:
            text = "" if line == text else text
        elif match := _HERE.search(line):
            text = match[2]


def _whole(line: str, lines: Iterator[str]) -> str:
    """An assignment, with the other lines of its text in single quotes."""
    while line.count("'") % 2 and (more := next(lines, None)) is not None:
        line += f"\n{more}"
    return line


def _assign(script: Script, section: str, statement: str) -> None:
    names = _ASSIGNED.findall(statement.partition("\n")[0])
    for name in names:
        if section == _VALUES:
            script.values[name] = "".join(shlex.split(statement.partition("=")[2]))
        else:
            script.constants[name] = statement
