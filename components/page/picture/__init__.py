"""The cluster as a picture: hosts in their groups, who runs where, the way of a message, and headroom."""

from .picture import alternative, svg

__all__ = ["alternative", "svg"]
