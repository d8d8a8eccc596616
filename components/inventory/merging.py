"""How reclass merges files and resolves references, for what is plain in them: a twentieth of its time.

Reclass copies all parameters for each class that it merges, which takes longer than the rest of a compile.
This merges the same files by the same rules, and knows where it does not know them: whatever is unusual, or
wrong, raises Unusual, and reclass itself is asked. tests/inventory/test_merging.py holds the two to the same
values in the same order.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import yaml

_INTEGER = re.compile(r"0|-?[1-9][0-9]*")
_DECIMAL = re.compile(r"-?(0|[1-9][0-9]*)\.[0-9]+")
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}
# What reclass' reader of YAML may take for something else than a text.
_NOT_TEXT = re.compile(
    r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[-+]?[0-9]+)?|[-+]?0[xob].*|[-+]?\.(inf|nan)|true|false|null", re.IGNORECASE
)
# A reference, or two characters that are none: \${.
_TOKEN = re.compile(r"\$\{([A-Za-z0-9_.:-]+)\}|\\\$\{")


class Unusual(Exception):
    """Something that only reclass knows the meaning of."""


class Layers(tuple[Any, ...]):
    """Values of one key of which any is a reference: they are merged when it is known what they are."""


def value_of(node: yaml.Node | None) -> Any:
    """What a file says. Raises Unusual."""
    if node is None:
        return None
    if isinstance(node, yaml.ScalarNode):
        return node.value if node.style else _plain(node.value)
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    found = {}
    for key, value in node.value:
        name = key.value if key.style else _plain(key.value)
        # ~key alone has a meaning that is ours too.
        bare = name.removeprefix("~") if isinstance(name, str) else ""
        if not bare or bare[0] in "~=" or "$" in bare or bare == "<<" or bare in found or f"~{bare}" in found:
            raise Unusual
        found[name] = value_of(value)
    return found


def merged(trees: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Trees over each other, the last wins; none of them is changed. Raises Unusual."""
    whole: dict[str, Any] = {}
    for tree in trees:
        whole = _over(whole, tree)
    return whole


def resolved(tree: dict[str, Any]) -> dict[str, Any]:
    """A tree with what its references refer to, in values of its own. Raises Unusual."""
    return _Resolver(tree).resolved_map(tree)


def _plain(text: str) -> Any:
    """A scalar without quotes."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return float(text)
    if _NOT_TEXT.fullmatch(text):
        raise Unusual
    return text


def _over(old: Any, new: Any) -> Any:
    """A value over that of an earlier file."""
    if isinstance(old, dict) and isinstance(new, dict):
        found = dict(old)
        for key, value in new.items():
            name = key.removeprefix("~")
            found[name] = _over(found[name], value) if name == key and name in found else _alone(value)
        return found
    if _refers(old) or _refers(new):
        if _replaces(new):
            raise Unusual
        return Layers((*(old if isinstance(old, Layers) else (old,)), _alone(new)))
    if isinstance(old, list) and isinstance(new, list):
        return old + _alone(new)
    if old is None or new is None or isinstance(old, (dict, list)) or isinstance(new, (dict, list)):
        raise Unusual
    return new


def _alone(value: Any) -> Any:
    """A value that is over none: the marks of its keys have done their work."""
    if isinstance(value, dict):
        return {key.removeprefix("~"): _alone(each) for key, each in value.items()}
    return [_alone(each) for each in value] if isinstance(value, list) else value


def _replaces(value: Any) -> bool:
    """Whether a map in it says that a key is replaced, not merged."""
    if isinstance(value, dict):
        return any(key.startswith("~") or _replaces(each) for key, each in value.items())
    return isinstance(value, list) and any(_replaces(each) for each in value)


def _refers(value: Any) -> bool:
    return isinstance(value, Layers) or (isinstance(value, str) and "$" in value)


class _Resolver:
    """References are looked up in the tree as it is merged; each is resolved once."""

    def __init__(self, tree: dict[str, Any]):
        self._tree = tree
        self._known: dict[str, Any] = {}
        self._open: set[str] = set()

    def resolved_map(self, tree: dict[str, Any]) -> dict[str, Any]:
        return {key: self._resolved(value) for key, value in tree.items()}

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value) if "$" in value else value
        if isinstance(value, dict):
            return self.resolved_map(value)
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        if isinstance(value, Layers):
            first, *rest = (self._resolved(layer) for layer in value)
            for layer in rest:
                if _refers(first) or _refers(layer):
                    raise Unusual
                first = _over(first, layer)
            return first
        return value

    def _text(self, text: str) -> Any:
        if "${" not in text and "$[" not in text:
            return text
        if (whole := _TOKEN.fullmatch(text)) and whole[1]:
            return self._copy(self._reference(whole[1]))
        parts: list[str] = []
        at = 0
        for token in _TOKEN.finditer(text):
            parts.append(_literal(text[at : token.start()]))
            at = token.end()
            parts.append(self._inside(token[1]) if token[1] else "${")
        return "".join([*parts, _literal(text[at:])])

    def _inside(self, reference: str) -> str:
        """A value as part of a text."""
        value = self._reference(reference)
        if not isinstance(value, (str, int)) or isinstance(value, bool):
            raise Unusual
        return str(value)

    def _reference(self, reference: str) -> Any:
        if reference in self._known:
            return self._known[reference]
        if reference in self._open:
            raise Unusual
        self._open.add(reference)
        found: Any = self._tree
        for name in reference.split(":"):
            if isinstance(found, str) and "$" in found:
                found = self._resolved(found)
            if not isinstance(found, dict) or name not in found:
                raise Unusual
            found = found[name]
        found = self._resolved(found)
        if _has_marks(found):
            raise Unusual
        self._open.remove(reference)
        self._known[reference] = found
        return found

    def _copy(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: self._copy(each) for key, each in value.items()}
        return [self._copy(each) for each in value] if isinstance(value, list) else value


def _has_marks(value: Any) -> bool:
    """Whether reclass might resolve it a second time."""
    if isinstance(value, str):
        return "$" in value or "\\" in value
    if isinstance(value, dict):
        return any(_has_marks(each) for each in value.values())
    return isinstance(value, list) and any(_has_marks(each) for each in value)


def _literal(text: str) -> str:
    """Between references."""
    if "\\" in text or "${" in text or "$[" in text:
        raise Unusual
    return text
