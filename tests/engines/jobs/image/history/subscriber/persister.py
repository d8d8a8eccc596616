"""In place of the persister's start: it goes on as the other services here, if its start command gave it a number."""

import os

from history import conf


def main():
    """MongoDB takes whole seconds."""
    if not isinstance(conf.db_expiration, int):
        raise ValueError(f"db_expiration is {conf.db_expiration!r}")
    os.execv("/bin/sh", ["sh", "/usr/src/app/appRun.sh"])
