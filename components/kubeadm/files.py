"""Cluster -> bootstrap.sh, and for the reviewer's eye the configs that it carries."""

from .script import files

__all__ = ["files"]
