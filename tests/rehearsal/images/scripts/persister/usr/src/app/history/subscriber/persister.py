"""In place of history's own: the persister's start."""

import os

from history import conf

_PROGRAM = "/opt/stand-in/bin/stand-in"


def main():
    """MongoDB takes whole seconds."""
    if not isinstance(conf.db_expiration, int) or conf.db_expiration <= 0:
        raise ValueError(f"db_expiration is {conf.db_expiration!r}")
    os.execv(_PROGRAM, [_PROGRAM, "run"])
