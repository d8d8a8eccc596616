"""Where a parameter is written, by the name that the model has for it."""

from components.inventory.origin import Origin, origin_of

__all__ = ["Origin", "origin_of"]
