"""The one reader of YAML: a file -> its text -> its nodes, each with the line where it begins.

What no file of ours may have is refused here, before anything else reads it: reclass crashes on
a tag, and aliases of aliases grow beyond every memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import yaml

from .plain_file import Unreadable, read_text

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

#: Levels of a value, and values of a file with its aliases written out.
DEEPEST, MOST = 50, 100_000
_BOM = "\ufeff"


def read(path: Path, shown: str | None = None) -> yaml.Node | None:
    """The root of a file; None where it is empty. Raises Unreadable."""
    return compose(read_text(path, shown), shown or str(path))


def remembered(path: Path) -> yaml.Node | None:
    """As read(), once for each content of a file: many clusters share their classes."""
    return _remembered(path, version(path))


@lru_cache(maxsize=256)
def _remembered(path: Path, _version: tuple[int, ...]) -> yaml.Node | None:
    return read(path)


def version(path: Path) -> tuple[int, ...]:
    """Another one when the file has changed."""
    about = path.stat()
    return about.st_mtime_ns, about.st_size, about.st_ino


def compose(text: str, shown: str, tags: bool = False) -> yaml.Node | None:
    """The root of a text. `tags` lets values have them: !vault. Raises Unreadable."""
    return next(iter(documents(text, shown, tags, several=False)), None)


def documents(text: str, shown: str, tags: bool = False, several: bool = True) -> list[yaml.Node]:
    """The root of each document of a text that is not empty. Raises Unreadable."""
    if text.startswith(_BOM):
        raise Unreadable(
            f"{shown}:1: the file begins with a byte order mark, which nobody sees. Save it as UTF-8 without BOM"
        )
    try:
        return list(_Composer(text, shown, tags).documents(several))
    except yaml.MarkedYAMLError as error:
        raise Unreadable(_not_yaml(shown, text, error)) from error
    except yaml.reader.ReaderError as error:
        line = text.encode("utf-8")[: error.position].count(b"\n") + 1
        raise Unreadable(f"{shown}:{line}: a character that YAML does not have. Take it out") from error
    except yaml.YAMLError as error:
        raise Unreadable(f"{shown}: not valid YAML: {' '.join(str(error).split())}. Correct the syntax") from error


@dataclass(frozen=True)
class _Anchored:
    """What an alias stands for, and how many values that is."""

    node: yaml.Node
    size: int


class _Composer:
    """Nodes out of the parser's events, so that nothing is taken in before it is judged."""

    def __init__(self, text: str, shown: str, tags: bool):
        self._loader = _Loader(text)
        self._shown, self._tags = shown, tags
        self._anchors: dict[str, _Anchored] = {}
        self._size = 0

    def documents(self, several: bool) -> Iterator[yaml.Node]:
        begun = False
        while not self._loader.check_event(yaml.StreamEndEvent):
            event = self._loader.get_event()
            if isinstance(event, yaml.DocumentStartEvent):
                if begun and not several:
                    raise self._refused(event, "a second document begins here. Remove the --- line")
                begun = True
                root = self._node(self._loader.get_event(), 1)
                if not _is_nothing(root):
                    yield root

    def _node(self, event: yaml.Event, depth: int) -> yaml.Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        assert isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)), event
        if depth > DEEPEST:
            raise self._refused(event, f"more than {DEEPEST} levels of values in each other. Make it flatter")
        if event.tag is not None and not self._tags:
            raise self._refused(event, f"{event.tag}: tags have no meaning here. Write the value without it")
        before = self._size
        self._count(event, 1)
        node: yaml.Node
        if isinstance(event, yaml.ScalarEvent):
            tag = event.tag or self._loader.resolve(yaml.ScalarNode, event.value, event.implicit)
            node = yaml.ScalarNode(tag, event.value, _mark(event), style=event.style)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = yaml.SequenceNode(event.tag or "tag:yaml.org,2002:seq", [], _mark(event))
            while not isinstance(item := self._loader.get_event(), yaml.SequenceEndEvent):
                node.value.append(self._node(item, depth + 1))
        else:
            node = yaml.MappingNode(event.tag or "tag:yaml.org,2002:map", [], _mark(event))
            while not isinstance(item := self._loader.get_event(), yaml.MappingEndEvent):
                key = self._node(item, depth + 1)
                if not isinstance(key, yaml.ScalarNode):
                    raise self._refused(item, "a key is a single value. Write a text before the colon")
                node.value.append((key, self._node(self._loader.get_event(), depth + 1)))
        if event.anchor is not None:
            self._anchors[event.anchor] = _Anchored(node, self._size - before)
        return node

    def _alias(self, event: yaml.AliasEvent) -> yaml.Node:
        known = self._anchors.get(event.anchor or "")
        if known is None:
            raise self._refused(event, f"*{event.anchor}: no value above has the anchor &{event.anchor}. Write it there")
        self._count(event, known.size)
        return known.node

    def _count(self, event: yaml.Event, more: int) -> None:
        self._size += more
        if self._size > MOST:
            raise self._refused(event, f"the file has more than {MOST} values, with aliases written out. Take some out")

    def _refused(self, event: yaml.Event, rule: str) -> Unreadable:
        return Unreadable(f"{self._shown}:{_mark(event).line + 1}: {rule}")


def _mark(event: yaml.Event) -> yaml.Mark:
    """Where an event begins. The marks of the C parser are of another class, with the same attributes."""
    return cast(yaml.Mark, event.start_mark)


def is_null(node: yaml.Node) -> bool:
    return node.tag == "tag:yaml.org,2002:null"


def _is_nothing(node: yaml.Node) -> bool:
    """What a file without values has between its first line and its last."""
    return isinstance(node, yaml.ScalarNode) and node.value == "" and not node.style


def _not_yaml(shown: str, text: str, error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark or error.context_mark
    assert mark, "the parser says where it stopped"
    begun = error.context_mark
    context = ""
    if error.context and begun and begun.line != mark.line:
        context = f" {error.context} that begins in line {begun.line + 1}"
    lines = text.splitlines()
    at = lines[mark.line] if mark.line < len(lines) else ""
    way_out = "Correct the syntax here or in the lines above"
    if at[: mark.column + 1].strip(" ").startswith("\t"):
        way_out = "Indent with spaces, not with tabs"
    return f"{shown}:{mark.line + 1}:{mark.column + 1}: not valid YAML: {error.problem}{context}. {way_out}"
