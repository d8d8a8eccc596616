"""The contracts of a folder as a table for people."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from components.inventory.contracts_folder import ContractsFolder

from .contracts import SHARED, whole_of
from .input.contract import Call, Contract, Opening, Write

_HEAD = ("Image", "Runs as", "Writes to", "Listens on", "Calls")


def table(folder: Path) -> str:
    """A row for each image, in Markdown."""
    lines = [f"| {' | '.join(_HEAD)} |", "|---" * len(_HEAD) + "|"]
    for name, contract in _images(ContractsFolder(folder, folder.parent.parent)):
        lines.append(f"| {' | '.join(cell or '-' for cell in _row(name, contract))} |")
    return "\n".join(lines)


def _images(folder: ContractsFolder) -> Iterator[tuple[str, Contract]]:
    for name in folder.names():
        if not name.startswith(SHARED):
            yield name, whole_of(folder, name)


def _row(name: str, contract: Contract) -> Iterator[str]:
    yield f"`{name}` {', '.join(contract.tags)}"
    user = contract.user
    yield " or ".join((user.own, *(() if user.others == "any" else user.others))) if user else ""
    yield _listed(_place(write) for write in contract.writes)
    yield _listed(_port(opening) for opening in contract.opens or ())
    yield _listed(dict.fromkeys(_call(call) for call in contract.calls))


def _listed(cells: Iterator[str] | dict[str, None]) -> str:
    return ", ".join(cells)


def _place(write: Write) -> str:
    moved = f" (`{write.moved_by}`)" if write.moved_by else ""
    return f"`{write.path}`{moved}{' without end' if write.grows else ''}"


def _port(opening: Opening) -> str:
    mover = opening.variable or opening.argument or opening.setting
    number = str(opening.port or "") + ("/UDP" if opening.protocol == "UDP" else "")
    return f"{number} (`{mover}`)".strip() if mover else number


def _call(call: Call) -> str:
    asked = {"start": "", "later": " later", "once": " once"}[call.when]
    return f"{call.service}:{call.port}{f' (`{call.variable}`)' if call.variable else ''}{asked}"
