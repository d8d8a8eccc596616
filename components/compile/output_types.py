"""What a face gives, as the bytes that Kapitan would write for the output type in kapitan.compile."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from components.inventory.dot_kapitan import Output

_STYLES = {"literal": "|", "folded": ">", "double-quotes": '"'}


def file_of(name: str, content: Any, output_type: str, how: Output) -> tuple[str, bytes]:
    """Name and bytes of one file."""
    if output_type == "plain":
        return name, content.encode("utf-8")
    if not content:
        return f"{name}.{output_type}", b""
    text = json.dumps(content, indent=how.indent, sort_keys=True) if output_type == "json" else _yaml(content, how)
    return f"{name}.{output_type}", text.encode("utf-8")


def _yaml(content: Any, how: Output) -> str:
    dump = yaml.dump if isinstance(content, Mapping) else yaml.dump_all
    return dump(content, indent=how.indent, Dumper=_dumper(how), default_flow_style=False)


def _dumper(how: Output) -> type[yaml.SafeDumper]:
    style = _STYLES.get(how.multiline_style)

    class Dumper(yaml.SafeDumper):
        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
            """Items of a list stand deeper than its key."""
            super().increase_indent(flow, False)

    def text(dumper: yaml.SafeDumper, data: str) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:str", data, style=style if "\n" in data else None)

    def null(dumper: yaml.SafeDumper, _: None) -> yaml.Node:
        return dumper.represent_scalar("tag:yaml.org,2002:null", "" if how.null_as_empty else "null")

    Dumper.add_representer(str, text)
    Dumper.add_representer(type(None), null)
    return Dumper
