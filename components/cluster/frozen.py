"""Dictionaries and lists that nobody can change, whatever their depth."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any, NoReturn


class Frozen(dict[Any, Any]):
    """A dict that refuses every change; it is written out like any other."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("the cluster cannot be changed; make a copy with dict()")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = setdefault = update = _refuse

    def __copy__(self) -> Frozen:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Frozen:
        return self

    def __reduce__(self) -> tuple[type[Frozen], tuple[dict[Any, Any]]]:
        return Frozen, (dict(self),)


def freeze(value: Any) -> Any:
    """`value` with every dict Frozen and every list a tuple, inside dataclasses too.

    A dataclass is not copied: its fields are replaced, once, before anybody sees it.
    """
    if isinstance(value, dict):
        return Frozen({key: freeze(item) for key, item in value.items()})
    if isinstance(value, (list, tuple)):
        return tuple(freeze(item) for item in value)
    if is_dataclass(value):
        for field in fields(value):
            object.__setattr__(value, field.name, freeze(getattr(value, field.name)))
    return value
