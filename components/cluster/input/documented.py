"""The parameters as docs/inventory.md lists them: a table a subject, made by walking the models."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args, get_origin, get_type_hints

from .contract import Contract
from .entry import AtLeastOne, Entry, Wanted
from .meanings import meanings
from .scalar import Scalar
from .service import ServiceEntry
from .target import Inventory
from .words import alternatives, hints, parts

#: Heading -> the parameters below it, in the order of the document.
SUBJECTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Cluster and machines": ("cluster", "placement", "availability", "node_groups", "reserve"),
        "Firewall of the nodes": ("firewall",),
        "Load balancer": ("load_balancers", "load_balancer"),
        "NodePorts": ("nodeports",),
        "Scale": ("scale", "influxdb"),
        "Volumes": ("volumes",),
        "Backup": ("backup",),
        "Priorities": ("priority_classes",),
        "Plain MQTT, e-mail, TLS of Kafka WS": ("insecure_mqtt", "email", "kafka_ws"),
        "Repository and release": ("repository", "release"),
        "Gateway": ("gateway",),
        "Monitoring": ("monitoring",),
        "Platform: Kubernetes": ("platform.kubernetes",),
        "Platform: container runtime": ("platform.runtime",),
        "Platform: pod network": ("platform.pod_network",),
        "Platform: operating system": ("platform.operating_system",),
        "Platform: HAProxy": ("platform.haproxy",),
        "Platform: Argo CD": ("platform.argocd",),
        "Platform: proxy": ("platform.proxy",),
        "Services": ("services",),
        "Objects of your own": ("manifests",),
    }
)
#: What is asked for in several places has a table of its own if that has more rows than these.
_FEW = 3
#: In whichever number of places it is asked for.
_ALWAYS = {ServiceEntry}

Row = tuple[str, str, str]


def tables() -> str:
    """Of the parameters of a target."""
    return _Document(Inventory, SUBJECTS).text()


def contract_tables() -> str:
    """Of what a file of inventory/contracts may hold."""
    return _Document(Contract, {"Keys of a contract": tuple(hints(Contract))}).text()


@cache
def in_a_table_of_its_own(model: type[Entry]) -> bool:
    """Of what a target asks for: do its keys stand once, for all places that have them?"""
    return bool(_Document(Inventory, SUBJECTS).link(model))


class _Document:
    def __init__(self, root: type[Entry], subjects: Mapping[str, tuple[str, ...]]) -> None:
        self._root, self._subjects = root, subjects
        self._places = Counter(_entries_below(root))
        #: Heading -> the models whose keys are rows below it.
        self._apart: dict[str, tuple[type[Entry], ...]] = {}

    def text(self) -> str:
        lines: list[str] = []
        done: set[str] = set()
        for heading, paths in self._subjects.items():
            lines += _table(heading, [row for path in paths for row in self._subject(path)])
            # A table may ask for further ones.
            while new := [title for title in self._apart if title not in done]:
                done.add(new[0])
                lines += _table(new[0], list(self._keys(self._apart[new[0]], "")))
        return "\n".join(lines)

    def _subject(self, path: str) -> Iterator[Row]:
        model: Any = self._root
        *above, key = path.split(".")
        for name in above:
            model, _ = parts(hints(model)[name])
        yield from self._key(model, key, "".join(f"{name}." for name in above))

    def _keys(self, models: tuple[type[Entry], ...], prefix: str) -> Iterator[Row]:
        found: dict[str, Row] = {}
        for model in models:
            # What it shares with others comes last.
            for key in sorted(hints(model), key=lambda key: key not in model.__annotations__):
                for row in self._key(model, key, prefix):
                    # Alternatives may share a key.
                    found.setdefault(row[0], row)
            if extra := _extra(model):
                found[""] = f"{prefix}<key>", "a key of it", _asked(extra)
        yield from found.values()

    def _key(self, model: type[Entry], key: str, prefix: str) -> Iterator[Row]:
        if meaning := meanings()[model.__name__].get(key):
            first, *further = self._shape(hints(model)[key], f"{prefix}{key}", meaning)
            path, _, asked = first
            yield path, meaning, "; ".join(filter(None, [asked, _default(model, key)]))
            yield from further

    def _shape(self, shape: Any, path: str, meaning: str) -> Iterator[Row]:
        base, said = parts(shape)
        kinds = tuple(kind for kind, _ in map(parts, alternatives(base)) if _is_entry(kind))
        if any(isinstance(each, Scalar) for each in said):
            yield path, meaning, _asked(shape)
        elif _is_entry(base):
            link = self.link(base)
            yield path, meaning, link
            if not link:
                yield from self._keys((base,), f"{path}.")
        elif len(kinds) > 1:
            title = f"What may stand in {path.split('.')[-2]}"
            self._apart.setdefault(title, kinds)
            yield path, meaning, _to(title)
        elif get_origin(base) is tuple:
            yield from self._several(get_args(base)[0], f"{path}[]", meaning, said, "a list")
        elif len(get_args(base)) == 2 and not alternatives(base):
            yield from self._several(get_args(base)[1], f"{path}.<name>", meaning, said, "by name")
        else:
            yield path, meaning, _asked(shape)

    def _several(self, item: Any, path: str, meaning: str, said: tuple[Any, ...], how: str) -> Iterator[Row]:
        """A list or a map: a row with what each of it may be, and those of its keys."""
        (path, _, asked), *further = self._shape(item, path, meaning)
        if any(isinstance(each, AtLeastOne) for each in said):
            how = f"{how}, at least one"
        yield path, meaning, f"{how}: {asked}" if asked else how
        yield from further

    def link(self, model: type[Entry]) -> str:
        """To the keys of a model that several places have."""
        if model not in _ALWAYS and (self._places[model] < 2 or _rows(model) <= _FEW):
            return ""
        self._apart.setdefault(_title(model), (model,))
        return _to(_title(model))


def _entries_below(model: type[Entry]) -> Iterator[type[Entry]]:
    """Every model that a key of `model`, or of what is below it, asks for, once for each such key."""
    seen: set[type[Entry]] = set()
    left = [model]
    while left:
        for shape in hints(left.pop()).values():
            for found in _entries_of(shape):
                yield found
                if found not in seen:
                    seen.add(found)
                    left.append(found)


def _entries_of(shape: Any) -> Iterator[type[Entry]]:
    base, _ = parts(shape)
    if _is_entry(base):
        yield base
    else:
        for inner in get_args(base):
            yield from _entries_of(inner)


def _is_entry(base: Any) -> bool:
    return isinstance(base, type) and issubclass(base, Entry)


def _rows(model: type[Entry]) -> int:
    return len(hints(model)) + sum(_rows(found) for shape in hints(model).values() for found in _entries_of(shape))


def _extra(model: type[Entry]) -> Any:
    """What keys of one's own may be, where a model has such."""
    if model.model_config.get("extra") != "allow":
        return None
    return get_args(get_type_hints(model, include_extras=True)["__pydantic_extra__"])[1]


def _asked(shape: Any) -> str:
    """How a refusal asks for it."""
    _, said = parts(shape)
    for each in reversed(said):
        if isinstance(each, Wanted):
            return each.words
        if isinstance(each, Scalar):
            return each.wanted
    return "anything"


def _default(model: type[Entry], key: str) -> str:
    field = next(field for name, field in model.model_fields.items() if (field.alias or name) == key)
    if field.is_required():
        return ""
    if isinstance(field.default, (bool, str, int)):
        return f"default `{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
    return "optional"


def _title(model: type[Entry]) -> str:
    """What stands first in the text of a model."""
    return re.split(r"[.,;]", model.__doc__ or "", maxsplit=1)[0]


def _to(title: str) -> str:
    return f"[{title[0].lower()}{title[1:]}](#{title.lower().replace(' ', '-')})"


def _table(heading: str, rows: list[Row]) -> list[str]:
    lines = [f"### {heading}", "", "| Parameter | Meaning | May be |", "|---|---|---|"]
    lines += [f"| `{path}` | {_cell(meaning)} | {_cell(asked)} |" for path, meaning, asked in rows]
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
