"""What comes from manifests, made fit to be shown: one line, bounded, and nothing that a screen would obey."""

from __future__ import annotations

import unicodedata

#: Control and format characters (of direction, among them), surrogates, private ones, those that Unicode has not, and
#: what parts lines and paragraphs.
_UNSHOWN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: str) -> str:
    r"""The text with each character that shows nothing, or does something, as Python writes it: `\x1b`, `\n`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if unicodedata.category(character) in _UNSHOWN:
        return character.encode("unicode_escape", "backslashreplace").decode("ascii")
    return character


def shortened(text: str, most: int) -> str:
    """At most so many characters, but for the words that say how many are missing."""
    if len(text) <= most:
        return text
    return f"{text[:most]} … ({len(text) - most:,} more characters)"
