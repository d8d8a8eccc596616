"""What JSON Schema found, in an operator's words: one finding for each thing to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

from .finding import AsWritten, Finding, Path, listed, near, suggest
from .misread import misread

#: From a parameter's path to the text that a file has there (see origin.Origin.written).
Written = Callable[[Path], str | None]


def nowhere(_: Path) -> None:
    """Parameters that stand in no file."""


def verdicts(errors: Iterable[ValidationError], parameters: Any, written: Written = nowhere) -> list[Finding]:
    """Findings for the `errors` of `parameters`, whose schema has no $ref."""
    judge = _Judge(parameters, written)
    return [finding for error in errors for finding in judge.explain(error)]


class _Judge:
    def __init__(self, parameters: Any, written: Written):
        self.parameters = parameters
        self.written = written

    def explain(self, error: ValidationError) -> Iterator[Finding]:
        path = tuple(str(part) for part in error.absolute_path)
        if error.validator == "additionalProperties" and error.validator_value is False:
            yield from self._unknown(error, path)
        elif error.validator == "required":
            yield from self._missing(error, path)
        elif "propertyNames" in error.absolute_schema_path:
            yield Finding(
                (*path, str(error.instance)),
                None,
                "this is not a valid name here",
                f"Write {_wanted(error.schema)}",
            )
        elif error.validator == "anyOf" and (inner := _meant(error)):
            for each in inner:
                yield from self.explain(each)
        elif error.validator == "uniqueItems":
            twice = sorted({str(item) for item in error.instance if error.instance.count(item) > 1})
            yield Finding(
                path,
                None,
                f"{listed(twice)} {'stands' if len(twice) == 1 else 'stand'} in this list twice: "
                "lists of all classes and of the target are one",
                "Keep one of the lines",
            )
        elif error.instance is None:
            yield Finding(path, None, "this key has no value", f"Write {_wanted(error.schema)}")
        else:
            value = self._as_written(path, error.instance)
            rule, way_out = misread(error, str(value)) or ("this value does not fit", f"Write {_wanted(error.schema)}")
            yield Finding(path, value, rule, way_out)

    def _as_written(self, path: Path, value: Any) -> Any:
        text = self.written(path) if isinstance(value, float) else None
        return AsWritten(text) if text else value

    def _unknown(self, error: ValidationError, path: Path) -> Iterator[Finding]:
        known = error.schema.get("properties", {})
        for key in error.instance:
            if key in known:
                continue
            way_out = suggest(str(key), known)
            if not near(str(key), known):
                way_out = f"Remove it, or use one of: {', '.join(sorted(known))}"
            yield Finding((*path, str(key)), error.instance[key], "unknown key", way_out)

    def _missing(self, error: ValidationError, path: Path) -> Iterator[Finding]:
        properties = error.schema.get("properties", {})
        # A key that is missing because it is misspelt is reported as misspelt only.
        meant = {near(str(key), properties) for key in error.instance if key not in properties}
        missing = [key for key in error.validator_value if key not in error.instance and key not in meant]
        # jsonschema makes one error of each missing key, named in its message alone.
        if not missing or f"'{missing[0]}'" not in error.message:
            return
        if len(missing) == 1:
            key = missing[0]
            yield Finding((*path, key), None, "this key is missing", f"Add it: {_wanted(properties.get(key, {}))}")
            return
        guess = self._sibling(path)
        yield Finding(
            path,
            None,
            f"the keys {listed(missing)} are missing",
            f"Did you mean {guess}?" if guess else "Add them",
        )

    def _sibling(self, path: Path) -> str | None:
        """An entry beside `path` with almost its name: a half-written entry may be a misspelt one."""
        beside = self.parameters
        for part in path[:-1]:
            beside = beside[int(part) if isinstance(beside, list) else part]
        if not path or not isinstance(beside, dict):
            return None
        name = path[-1]
        # verne-4 is no misspelt verne-1.
        others = [other for other in beside if _stem(other) != _stem(name)]
        return near(name, others)


def _wanted(shape: Mapping[str, Any]) -> str:
    """What a schema asks for, in its own words or in those of its form."""
    if "description" in shape:
        return shape["description"]
    if keys := shape.get("required") or list(shape.get("properties", ())):
        return f"a map with {'the key' if len(keys) == 1 else 'the keys'} {listed(keys)}"
    if shape.get("type") == "object":
        return "a map: one line `key: value` for each entry"
    if shape.get("type") == "array":
        return "a list: one line `- value` for each entry"
    if "enum" in shape:
        return f"one of: {', '.join(str(value) for value in shape['enum'])}"
    return "a text" if shape.get("type") == "string" else "another value"


def _meant(error: ValidationError) -> list[ValidationError]:
    """The errors of that alternative which a map or a list was probably written for."""
    alternatives = list(enumerate(error.validator_value))
    if isinstance(error.instance, list):
        lists = {number for number, alternative in alternatives if alternative.get("type") == "array"}
        return [inner for inner in error.context if inner.schema_path[0] in lists]
    if not isinstance(error.instance, dict):
        return []
    shared = {
        number: len(error.instance.keys() & alternative.get("properties", {}).keys())
        for number, alternative in alternatives
    }
    best = max(shared, key=lambda number: shared[number])
    if not shared[best]:
        return []
    return [inner for inner in error.context if inner.schema_path[0] == best]


def _stem(name: str) -> str:
    return str(name).rstrip("0123456789")
