"""The compiled configuration as this machine can run it, and everything that differs."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

# Seconds: a test cannot wait for the inventory's rhythm.
RHYTHM = "1s"
PATIENCE = "2s"


def configuration(compiled: Mapping[str, Any], places: Mapping[str, str], token: str) -> dict[str, Any]:
    """Another rhythm, a token file that exists, and for jobs that DNS answers an address in `places`."""
    found = copy.deepcopy(dict(compiled))
    found["global"] |= dict.fromkeys(("scrape_interval", "scrape_timeout", "evaluation_interval"), RHYTHM)
    for job in found["scrape_configs"]:
        job.pop("scrape_interval", None), job.pop("scrape_timeout", None)
        if "authorization" in job:
            job["authorization"]["credentials_file"] = token
        if job.pop("dns_sd_configs", None):
            job["static_configs"] = [{"targets": [places[job["job_name"]]]}]
    return found


def rules(compiled: Mapping[str, Any]) -> dict[str, Any]:
    """Alerts that wait for two seconds only, and rates over a few of them."""
    found = copy.deepcopy(dict(compiled))
    for group in found["groups"]:
        for rule in group["rules"]:
            if "for" in rule:
                rule["for"] = PATIENCE
            rule["expr"] = rule["expr"].replace("[300s]", "[10s]")
    return found


def differences(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Places at which two documents differ; a job or rule is named by its own name."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in {**before, **after}:
            yield from differences(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for number, (old, new) in enumerate(zip(before, after, strict=False)):
            yield from differences(old, new, f"{path}.{_name(old, number)}")
    elif before != after:
        yield path


def _name(entry: Any, number: int) -> str:
    if isinstance(entry, Mapping):
        for key in ("job_name", "name", "alert", "record"):
            if key in entry:
                return str(entry[key])
    return str(number)
