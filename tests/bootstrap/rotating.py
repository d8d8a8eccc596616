"""An API server with Secrets and pods, as kubectl shows them: `python3 rotating.py ARGUMENTS OF KUBECTL`.

All of it is in $STATE/cluster.json. `stop` there is the number of a change: with it, the process group is killed.
"""

from __future__ import annotations

import base64
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


def main(words: list[str]) -> None:
    path = Path(os.environ["STATE"]) / "cluster.json"
    made = json.loads(path.read_text())
    own, command = (words[: words.index("--")], words[words.index("--") + 1 :]) if "--" in words else (words, [])
    options = dict(word.split("=", 1) for word in own if word.startswith("--") and "=" in word)
    plain = [word for word in own if not word.startswith("--")]
    match plain[:3]:
        case ["get"]:
            print("ok")
        case ["get", "secret", name]:
            _show(made["secrets"].get(f"{options['--namespace']}/{name}"), name, options)
        case ["get", "pods"]:
            print("\n".join(pod["name"] for pod in _selected(made, options)))
        case ["rollout", "status", workload]:
            sys.exit(workload in made["broken"])
        case _:
            made["changes"] += 1
            _change(made, plain, options, command)
            path.write_text(json.dumps(made))
            if made["stop"] == made["changes"]:
                os.killpg(os.getpgrp(), signal.SIGKILL)


def _show(secret: dict[str, str] | None, name: str, options: dict[str, str]) -> None:
    output = options["--output"]
    if secret is None:
        return
    if output == "yaml":
        data = {key: base64.b64encode(value.encode()).decode() for key, value in secret.items()}
        metadata = {"name": name, "namespace": options["--namespace"]}
        print(yaml.safe_dump({"apiVersion": "v1", "data": data, "kind": "Secret", "metadata": metadata}), end="")
    elif "base64decode" in output:
        for key in re.findall(r'index \.data "([^"]+)"', output):
            print(secret[key])
    else:
        print("secret", *(f"key {key}" for key in secret), sep="\n")


def _selected(made: dict[str, Any], options: dict[str, str]) -> list[dict[str, Any]]:
    wanted = set(options["--selector"].split(","))
    return [
        pod
        for pod in made["pods"]
        if pod["namespace"] == options["--namespace"]
        and wanted <= {*pod["labels"], *(f"{key}={value}" for key, value in pod["labels"].items())}
    ]


def _change(made: dict[str, Any], plain: list[str], options: dict[str, str], command: list[str]) -> None:
    match plain:
        case ["label", "pods", label]:
            key, _, value = label.partition("=")
            for pod in _selected(made, options):
                pod["labels"][key] = value
        case ["replace"]:
            given = yaml.safe_load(sys.stdin)
            place = f"{given['metadata']['namespace']}/{given['metadata']['name']}"
            data = {key: base64.b64decode(value).decode() for key, value in given["data"].items()}
            assert place in made["secrets"]
            made["secrets"][place] = data | given.get("stringData", {})
        case ["rollout", "restart", workload]:
            _start_anew(made, [pod for pod in made["pods"] if pod["workload"] == workload])
            made["started"].append(workload)
        case ["delete", "pods"]:
            gone = _selected(made, options)
            made["started"].append([pod["name"] for pod in gone])
            _start_anew(made, gone)
        case ["exec", _]:
            if code := subprocess.run(command, env=os.environ | made["environment"], check=False).returncode:
                sys.exit(code)
        case _:
            sys.exit(f"nobody here knows {plain}")


def _start_anew(made: dict[str, Any], pods: list[dict[str, Any]]) -> None:
    """With what Secrets hold now."""
    for pod in pods:
        pod["labels"] = {key: value for key, value in pod["labels"].items() if not key.startswith("former.")}
        pod["read"] = {place: made["secrets"][place] for place in pod["read"]}


if __name__ == "__main__":
    main(sys.argv[1:])
