"""The model: parameters -> schema -> references -> derived values -> rules -> Cluster."""

from components.inventory.finding import Finding, InvalidInventory

from .load import load
from .types import Cluster

__all__ = ["Cluster", "Finding", "InvalidInventory", "load"]
