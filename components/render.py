"""YAML text of Kubernetes objects: one style for every face, and no anchors."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

import yaml


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.Dumper, data: str) -> yaml.Node:
    style = "|" if "\n" in data else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style)


def _mapping(dumper: yaml.Dumper, data: Mapping[str, Any]) -> yaml.Node:
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items())


_Dumper.add_representer(str, _text)
_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(tuple, yaml.representer.SafeRepresenter.represent_list)


def yaml_documents(objects: Iterable[Mapping[str, Any]]) -> str:
    """The objects as YAML documents, keys in the order given, parted by `---`."""
    return yaml.dump_all(objects, Dumper=_Dumper, sort_keys=False, width=4096, allow_unicode=True)
