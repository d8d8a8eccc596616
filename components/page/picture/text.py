"""How wide a text is at most, since nobody knows which font shows it. Knows nothing of clusters."""

from __future__ import annotations

# Shares of the font's size: the advance widths of DejaVu Sans, rounded up. No usual system font is wider.
_WIDTHS = {
    letter: share
    for letters, share in (
        ("ijlIJ|'", 0.3),
        (" .,:;/\\!·", 0.35),
        ('fr()[]-"t', 0.42),
        ("sczL_*", 0.56),
        ("kvxyFPT", 0.62),
        ("HDNUOQG", 0.79),
        ("w+=<>×~→#", 0.84),
        ("mMW%@…", 1.0),
    )
    for letter in letters
}
_SMALL, _CAPITAL, _WIDE = 0.64, 0.7, 1.1
# What bold letters have more.
_BOLD = 1.14


def width(text: str, size: float, bold: bool = False) -> float:
    """Of one line."""
    return sum(map(_share, text)) * size * (_BOLD if bold else 1)


def fitted(text: str, room: float, size: float, bold: bool = False) -> str:
    """As much of the text as fits, and … for the rest."""
    if width(text, size, bold) <= room:
        return text
    while text and width(f"{text}…", size, bold) > room:
        text = text[:-1]
    return f"{text.rstrip()}…"


def wrapped(text: str, room: float, size: float) -> list[str]:
    """Lines that fit, broken between words."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return [fitted(line, room, size) for line in lines]


def _share(letter: str) -> float:
    if letter in _WIDTHS:
        return _WIDTHS[letter]
    if ord(letter) > 0x2FF:
        return _WIDE
    return _CAPITAL if letter.isupper() else _SMALL
