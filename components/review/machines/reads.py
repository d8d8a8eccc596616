"""What a step reads: found in the shell of the functions that it calls, and of those that these call."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from . import hosts
from .effects import Effects
from .script import Script

#: A word of shell code, with what stands before it.
_WORD = re.compile(r"(?<![\w./-])([A-Za-z_]\w*)")
#: `"runtime_$RUNTIME_NAME"`: a function whose name ends with a value.
_MADE = re.compile(r'"([a-z_]+_)\$\{?([A-Z_]+)\}?"')
_OPTION = re.compile(r"\boption ([a-z-]+)")
_NEEDED = re.compile(r"\bneed_compiled (\S+) ([^\n|;&]+)")
#: A file that each host has of its own.
_OWN_FILE = re.compile(r'"\$\(self name\)(\.[a-z.]+)"')
_COMPILED = re.compile(r"\$\(compiled\)/([\w.-]+/[\w.-]+)")
_SELF = re.compile(r"\bself (\w+)|\bSELF\[(\w+)\]")
_SELF_COLUMNS = ("name", "address", "role", "label")
#: Rows of the host that runs the step.
_OWN = re.compile(r'\brows "\$\(self name\)" "\$\{(\w+)\[@\]\}"')
_LOOP = re.compile(r'\bfor row in "\$\{(\w+)\[@\]\}"')
_COLUMNS = re.compile(r'\bcolumns "\$row" ([\w ]+)')
_KIND = re.compile(r"^kind: (\S+)$", re.MULTILINE)


#: In this order causes are told: what people edit comes first.
_KINDS = ("file", "value", "own", "self", "table", "document", "option", "always", "code")


@dataclass(frozen=True)
class Read:
    """One thing that a step reads.

    `kind`: `value`; `document` of a value, `detail` is its kind; `table`, `detail` has the numbers of the columns that
    are read (`2-`: and all behind it), or is empty for whole rows; `own` rows of a table: those of the host that runs
    the step; `self`: a column (`name`) of the host's own row; `file` of compiled/<cluster>/, in whose name `<host>` is
    the host that runs the step; `option`: its default; `code` of the script; `always`: what every run does.
    """

    kind: str
    name: str
    detail: str = ""

    @property
    def order(self) -> tuple[int, str, str]:
        return _KINDS.index(self.kind), self.name, self.detail

    @property
    def of_a_host(self) -> bool:
        """Each host finds something else there."""
        return self.kind in ("own", "self") or "<host>" in self.name

    @property
    def subjects(self) -> tuple[str, ...]:
        """What an effect can call it, the narrowest first."""
        return (f"{self.name}/{self.detail}", self.name) if self.kind == "document" else (self.name,)


Reads = dict[Read, frozenset[str]]


def called(script: Script, step: str) -> frozenset[str]:
    """Names of all functions that a step can come to."""
    seen: set[str] = set()
    ahead = {f"step_{step.replace('-', '_')}"} & script.functions.keys()
    while ahead:
        seen |= ahead
        ahead = {name for each in ahead for name in _mentioned(script, script.functions[each])} - seen
    return frozenset(seen)


def reads(script: Script, step: str, effects: Effects) -> Reads:
    """Read -> the functions that read it themselves; of code: itself, of what reaches a part unseen: all of that part.

    What the line of commands does before a step begins (which step, which options, the lock) installs nothing.
    """
    within = called(script, step)
    found: dict[Read, set[str]] = {Read("always", ""): set()}
    for name in sorted(within):
        found[Read("code", name)] = {name}
        for read in _of_function(script, name):
            found.setdefault(read, set()).add(name)
    for name, readers in effects.also_read(within).items():
        value, _, kind = name.partition("/")
        plain = Read("table" if value in script.tables else "value", value)
        found.setdefault(Read("document", value, kind) if kind else plain, set()).update(readers)
    return {read: frozenset(names) for read, names in found.items()}


def content(script: Script, files: Mapping[str, bytes], read: Read, host: str) -> object:
    """What stands there now, of whatever type, to be compared; `host` has its own rows. None: it is not there."""
    match read.kind:
        case "value":
            return script.values.get(read.name)
        case "document":
            return _documents(script, read.name).get(read.detail)
        case "table":
            return [_taken(row, read.detail) for row in script.rows(read.name)]
        case "own":
            return [row for row in script.rows(read.name) if row[0] == host]
        case "self":
            number = _SELF_COLUMNS.index(read.name)
            return next((row[number] for row in hosts.rows(script) if row[0] == host and number < len(row)), None)
        case "file":
            return files.get(read.name.replace("<host>", host))
        case "option":
            return next((row[2] for row in script.rows("STEP_OPTIONS") if row[0] == f"--{read.name}"), None)
        case "always":
            return script.always
        case _:
            return script.functions.get(read.name, script.constants.get(read.name))


def _of_function(script: Script, name: str) -> Iterator[Read]:
    code = _scanned(script.functions[name])
    for one in sorted(code.words & script.values.keys()):
        documents = _documents(script, one)
        yield from (Read("document", one, kind) for kind in documents)
        if not documents:
            yield Read("value", one)
    for one in sorted(code.words & script.tables.keys()):
        yield Read("own", one) if one in code.own else Read("table", one, _columns(script.functions[name], one))
    yield from code.named
    yield from (Read("code", one) for one in _constants(script, code.words))


def _mentioned(script: Script, text: str) -> Iterator[str]:
    code = _scanned(text)
    yield from code.words & script.functions.keys()
    for prefix, value in code.made:
        if (name := prefix + script.values.get(value, "")) in script.functions:
            yield name


@dataclass(frozen=True)
class _Code:
    """What stands in a function, whatever script it is part of. `own` are tables of which it takes its host's rows."""

    words: frozenset[str]
    made: tuple[tuple[str, str], ...]
    own: frozenset[str]
    named: tuple[Read, ...]


