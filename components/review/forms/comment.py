"""What is agreed on between the text of a comment on a pull request and the command that sends it."""

from __future__ import annotations

#: Begins each of our comments; GitHub does not show it.
MARKER = "<!-- dojot-gitops review -->"
#: "Body is too long (maximum is 65536 characters)", as GitHub's API says it.
MAXIMUM = 65_536
#: For the lines that the command adds: of which commit the review is, and which run made it.
ROOM = 1_024


def length(text: str) -> int:
    """Characters as the strictest of GitHub's counters sees them: one beyond the first 65,536 of Unicode is two."""
    return len(text) + sum(ord(character) > 0xFFFF for character in text)
