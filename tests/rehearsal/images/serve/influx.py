"""influx of InfluxDB 2: the commands ping, setup and bucket list, with the options that a script may give them.

It ends with 1 where the server refuses, as the real one does; what it is told beside that, it does not know.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import ProxyHandler, Request, build_opener


def main() -> None:
    said = _options().parse_args()
    if said.command == "ping":
        _ask(said, "/health")
        print("OK")
    elif said.command == "bucket":
        _ask(said, f"/api/v2/buckets?{urlencode({'org': said.org, 'name': said.name})}")
    else:
        if not said.force:
            sys.exit("Error: nobody is here to confirm")
        if not _ask(said, "/api/v2/setup")["allowed"]:
            sys.exit(f"Error: instance at {said.host} has already been set up")
        wanted = {key: getattr(said, key) for key in ("username", "password", "org", "bucket", "token", "retention")}
        _ask(said, "/api/v2/setup", wanted)


def _options() -> argparse.ArgumentParser:
    everywhere = argparse.ArgumentParser(add_help=False)
    everywhere.add_argument("--host", required=True)
    found = argparse.ArgumentParser(prog="influx", allow_abbrev=False)
    commands = found.add_subparsers(dest="command", required=True)
    commands.add_parser("ping", parents=[everywhere])
    setup = commands.add_parser("setup", parents=[everywhere])
    setup.add_argument("--force", action="store_true")
    setup.add_argument("--retention", type=_duration, required=True)
    for option in ("username", "password", "org", "bucket", "token"):
        setup.add_argument(f"--{option}", required=True)
    bucket = commands.add_parser("bucket").add_subparsers(dest="verb", required=True)
    listed = bucket.add_parser("list", parents=[everywhere])
    for option in ("token", "org", "name"):
        listed.add_argument(f"--{option}", required=True)
    return found


def _duration(text: str) -> str:
    if not re.fullmatch(r"([0-9]+(w|d|h|m|s|ms|us|ns))+", text):
        raise ValueError(text)
    return text


def _ask(said: argparse.Namespace, path: str, body: object = None) -> Any:
    headers = {"Content-Type": "application/json"}
    if said.command == "bucket":
        headers["Authorization"] = f"Token {said.token}"
    data = None if body is None else json.dumps(body).encode()
    try:
        with build_opener(ProxyHandler({})).open(Request(said.host + path, data, headers), timeout=10) as answer:
            return json.load(answer)
    except URLError as error:
        sys.exit(f"Error: {error}")


if __name__ == "__main__":
    main()
