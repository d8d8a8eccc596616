"""A field that changed: two values beside each other, or a short diff of long texts."""

from __future__ import annotations

import json
import re
from difflib import unified_diff
from typing import Any

from ..types import ABSENT, Field
from .clean import shortened, visible
from .story import Code, Line

#: Characters of a value, or of a line of a diff.
_WIDTH = 100
#: Lines of a diff.
_HEIGHT = 12
#: Characters before the first difference of two values that are too long to be shown.
_LEAD = 20
#: A checksum, alone: which one it is says nothing to a reader.
_CHECKSUM = re.compile(r"[0-9a-f]{16,}")
#: More lines than this on both sides are not compared: the time grows with their product.
_COMPARED = 4_000


def told(field: Field) -> Line:
    path = Code(visible(str(field)))
    before, after = field.before, field.after
    if before is ABSENT:
        return Line((path, ": new, ", _value(after)))
    if after is ABSENT:
        return Line((path, ": gone, was ", _value(before)))
    if isinstance(before, str) and isinstance(after, str):
        if _of_lines(before, after):
            return Line((path, ":"), diff=_diff(before, after))
        if _CHECKSUM.fullmatch(before) and _CHECKSUM.fullmatch(after):
            return Line((path, ": another checksum"))
    left, right = _written(before), _written(after)
    if left == right:
        # The number 1 and the text "1".
        left, right = _json(before), _json(after)
    left, right = _windows(left, right)
    return Line((path, ": ", Code(left), " → ", Code(right)))


def _of_lines(*texts: str) -> bool:
    """Whether one has several: of one long line, such as a dashboard's, a diff would show the same beginning twice."""
    return any("\n" in text.strip("\n") for text in texts)


def _value(value: Any) -> Code:
    return Code(shortened(visible(_written(value)), _WIDTH))


def _written(value: Any) -> str:
    """A text as it is, anything else as JSON; an empty text would not be seen."""
    return value if value and isinstance(value, str) else _json(value)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _windows(before: str, after: str) -> tuple[str, str]:
    """Both values, or if one is long, both from a little before the first difference."""
    start = 0
    if max(len(before), len(after)) > _WIDTH:
        same = next((at for at, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), None)
        first = min(len(before), len(after)) if same is None else same
        start = max(0, first - _LEAD)
    dots = "…" if start else ""
    left, right = (dots + shortened(visible(text[start:]), _WIDTH) for text in (before, after))
    return left, right


def _diff(before: str, after: str) -> tuple[str, ...]:
    """Of a text of lines: those that differ, with one around them. Empty if only the last line's end differs."""
    left, right = before.splitlines(), after.splitlines()
    if len(left) > _COMPARED and len(right) > _COMPARED:
        return (f"… {len(left):,} lines before, {len(right):,} after: too many to be compared here",)
    # The two heads that name files say nothing here; n=1: the path has said where.
    lines = [line for line in list(unified_diff(left, right, lineterm="", n=1))[2:] if not line.startswith("@@")]
    if not lines:
        return ("… only the ends of lines differ",)
    shown = tuple(shortened(visible(line), _WIDTH) for line in lines[:_HEIGHT])
    if len(lines) > _HEIGHT:
        shown += (f"… {len(lines) - _HEIGHT:,} more lines of this difference",)
    return shown
