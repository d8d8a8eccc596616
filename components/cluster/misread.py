"""Scalars that are read otherwise than they were meant, and what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from jsonschema.exceptions import ValidationError

# 100.000 as some countries write a hundred thousand.
_THOUSANDS = re.compile(r"([1-9][0-9]{0,2})\.([0-9]{3})")


def misread(error: ValidationError, text: str) -> tuple[str, str] | None:
    """(Rule, way out) for a value that stands as `text` in its file; None where the schema says it better."""
    # Of several alternatives, one is for scalars.
    for each in (error, *(error.context or ())):
        if each.validator == "lines":
            return _lines(each.instance, each.schema)
        if each.validator == "type" and isinstance(each.instance, float):
            if options := list(_options(each, text)):
                return f"this is the decimal number {each.instance}", f"Write {', or '.join(options)}"
    return None


def _lines(text: str, shape: Mapping[str, Any]) -> tuple[str, str]:
    if text.endswith("\n"):
        return "this text ends with a line break", "Take it out, or write |- in place of |"
    if shape.get("lines") or not re.search(r"[\n\r]", text):
        return "this text holds a character that nobody sees", "Take it out"
    return "this text has several lines", "Write it on one"


def _options(error: ValidationError, text: str) -> Iterator[str]:
    types, shape = error.validator_value, error.schema
    if "integer" in types:
        numbers = [int("".join(found.groups()))] if (found := _THOUSANDS.fullmatch(text)) else []
        numbers += [int(error.instance)] if error.instance.is_integer() else []
        for number in numbers:
            if shape.get("minimum", number) <= number <= shape.get("maximum", number):
                yield str(number)
    if "string" in types and re.search(shape.get("pattern", ""), text):
        yield f"'{text}' with its quotes"
