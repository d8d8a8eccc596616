"""A look in Prometheus' text format, for the textfile collector of a node-exporter."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from tempfile import NamedTemporaryFile

from .finding import Look


def text(look: Look) -> str:
    """A series for each place and thing that is not as it should be; and when that was looked at."""
    counted = Counter((each.where, each.source, each.what) for each in look.findings)
    cluster = _labels(cluster=look.cluster)
    lines = [
        "# HELP dojot_drift Findings of make verify, by place and thing.",
        "# TYPE dojot_drift gauge",
        *(
            f"dojot_drift{{{cluster},{_labels(place=place, source=source, thing=what)}}} {count}"
            for (place, source, what), count in sorted(counted.items())
        ),
        "# HELP dojot_verify_findings How many there are.",
        "# TYPE dojot_verify_findings gauge",
        f"dojot_verify_findings{{{cluster}}} {len(look.findings)}",
        "# HELP dojot_verify_timestamp_seconds When it was looked at.",
        "# TYPE dojot_verify_timestamp_seconds gauge",
        f"dojot_verify_timestamp_seconds{{{cluster}}} {look.at}",
    ]
    return "\n".join(lines) + "\n"


def write(look: Look, path: Path) -> None:
    """All of it or nothing, for everybody to read. OSError."""
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(text(look))
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.replace(file.name, path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


def _labels(**values: str) -> str:
    """Of a line of text JSON escapes what Prometheus does, backslash and quotation mark."""
    return ",".join(f"{name}={json.dumps(' '.join(text.split()), ensure_ascii=False)}" for name, text in values.items())
