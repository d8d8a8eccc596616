"""What is wrong with an inventory, by the name that the model has for it."""

from components.inventory.finding import AsWritten, Finding, InvalidInventory, Path, Where, listed, near, suggest

__all__ = ["AsWritten", "Finding", "InvalidInventory", "Path", "Where", "listed", "near", "suggest"]
