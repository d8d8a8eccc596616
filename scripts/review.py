#!/usr/bin/env python3
"""What a change does to each cluster: its objects, its machines, its devices.

Compares the inventory of a commit (--base) with that of the work tree, or of another
commit (--head), both compiled. A commit that other code compiled is taken as it stands
in compiled/. Nothing is written, and no cluster is asked.

A line `accept: <rule> <subject>` in a commit message between both, or in --accept-file,
takes responsibility for that verdict: it counts as attention then.

Exit code: 0 nothing as grave as --fail-on; 1 something is, or the inventory is refused; 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the rooms are imported from the root.
    sys.path[0] = str(ROOT)

from components.review import accepted
from components.review.between import WrongUse, between
from components.review.forms import json_form, markdown, terminal
from components.review.review import ReviewFailed
from components.review.types import Level, Review

OK, FINDING, USAGE = 0, 1, 2
_FAIL_ON = {"none": None, "attention": Level.ATTENTION, "danger": Level.DANGER}


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    accept_file = options.accept_file and options.accept_file.resolve()
    output = options.output and options.output.resolve()
    # The faces and the paths in messages are relative to the repository.
    os.chdir(ROOT)
    try:
        text = accept_file.read_text("utf-8") if accept_file else ""
        found, messages = between(ROOT, options.base, options.head)
        # Each by itself: a comment that is not closed hides the rest of its own text alone.
        found = accepted.apply(found, set().union(*map(accepted.parse, [*messages, text])))
        told = _told(found, options.format, output is None)
        if output:
            output.write_text(told, "utf-8")
        else:
            sys.stdout.write(told)
    except WrongUse as error:
        print(f"review: {error}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"review: {error.filename}: {error.strerror}", file=sys.stderr)
        return USAGE
    except ReviewFailed as error:
        print(error.trace if options.debug else "", end="", file=sys.stderr)
        print(f"review: {error}", file=sys.stderr)
        return FINDING
    bound = _FAIL_ON[options.fail_on]
    return FINDING if bound is not None and found.level >= bound else OK


def _told(found: Review, form: str, shown: bool) -> str:
    if form == "markdown":
        return markdown.text(found)
    if form == "json":
        return json_form.text(found)
    color = shown and sys.stdout.isatty() and "NO_COLOR" not in os.environ
    return terminal.text(found, color, _columns())


def _columns() -> int:
    try:
        return os.get_terminal_size().columns
    except OSError:
        return 120


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="review", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--base", default="main", metavar="COMMIT", help="what it is compared with (default: main)")
    parser.add_argument("--head", metavar="COMMIT", help="the change (default: the work tree, committed or not)")
    parser.add_argument("--format", choices=("terminal", "markdown", "json"), default="terminal", help="how it is told")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write it there (default: standard output)")
    parser.add_argument(
        "--fail-on", choices=tuple(_FAIL_ON), default="danger", help="from which level on the exit code is 1"
    )
    parser.add_argument("--accept-file", type=Path, metavar="FILE", help="further text with lines `accept: ...`")
    parser.add_argument("--debug", action="store_true", help="show the traceback of a bug")
    return parser


if __name__ == "__main__":
    sys.exit(main())
