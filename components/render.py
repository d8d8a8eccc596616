"""Text of every face: YAML of Kubernetes objects in one style, without anchors; and files that have a template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

# Plain scalars that PyYAML takes for text and Kubernetes' parser does not: `y` is a
# boolean to it, and `12e5` a number. Everything that could be either is quoted.
AMBIGUOUS = re.compile(
    r"[yYnN]"
    r"|[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?0[xXoObB][0-9a-fA-F_]+"
    r"|[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9_]*)?"
)


#: Digest of objects -> their text, for so many files.
_written: dict[bytes, str] = {}
_MOST = 500


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: _Dumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data else "'" if AMBIGUOUS.fullmatch(data) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _mapping(dumper: _Dumper, data: dict[Any, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items())


_Dumper.add_representer(str, _text)
_Dumper.add_multi_representer(dict, _mapping)
_Dumper.add_representer(tuple, yaml.representer.SafeRepresenter.represent_list)


def yaml_documents(objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as YAML documents, keys in the order given, parted by `---`."""
    objects = list(objects)
    # Clusters have most of their objects in common, and nothing takes longer than to write them.
    key = blake2b(repr(objects).encode()).digest()
    if key not in _written:
        if len(_written) == _MOST:
            _written.clear()
        _written[key] = yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)
    return _written[key]


def template(path: Path, **facts: Any) -> str:
    """The text of a template, whose statements leave no lines behind; a name that it lacks is an error."""
    return _environment(path.parent).get_template(path.name).render(facts)


@cache
def _environment(folder: Path) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(folder),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    # In the order given, as in what is written as YAML.
    environment.policies["json.dumps_kwargs"] = {}
    return environment
