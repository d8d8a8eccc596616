"""Which keys a line of a compiled file follows from: each is changed, and the file made again.

So nothing has to be noted while files are made, and what is named does count. Rules are not asked: a value that they
would refuse tells as much.
"""

from __future__ import annotations

import difflib
import os
import pickle
import re
from collections.abc import Iterator, Sequence
from typing import Any

from components.cluster.build import build
from components.cluster.contracts import contracts_in
from components.cluster.input.read import read
from components.cluster.input.target import Inventory
from components.compile import render
from components.inventory import dot_kapitan
from components.inventory.faces import Face
from components.inventory.finding import Path
from components.inventory.inventory import Target

from .key import leaves

_AMOUNT = re.compile(r"(\d+)([A-Za-z%]*)")
_LAST_NUMBER = re.compile(r"(.*?)(\d+)(\D*)", re.DOTALL)
# Shorter texts stand in too many lines by chance.
_SHORTEST = 2


class NoSuchLine(Exception):
    """The file or the line is not there; the text says which."""


class Trials:
    """Of one file of one cluster; `name` is its path in the cluster's folder."""

    def __init__(self, target: Target, name: str):
        """Raises NoSuchLine, and Refused for the list of faces."""
        self._target, self._name = target, name
        self._how = dot_kapitan.output()
        self._face, text = self._maker()
        self.lines = text.splitlines()

    def keys(self, number: int) -> list[Path]:
        """Of a line, the first is 1; in the order of the parameters. Raises NoSuchLine."""
        if not 1 <= number <= len(self.lines):
            raise NoSuchLine(f"{self._name} has {len(self.lines)} lines")
        line = self.lines[number - 1]
        every = list(leaves(self._target.parameters))
        amounts = [(path, value) for path, value in every if _is_amount(value)]
        found = set(self._search(self._fitting([path for path, _ in amounts], 0), number))
        # A little more may change nothing where a rule rounds.
        larger = [path for path, value in amounts if _doubles(value) and path not in found]
        found.update(self._search(self._fitting(larger, 1), number, 1))
        for path, value in every:
            if not _is_amount(value) and isinstance(value, str) and len(value) >= _SHORTEST and value in line:
                found.update(self._search([path], number) or self._search([path], number, 1))
        return [path for path, _ in every if path in found]

    def _search(self, paths: Sequence[Path], number: int, other: int = 0) -> list[Path]:
        """Half by half: few of them count. `other` is which of the two other values is tried."""
        if not paths or self._same(paths, number, other):
            return []
        if len(paths) == 1:
            return list(paths)
        half = len(paths) // 2
        return [*self._search(paths[:half], number, other), *self._search(paths[half:], number, other)]

    def _fitting(self, paths: Sequence[Path], other: int) -> list[Path]:
        """Those whose other value has the shape that is asked for, so that few trials end for nothing."""
        left = list(paths)
        while not isinstance(found := read(self._changed(left, other)), Inventory):
            places = {finding.path for finding in found}
            fewer = [path for path in left if not any(path[: len(place)] == place for place in places)]
            if len(fewer) == len(left):
                break
            left = fewer
        return left

    def _same(self, paths: Sequence[Path], number: int, other: int) -> bool:
        """Is the line as it was, with another value for each? One with which nothing can be made does not count."""
        text = self._made(paths, other)
        if text is None:
            return len(paths) == 1
        matcher = difflib.SequenceMatcher(None, self.lines, text.splitlines(), autojunk=False)
        return any(block.a < number <= block.a + block.size for block in matcher.get_matching_blocks())

    def _made(self, paths: Sequence[Path], other: int) -> str | None:
        try:
            return self._text(self._changed(paths, other), [self._face])
        # Whatever a value that nobody meant brings about.
        except Exception:
            return None

    def _changed(self, paths: Sequence[Path], other: int) -> dict[str, Any]:
        """The parameters with another value for each of these."""
        parameters: dict[str, Any] = pickle.loads(pickle.dumps(self._target.parameters))
        for path in paths:
            above: Any = parameters
            for part in path[:-1]:
                above = above[int(part)] if isinstance(above, list) else above[_key(above, part)]
            last: Any = int(path[-1]) if isinstance(above, list) else _key(above, path[-1])
            above[last] = list(_others(above[last]))[other]
        return parameters

    def _maker(self) -> tuple[Face, str]:
        for face in self._target.faces:
            try:
                text = self._text(self._target.parameters, [face])
            except UnicodeDecodeError:
                continue
            if text is not None:
                return face, text
        raise NoSuchLine(f"nothing makes compiled/{self._target.name}/{self._name}")

    def _text(self, parameters: dict[str, Any], faces: list[Face]) -> str | None:
        inventory = read(parameters)
        if not isinstance(inventory, Inventory):
            return None
        cluster = build(inventory, self._target.origin.texts, contracts_in(self._target.origin.contracts))
        made = render.files(cluster, faces, self._how).get(os.path.normpath(self._name))
        return None if made is None else made.decode()


def _key(entries: dict[Any, Any], name: str) -> Any:
    return next(key for key in entries if str(key) == name)


def _is_amount(value: Any) -> bool:
    """A number, a switch, or an amount such as 500m: another one is easily made, and much may follow from it."""
    return isinstance(value, (bool, int, float)) or bool(isinstance(value, str) and _AMOUNT.fullmatch(value))


def _doubles(value: Any) -> bool:
    """Is it worth while to try twice as much? Twice a port is none."""
    return not isinstance(value, bool) and not (isinstance(value, int) and 1000 <= value <= 65535)


def _others(value: Any) -> Iterator[Any]:
    """Two values that may stand there instead."""
    if isinstance(value, bool):
        yield from (not value, not value)
    elif isinstance(value, (int, float)):
        yield from (value + 1, value * 2)
    elif amount := _AMOUNT.fullmatch(value):
        yield from (f"{int(amount[1]) + 1}{amount[2]}", f"{int(amount[1]) * 2}{amount[2]}")
    else:
        yield f"{value}x"
        last = _LAST_NUMBER.fullmatch(value)
        yield f"{last[1]}{(int(last[2]) + 1) % 255}{last[3]}" if last else f"x{value}"
