"""From an image to the contract that holds for it: read and judged once a process, whatever the number of clusters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from components.inventory.contracts_folder import ContractFile, ContractsFolder
from components.inventory.finding import Finding, InvalidInventory, suggest

from .frozen import Frozen
from .input.contract import Contract
from .input.read import SHAPE, refusals

#: What begins the name of a file that is no image's, but what several have in common.
SHARED = "_"
#: An image, REPOSITORY:TAG or REPOSITORY@DIGEST -> its contract; None where nothing is known of it.
ContractOf = Callable[[str], "Contract | None"]


def contracts_in(folder: ContractsFolder) -> ContractOf:
    """The contracts of a folder. What it returns raises InvalidInventory, and Refused for a file that is no YAML."""

    def contract_of(image: str) -> Contract | None:
        repository, tag = parted(image)
        file = folder.of_image(repository, tag)
        if file is None:
            return None
        contract = _whole(_line(file, folder))
        return contract if tag in contract.tags and contract.unread is None else None

    return contract_of


def whole_of(folder: ContractsFolder, name: str) -> Contract:
    """The contract of a file that is there. Raises as contracts_in."""
    file = folder.named(name)
    assert file, f"{name} is not there"
    return _whole(_line(file, folder))


def parted(image: str) -> tuple[str, str]:
    """(Repository, tag) of an image; without a tag, its digest."""
    name, _, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    # The number of a registry's port is no tag.
    if not colon or "/" in tag:
        repository, tag = name, ""
    return repository, tag or digest


def _line(file: ContractFile, folder: ContractsFolder) -> tuple[ContractFile, ...]:
    """A file, the one that it is like, and so on."""
    found = [file]
    while (like := _read(found[-1]).like) is not None:
        other = folder.named(like)
        if other is None or other in found:
            why = "the files are like one another in a loop" if other else "there is no such file among the contracts"
            raise _invalid([Finding(("like",), like, why, suggest(like, folder.names()), SHAPE)], found[-1])
        found.append(other)
    return tuple(found)


@lru_cache(maxsize=512)
def _whole(line: tuple[ContractFile, ...]) -> Contract:
    """A contract with what it says to be like."""
    own, *above = (_read(file) for file in line)
    return _over(_whole(line[1:]), own) if above else own


def _over(common: Contract, own: Contract) -> Contract:
    """What an image says itself wins; maps and lists have what both say."""
    found: dict[str, Any] = {}
    for field in Contract.model_fields:
        ours, theirs = getattr(own, field), getattr(common, field)
        if field in _OF_ONE:
            found[field] = ours
        elif field not in own.model_fields_set:
            found[field] = theirs
        elif isinstance(ours, Mapping) and isinstance(theirs, Mapping):
            found[field] = Frozen({**theirs, **ours})
        elif isinstance(ours, tuple) and isinstance(theirs, tuple):
            found[field] = theirs + ours
        else:
            found[field] = ours
    return Contract.model_construct(**found).from_file(own.file)


#: What is said of one file alone.
_OF_ONE = ("tags", "like", "source", "unread")


@lru_cache(maxsize=512)
def _read(file: ContractFile) -> Contract:
    try:
        found = Contract.model_validate(file.values)
    except ValidationError as error:
        raise _invalid(refusals(Contract, error, file.values), file) from error
    if not file.name.rpartition("/")[2].startswith(SHARED):
        if not found.tags:
            raise _invalid([Finding(("tags",), None, "this key is missing", _TAGS, SHAPE)], file)
        if (found.source is None) == (found.unread is None):
            raise _invalid(
                [Finding(("source",), None, "either source or unread says where this is from", _SOURCE, SHAPE)], file
            )
    return found.from_file(file.shown)


_TAGS = "Add it: the tags of the image that this is about, such as [v0.6.0]"
_SOURCE = "Write source: REPOSITORY@TAG, or unread: the reason why there is none"


def _invalid(findings: list[Finding], file: ContractFile) -> InvalidInventory:
    return InvalidInventory(findings, lambda path: file.line(path))
