"""Which pods stay, and which go first, where a node has too little for all."""

from __future__ import annotations

from typing import Annotated, ClassVar

from .entry import Entry
from .scalar import Scalar
from .shapes import Text


class PriorityClassEntry(Entry):
    """A PriorityClass of the cluster."""

    wanted: ClassVar = "a value and a description, such as {value: 1000, description: What keeps data}"

    # Kubernetes' own bounds: what is higher belongs to its system classes.
    value: Annotated[
        int,
        Scalar(
            "a whole number from -2147483648 to 1000000000; pods without a class have 0",
            minimum=-(2**31),
            maximum=10**9,
        ),
    ]
    """higher goes later; pods without a class have 0"""
    description: Text
    """which pods it is for"""
