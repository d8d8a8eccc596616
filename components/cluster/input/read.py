"""The door: parameters of a target -> the Inventory that everything behind works on, or what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from components.inventory.finding import AsWritten, Finding, Path, listed, near, suggest

from .entry import ABSENT, WHOLE, Entry
from .scalar import SCALAR
from .target import Inventory
from .words import keys_of, moved, wanted

#: The name of what is no rule of its own: what a key may hold.
SHAPE = "shape"
#: From a parameter's path to the text that a file has there (see origin.Origin.written).
Written = Callable[[Path], str | None]


def nowhere(_: Path) -> None:
    """Parameters that stand in no file."""


def read(parameters: Mapping[str, Any], written: Written = nowhere) -> Inventory | list[Finding]:
    """The Inventory, or every place where `parameters` differ from its shape."""
    try:
        return Inventory.model_validate(parameters)
    except ValidationError as error:
        return refusals(Inventory, error, parameters, written)


def refusals(
    root: type[Entry], error: ValidationError, parameters: Mapping[str, Any], written: Written = nowhere
) -> list[Finding]:
    """What pydantic found of `parameters`, in an operator's words: one finding for each thing to do."""
    found = _Refusal(root, parameters, written).findings(error.errors(include_url=False))
    return [replace(finding, by=SHAPE) for finding in found]


class _Refusal:
    def __init__(self, root: type[Entry], parameters: Mapping[str, Any], written: Written):
        self.root = root
        self.parameters = parameters
        self.written = written

    def findings(self, errors: list[ErrorDetails]) -> Iterator[Finding]:
        missing: dict[Path, list[ErrorDetails]] = {}
        for error in errors:
            if error["type"] == "missing":
                missing.setdefault(_path(error["loc"][:-1]), []).append(error)
        for error in errors:
            if error["type"] != "missing":
                yield from self._explain(error)
            elif together := missing.pop(_path(error["loc"][:-1]), None):
                yield from self._missing(together)

    def _explain(self, error: ErrorDetails) -> Iterator[Finding]:
        loc, value, context = error["loc"], error.get("input"), error.get("ctx", {})
        path = _path(loc)
        if error["type"] == "extra_forbidden":
            yield self._unknown(loc, value)
            return
        asked = f"Write {wanted(self.root, loc)}"
        if loc and loc[-1] == "[key]":
            yield Finding(path, None, "this is not a valid name here", asked)
        elif error["type"] == ABSENT:
            yield self._absent(loc, context["key"])
        elif value is None:
            yield Finding(path, None, "this key has no value", asked)
        elif error["type"] == SCALAR:
            text = self.written(path) if isinstance(value, float) else None
            shown = AsWritten(text) if text else value
            rule, way_out = context["scalar"].misread(value, str(shown)) or ("this value does not fit", asked)
            yield Finding(path, shown, rule, way_out)
        elif error["type"] == WHOLE and context["way_out"]:
            yield Finding(path, value if context["shown"] else None, context["rule"], context["way_out"])
        else:
            yield Finding(path, value, "this value does not fit", asked)

    def _unknown(self, loc: tuple[int | str, ...], value: Any) -> Finding:
        known, key = keys_of(self.root, loc[:-1]), str(loc[-1])
        if instead := moved(self.root, loc[:-1]).get(key):
            return Finding(_path(loc), value, "this stands elsewhere now", instead)
        way_out = suggest(key, known)
        if not near(key, known):
            way_out = f"Remove it, or use one of: {', '.join(sorted(known))}"
        return Finding(_path(loc), value, "unknown key", way_out)

    def _absent(self, loc: tuple[int | str, ...], key: str) -> Finding:
        loc = (*loc, key)
        return Finding(_path(loc), None, "this key is missing", f"Add it: {wanted(self.root, loc)}")

    def _missing(self, errors: list[ErrorDetails]) -> Iterator[Finding]:
        above, entry = errors[0]["loc"][:-1], errors[0]["input"]
        path, known = _path(above), keys_of(self.root, above)
        # A key that is missing because it is misspelt is reported as misspelt only.
        meant = {near(str(key), known) for key in entry if key not in known}
        missing = [str(error["loc"][-1]) for error in errors if error["loc"][-1] not in meant]
        if len(missing) == 1:
            yield self._absent(above, missing[0])
        elif missing:
            guess = self._sibling(path)
            yield Finding(
                path,
                None,
                f"the keys {listed(missing)} are missing",
                f"Did you mean {guess}?" if guess else "Add them",
            )

    def _sibling(self, path: Path) -> str | None:
        """An entry beside `path` with almost its name: a half-written entry may be a misspelt one."""
        beside: Any = self.parameters
        for part in path[:-1]:
            beside = beside[int(part) if isinstance(beside, list) else part]
        if not path or not isinstance(beside, dict):
            return None
        name = path[-1]
        # verne-4 is no misspelt verne-1.
        return near(name, [other for other in beside if _stem(other) != _stem(name)])


def _path(loc: tuple[int | str, ...]) -> Path:
    """Where a person finds it: without what only pydantic's unions and maps have."""
    return tuple(str(part) for part in loc if part != "[key]" and not str(part).startswith("<"))


def _stem(name: str) -> str:
    return str(name).rstrip("0123456789")
