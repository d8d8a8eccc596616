"""Passwords of a test's own: awkward to handle, and found wherever they turn up."""

from __future__ import annotations

import secrets

# What an operator may choose for a password, and what a careless script breaks on.
_AWKWARD = """ 'single' "double" \\back $(id) `id` $HOME %s & | ; #"""
_BYTES = 12


def made_up() -> str:
    return secrets.token_hex(_BYTES) + _AWKWARD


def recognisable(password: str) -> str:
    """The part of a password that was made up here, which stays the same however it is quoted."""
    return password[: 2 * _BYTES]
