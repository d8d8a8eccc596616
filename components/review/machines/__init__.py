"""What a change does to machines: which steps of the bootstrap have to be run again, where, and what is noticed."""

from .due import BY_HAND, steps
from .project import left

__all__ = ["BY_HAND", "left", "steps"]
