"""Every key that an operator may write, found by walking the models, and the places where a cluster has it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

from components.cluster.input.documented import in_a_table_of_its_own
from components.cluster.input.entry import Entry
from components.cluster.input.scalar import Scalar
from components.cluster.input.target import Inventory
from components.cluster.input.words import alternatives, hints, parts

#: Steps of a key: any name of a map, any item of a list; docs/inventory.md writes them so.
NAME, ITEM = "<name>", "[]"
#: Stands for the value of a key that is not written.
ABSENT = object()
# A name that nothing has.
_NEW = "another"
#: Names of a map, numbers of a list's items.
Path = tuple[str | int, ...]


@dataclass(frozen=True)
class Key:
    """A key whose value is a scalar (or anything). `scalar` is None where whatever is written there is passed on.

    `kinds`: types that the value may have; `choices`: texts of which it is one, if it is; `default`: its value where it
    is not written, or None.
    """

    steps: tuple[str, ...]
    scalar: Scalar | None
    kinds: tuple[type, ...]
    choices: tuple[str, ...]
    default: Any

    def __str__(self) -> str:
        return ".".join(self.steps).replace(f".{ITEM}", ITEM)


def keys() -> list[Key]:
    """All of them, those of few steps first.

    What docs/inventory.md tells once for several places (a probe, requests and limits) is here once, too: at the place
    of fewest steps.
    """
    found: dict[tuple[str, ...], Key] = {}
    told: set[type[Entry]] = set()
    # Alternatives of one place have a table of their own as well.
    alternative: set[type[Entry]] = set()
    left: deque[tuple[tuple[str, ...], Any, Any]] = deque([((), Inventory, None)])
    while left:
        steps, shape, default = left.popleft()
        base, said = parts(shape)
        scalars = [one for one in said if isinstance(one, Scalar)]
        if scalars or base is Any:
            scalar = scalars[-1] if scalars else None
            kinds = (scalar.kinds if scalar else ()) or _kinds(base)
            found.setdefault(steps, Key(steps, scalar, kinds, _choices(base), default))
        elif _is_entry(base):
            if base not in told:
                told |= {base} if base in alternative or in_a_table_of_its_own(base) else set()
                left += [((*steps, name), below, _default(base, name, default)) for name, below in hints(base).items()]
        elif others := alternatives(base):
            entries = {kind for kind, _ in map(parts, others) if _is_entry(kind)}
            left += [(steps, other, default) for other in others]
            alternative |= entries if len(entries) > 1 else set()
        elif get_origin(base) is tuple:
            left.append(((*steps, ITEM), get_args(base)[0], None))
        else:
            left.append(((*steps, NAME), get_args(base)[1], None))
        if _is_entry(base) and base.model_config.get("extra") == "allow":
            left.append(((*steps, NAME), get_args(_extra(base))[1], None))
    return list(found.values())


def _extra(model: type[Entry]) -> Any:
    return get_type_hints(model, include_extras=True)["__pydantic_extra__"]


def _default(model: type[Entry], key: str, above: Any) -> Any:
    """Of a key; `above` is the default of the entry that has it."""
    name, field = next((name, field) for name, field in model.model_fields.items() if (field.alias or name) == key)
    if isinstance(above, model):
        return getattr(above, name)
    return None if field.is_required() else field.default


def _is_entry(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, Entry)


def _kinds(base: Any) -> tuple[type, ...]:
    if get_origin(base) is Literal:
        return (str,)
    return tuple(each for kind in alternatives(base) for each in _kinds(kind)) or ((base,) if base is not Any else ())


def _choices(base: Any) -> tuple[str, ...]:
    if get_origin(base) is Literal:
        return get_args(base)
    return tuple(choice for kind in alternatives(base) for choice in _choices(kind))


def places(key: Key, parameters: Mapping[str, Any]) -> Iterator[tuple[Path, Any]]:
    """Where parameters have the key, with its value; then where they could have it and have not: ABSENT.

    A list of scalars is one place, whatever it has.
    """
    for path, value in _written(key.steps, parameters, ()):
        if key.scalar is None or key.steps[-1] == ITEM or not isinstance(value, (Mapping, list)):
            yield path, value
    for path in _missing(key.steps, parameters, ()):
        yield path, ABSENT


def _written(steps: tuple[str, ...], value: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    if not steps:
        yield path, value
        return
    step, *others = steps
    rest = tuple(others)
    if step == ITEM:
        if isinstance(value, list):
            if not rest:
                yield path, value
            for number, item in enumerate(value if rest else ()):
                yield from _written(rest, item, (*path, number))
    elif isinstance(value, Mapping):
        for name in value if step == NAME else {step} & value.keys():
            yield from _written(rest, value[name], (*path, name))


def _missing(steps: tuple[str, ...], value: Any, path: Path) -> Iterator[Path]:
    """Paths that lack their last steps; a name that is not there is a new one."""
    if not steps:
        return
    step, *others = steps
    rest = tuple(others)
    if step == ITEM:
        for number, item in enumerate(value if rest and isinstance(value, list) else ()):
            yield from _missing(rest, item, (*path, number))
    elif isinstance(value, Mapping):
        below = value if step == NAME else {step} & value.keys()
        for name in below:
            yield from _missing(rest, value[name], (*path, name))
        if not below and ITEM not in steps[:-1]:
            yield (*path, *(_NEW if each == NAME else each for each in steps if each != ITEM))
