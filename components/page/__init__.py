"""The page for people: one cluster on one page of Markdown."""

from __future__ import annotations

from components.page.page import files

__all__ = ["files", "main"]


def main():
    """Entry point of Kapitan: {file name: text} of the cluster that it is compiling."""
    from components.cluster.read import current_cluster

    return files(current_cluster())
