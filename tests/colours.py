"""How well two colours can be told from each other, as WCAG 2.2 reckons it, and the colours of a palette."""

from __future__ import annotations

import re


def contrast(one: str, other: str) -> float:
    """Of two colours (#1c2733), from 1 to 21."""
    darker, brighter = sorted((_luminance(one), _luminance(other)))
    return (brighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """https://www.w3.org/TR/WCAG22/#dfn-relative-luminance"""
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def schemes(style: str) -> dict[str, dict[str, str]]:
    """{"light" and "dark": {name of a colour: its value}} of a style sheet; the second one has what the first has."""
    light, dark = style.split("@media (prefers-color-scheme: dark)")
    found = {
        name: dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", part)) for name, part in (("light", light), ("dark", dark))
    }
    assert found["light"].keys() == found["dark"].keys()
    return found
