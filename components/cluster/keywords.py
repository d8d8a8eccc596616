"""JSON Schema as an inventory needs it: two things that it takes, and that nobody means.

A decimal without a fraction is no whole number: 100.000 is a hundred, and 1e5 is written out as 100000.0. And a text is
one line: the end of a pattern ($) also stands before a last line break. `lines: true` beside a type allows several
lines, with none of them open at the end.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")


def _is_whole(_: Any, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    return _is_whole(_, value) or (isinstance(value, float) and math.isfinite(value))


def _is_clean(text: str, shape: Mapping[str, Any]) -> bool:
    if text.isprintable():
        return True
    if shape.get("lines"):
        return not text.endswith("\n") and not _CONTROL_IN_LINES.search(text)
    return not _CONTROL.search(text)


def _type(validator: Any, types: Any, value: Any, shape: Mapping[str, Any]) -> Iterator[ValidationError]:
    names = [types] if isinstance(types, str) else types
    if not any(validator.is_type(value, name) for name in names):
        yield ValidationError(f"{value!r} is not of type {types}")
    elif isinstance(value, str) and not _is_clean(value, shape):
        yield ValidationError(f"{value!r} has control characters", validator="lines")


def _pattern(validator: Any, pattern: str, value: Any, shape: Mapping[str, Any]) -> Iterator[ValidationError]:
    # What has control characters is refused for those.
    if isinstance(value, str) and _is_clean(value, shape) and not re.search(pattern, value):
        yield ValidationError(f"{value!r} does not match {pattern!r}")


InventoryValidator = extend(
    Draft202012Validator,
    {"type": _type, "pattern": _pattern},
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine_many({"integer": _is_whole, "number": _is_number}),
)
