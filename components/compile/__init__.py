"""Compiling: the faces of a cluster -> files, and how these take their place in compiled/."""
