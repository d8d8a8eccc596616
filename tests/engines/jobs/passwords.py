"""Passwords of a test's own: awkward to handle, and found wherever they turn up."""

from __future__ import annotations

import secrets
import string

# What an operator may choose for a password, and what a careless script breaks on.
_AWKWARD = """ 'single' "double" \\back $(id) `id` $HOME %s & | ; #"""
_LENGTH = 24


def made_up() -> str:
    # A letter, a digit, a letter ...: auth refuses what holds "abc" or "111".
    kinds = (string.ascii_letters, string.digits)
    return "".join(secrets.choice(kinds[place % 2]) for place in range(_LENGTH)) + _AWKWARD


def recognisable(password: str) -> str:
    """The part of a password that was made up here, which stays the same however it is quoted."""
    return password[:_LENGTH]
