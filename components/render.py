"""YAML text of Kubernetes objects: one style for every face, and no anchors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

# Plain scalars that PyYAML takes for text and Kubernetes' parser does not: `y` is a
# boolean to it, and `12e5` a number. Everything that could be either is quoted.
AMBIGUOUS = re.compile(
    r"[yYnN]"
    r"|[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9_]*)?)([eE][-+]?[0-9]+)?"
    r"|[-+]?0[xXoObB][0-9a-fA-F_]+"
    r"|[-+]?[0-9]+(:[0-5]?[0-9])+(\.[0-9_]*)?"
)


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
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)
