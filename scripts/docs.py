#!/usr/bin/env python3
"""Write what repeats what is said elsewhere, in code, in data, in heads of files: tables of documents, and files.

A document says where a table belongs by a line `<!-- generated: NAME -->` and a line `<!-- end of NAME -->`.
What stands between the two is replaced; with --check nothing is written, and what is stale is listed.

Exit code: 0 done (with --check: up to date), 1 a finding, nothing was written, 2 wrong use.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    # Python puts scripts/ there; the faces are imported from the root.
    sys.path[0] = str(ROOT)

OK, FINDING = 0, 1
#: Folders without documents of ours.
ELSEWHERE = {"compiled"}
_MARK = re.compile(r"<!-- (generated:|end of) ([a-z-]+) -->")

Tables = Mapping[str, Callable[[], str]]


def bootstrap_steps() -> str:
    from components.kubeadm import runbook, steps

    return runbook.steps_table(steps.read())


def bootstrap_options() -> str:
    from components.kubeadm import runbook, steps

    return runbook.options_table(steps.read())


def bootstrap_machines() -> str:
    from components.kubeadm import runbook, steps

    return runbook.machines_table(steps.read())


def bootstrap_occasions() -> str:
    from components.kubeadm import runbook, steps

    return runbook.occasions_table(steps.read())


def alerts() -> str:
    from components.monitoring import documented
    from tests.inventory.targets import watched_cluster

    # No cluster of this repository: each may be deleted.
    return documented.tables(watched_cluster())


def parameters() -> str:
    from components.cluster.input import documented

    return documented.tables()


def smallest_service() -> str:
    """The inventory of the tests that shows it, without what makes it one."""
    text = (ROOT / "tests" / "inventory" / "valid" / "with-a-service-of-its-own.yml").read_text("utf-8")
    return f"```yaml\n{text[text.index('parameters:') :]}```"


def ansible_variables() -> str:
    from scripts.from_ansible.table import tables

    return tables()


def contract_keys() -> str:
    from components.cluster.input import documented

    return documented.contract_tables()


def contracts() -> str:
    from components.cluster.contract_table import table

    return table(ROOT / "inventory" / "contracts")


def contract_schema() -> str:
    from components.cluster.input.json_schema import contract_schema

    return json.dumps(contract_schema(), indent=1) + "\n"


def files_schema() -> str:
    from components.cluster.input.json_schema import files_schema

    return json.dumps(files_schema(), indent=1) + "\n"


def verdicts() -> str:
    from components.review import documented

    return documented.table()


def verify_schema() -> str:
    from components.desk.verify.finding import Look

    return json.dumps(Look.model_json_schema(), indent=1) + "\n"


def review_schema() -> str:
    from components.review.forms import json_form

    return json.dumps(json_form.schema(), indent=1) + "\n"


def changes() -> str:
    from tests.changes.table import table

    return table()


#: Files that are generated whole, by their path -> what makes the text.
FILES: Tables = {
    "docs/review.schema.json": review_schema,
    "docs/verify.schema.json": verify_schema,
    "inventory/contracts/schema.json": contract_schema,
    "inventory/schema.json": files_schema,
}
#: Name, as documents say it -> what makes the text, in Markdown.
TABLES: Tables = {
    "alerts": alerts,
    "ansible-variables": ansible_variables,
    "bootstrap-machines": bootstrap_machines,
    "bootstrap-occasions": bootstrap_occasions,
    "bootstrap-options": bootstrap_options,
    "bootstrap-steps": bootstrap_steps,
    "changes": changes,
    "contract-keys": contract_keys,
    "contracts": contracts,
    "parameters": parameters,
    "smallest-service": smallest_service,
    "verdicts": verdicts,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="docs", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; list what is stale")
    return run(ROOT, TABLES, parser.parse_args(arguments).check, FILES)


def run(root: Path, tables: Tables, check: bool, files: Tables = MappingProxyType({})) -> int:
    """All documents below `root`, and the files that are generated whole."""
    made: dict[str, str] = {}
    named: set[str] = set()
    wrong: list[str] = []
    stale = {root / name: text for name, make in files.items() if (text := make()) != _text(root / name)}
    for path in sorted(documents(root)):
        text = path.read_text("utf-8")
        named |= {name for _, name in _MARK.findall(text)}
        new = filled(text, tables, made, str(path.relative_to(root)), wrong)
        if new != text:
            stale[path] = new
    wrong += [
        f"scripts/docs.py: no document has the table {name}: put <!-- generated: {name} --> and "
        f"<!-- end of {name} --> where it belongs, or take it out of TABLES"
        for name in tables
        if name not in named
    ]
    for line in wrong:
        _say(line)
    for path, text in stale.items():
        if check:
            _say(f'{path.relative_to(root)}: stale: run "make docs"')
        elif not wrong:
            path.write_text(text, "utf-8")
            _say(f"{path.relative_to(root)}: written")
    return FINDING if wrong or (check and stale) else OK


def _text(path: Path) -> str:
    return path.read_text("utf-8") if path.is_file() else ""


def documents(root: Path) -> Iterator[Path]:
    """Every Markdown file but those of hidden folders and of ELSEWHERE."""
    for folder, below, names in os.walk(root):
        below[:] = [name for name in below if not name.startswith(".") and name not in ELSEWHERE]
        yield from (Path(folder) / name for name in names if name.endswith(".md"))


def filled(text: str, tables: Tables, made: dict[str, str], where: str, wrong: list[str]) -> str:
    """The text of a document with its tables; `made` collects them, `wrong` what is wrong with its marks."""
    from components.inventory.finding import suggest

    lines: list[str] = []
    inside = ""
    for number, line in enumerate(text.splitlines(keepends=True), start=1):
        mark = _MARK.fullmatch(line.strip())
        if mark is None:
            if not inside:
                lines.append(line)
            continue
        begins, name = mark[1] == "generated:", mark[2]
        if begins == bool(inside) or (inside and name != inside):
            wrong.append(f"{where}:{number}: {mark[0]}: {_expected(inside)}")
            return text
        if name not in tables:
            wrong.append(f"{where}:{number}: no table is called {name}. {suggest(name, tables)}")
            return text
        if begins:
            made.setdefault(name, tables[name]().strip())
            lines += [line, f"\n{made[name]}\n\n"]
        else:
            lines.append(line)
        inside = name if begins else ""
    if inside:
        wrong.append(f"{where}: {_expected(inside)}")
        return text
    return "".join(lines)


def _expected(inside: str) -> str:
    return f"first <!-- end of {inside} --> has to come" if inside else "no <!-- generated: ... --> stands before it"


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
