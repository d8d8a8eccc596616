"""What each key means: the text below its field."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache

from .entry import Entry


@cache
def meanings() -> dict[str, dict[str, str]]:
    """Name of a model -> key -> its meaning, those of the models that it extends included."""
    found: dict[str, dict[str, str]] = {}
    for model in models():
        said: dict[str, str] = {}
        for above in reversed(model.__mro__):
            if issubclass(above, Entry) and above is not Entry:
                said.update(_own(above))
        found[model.__name__] = {
            field.alias or name: said[name] for name, field in model.model_fields.items() if name in said
        }
    return found


def models(above: type[Entry] = Entry) -> Iterator[type[Entry]]:
    """Every model of the inventory."""
    for model in above.__subclasses__():
        if model.__module__.startswith(__package__):
            yield model
            yield from models(model)


@cache
def _own(model: type[Entry]) -> dict[str, str]:
    """Name of a field -> the text that stands below it."""
    (body,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for statement, below in zip(body.body, body.body[1:], strict=False):
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str):
            found[statement.target.id] = below.value.value
    return found
