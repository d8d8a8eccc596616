"""Is a cluster as its commit says: hosts, objects and what is at work, looked at from one desk. Nothing is changed.

Each source is a file with `look`: it returns findings, and raises Unreached or Failed where it cannot look at all.
"""
