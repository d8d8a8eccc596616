"""Values that are one scalar: what they may be, and how a refusal asks for them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROL_IN_LINES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029]")
# 100.000 as some countries write a hundred thousand.
_THOUSANDS = re.compile(r"([1-9][0-9]{0,2})\.([0-9]{3})")
#: The type of the errors that a Scalar raises; their context holds it as `scalar`.
SCALAR = "scalar"


@dataclass(frozen=True)
class Scalar:
    """Annotates a str, int, float, bool, a Literal of texts, or a union of them.

    `wanted` ends the sentence "Write ...". `pattern` is one for a whole text.
    A text is one line without control characters; with `lines` it may have several, with none of them open at the
    end. A number without a fraction that is written with a point is no whole number: 100.000 is a hundred.
    """

    wanted: str
    pattern: str | None = None
    minimum: int | None = None
    maximum: int | None = None
    lines: bool = False
    empty: bool = True
    kinds: tuple[type, ...] = ()
    values: tuple[str, ...] = ()

    def __call__(self, wanted: str) -> Scalar:
        """The same values, asked for in other words."""
        return replace(self, wanted=wanted)

    def fits(self, value: Any) -> bool:
        if isinstance(value, bool):
            return bool in self.kinds
        if isinstance(value, int):
            return (int in self.kinds or float in self.kinds) and self._within(value)
        if isinstance(value, float):
            return float in self.kinds and math.isfinite(value) and self._within(value)
        return isinstance(value, str) and str in self.kinds and self._is_clean(value) and self._matches(value)

    def _within(self, value: float) -> bool:
        return (self.minimum is None or value >= self.minimum) and (self.maximum is None or value <= self.maximum)

    def _is_clean(self, text: str) -> bool:
        if text.isprintable():
            return True
        if self.lines:
            return not text.endswith("\n") and not _CONTROL_IN_LINES.search(text)
        return not _CONTROL.search(text)

    def _matches(self, text: str) -> bool:
        if self.values:
            return text in self.values
        if not text and not self.empty:
            return False
        return self.pattern is None or re.fullmatch(self.pattern, text) is not None

    def misread(self, value: Any, text: str) -> tuple[str, str] | None:
        """(Rule, way out) for a value that is read otherwise than meant; `text` is how its file has it."""
        if isinstance(value, str) and str in self.kinds and not self._is_clean(value):
            if value.endswith("\n"):
                return "this text ends with a line break", "Take it out, or write |- in place of |"
            if self.lines or not re.search(r"[\n\r]", value):
                return "this text holds a character that nobody sees", "Take it out"
            return "this text has several lines", "Write it on one"
        if isinstance(value, float) and float not in self.kinds and (options := list(self._options(value, text))):
            return f"this is the decimal number {value}", f"Write {', or '.join(options)}"
        return None

    def _options(self, value: float, text: str) -> Iterator[str]:
        if int in self.kinds:
            numbers = [int("".join(found.groups()))] if (found := _THOUSANDS.fullmatch(text)) else []
            numbers += [int(value)] if value.is_integer() else []
            yield from (str(number) for number in numbers if self._within(number))
        if str in self.kinds and self._matches(text):
            yield f"'{text}' with its quotes"

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        scalar = replace(self, kinds=self.kinds or _kinds(source), values=_values(source))

        def check(value: Any) -> Any:
            if not scalar.fits(value):
                raise PydanticCustomError(SCALAR, "no {wanted}", {"scalar": scalar, "wanted": scalar.wanted})
            return value

        return core_schema.no_info_plain_validator_function(check, metadata={"scalar": scalar})

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        # What is made of the value comes around it.
        inner: Any = schema
        while "scalar" not in inner.get("metadata", {}):
            inner = inner["schema"]
        scalar: Scalar = inner["metadata"]["scalar"]
        return scalar.json_schema()

    def json_schema(self) -> JsonSchemaValue:
        names = {str: "string", int: "integer", float: "number", bool: "boolean"}
        types = [names[kind] for kind in self.kinds if kind is not int or float not in self.kinds]
        found: JsonSchemaValue = {"type": types[0] if len(types) == 1 else types, "description": self.wanted}
        if self.values and self.kinds == (str,):
            return {"enum": list(self.values), "description": self.wanted}
        if str in self.kinds:
            pattern = "|".join(map(re.escape, self.values)) if self.values else self.pattern
            if pattern:
                found["pattern"] = f"^(?:{pattern})$"
            unseen = r"\n$|" + _CONTROL_IN_LINES.pattern if self.lines else _CONTROL.pattern
            found["not"] = {"type": "string", "pattern": unseen}
            if not self.empty:
                found["minLength"] = 1
        if self.minimum is not None:
            found["minimum"] = self.minimum
        if self.maximum is not None:
            found["maximum"] = self.maximum
        return found


def _kinds(source: Any) -> tuple[type, ...]:
    if get_origin(source) is Literal:
        return (str,)
    if get_origin(source) in (Union, UnionType):
        return tuple(dict.fromkeys(kind for part in get_args(source) for kind in _kinds(part)))
    return (source,)


def _values(source: Any) -> tuple[str, ...]:
    if get_origin(source) is Literal:
        return get_args(source)
    if get_origin(source) in (Union, UnionType):
        return tuple(value for part in get_args(source) for value in _values(part))
    return ()