@lru_cache(maxsize=1024)
def _scanned(code: str) -> _Code:
    """Both sides of a change have nearly all functions in common."""
    of_host = {"".join(one) for one in _SELF.findall(code)}
    named = [Read("self", one) for one in _SELF_COLUMNS if one in of_host]
    named += [Read("option", one) for one in sorted(set(_OPTION.findall(code)))]
    named += [Read("file", one) for one in _files(code)]
    return _Code(
        frozenset(_WORD.findall(code)), tuple(_MADE.findall(code)), frozenset(_OWN.findall(code)), tuple(named)
    )


def _constants(script: Script, words: frozenset[str]) -> set[str]:
    """Those that are read, and those that are in their text."""
    seen: set[str] = set()
    ahead = set(words & script.constants.keys())
    while ahead:
        seen |= ahead
        text = " ".join(script.constants[name] for name in ahead)
        ahead = (set(re.findall(r"\$\{?(\w+)", text)) & script.constants.keys()) - seen
    return seen


def _columns(code: str, table: str) -> str:
    """Numbers of the columns that `for row in TABLE` gives names to, but for `_`; empty: rows may be read otherwise."""
    loops, taken = _LOOP.findall(code), _COLUMNS.findall(code)
    looped = loops.count(table) == len(re.findall(rf"\b{table}\b", code)) == 1
    if not looped or len(loops) != len(taken) or len(re.findall(r"\$\{?row\b", code)) != len(taken):
        return ""
    names = taken[loops.index(table)].split()
    numbers = [str(number) for number, name in enumerate(names) if name != "_"]
    # The last one takes the rest of the row.
    return " ".join(numbers) + ("-" if names[-1] != "_" else "")


def _taken(row: list[str], columns: str) -> list[str]:
    if not columns:
        return row
    numbers = [int(number.rstrip("-")) for number in columns.split()]
    return [row[one] for one in numbers if one < len(row)] + (row[numbers[-1] + 1 :] if columns.endswith("-") else [])


def _files(code: str) -> Iterator[str]:
    for folder, names in _NEEDED.findall(_OWN_FILE.sub(r"<host>\1", code)):
        yield from (f"{folder}/{name}" for name in names.split())
    yield from _COMPILED.findall(code)


def _documents(script: Script, name: str) -> dict[str, list[str]]:
    return _parted(script.values.get(name, ""))


@lru_cache(maxsize=64)
def _parted(value: str) -> dict[str, list[str]]:
    """Kind -> texts of a value that is YAML in documents; nothing of any other."""
    found: dict[str, list[str]] = {}
    for text in value.split("\n---\n"):
        kind = _KIND.search(text)
        if kind is None:
            return {}
        found.setdefault(kind[1], []).append(text.strip("\n"))
    return found
