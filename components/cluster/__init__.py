"""The model: parameters -> Inventory (input) -> Cluster (build), judged by the rules on the way."""

from components.inventory.finding import Finding, InvalidInventory

from .load import load
from .types import Cluster

__all__ = ["Cluster", "Finding", "InvalidInventory", "load"]
