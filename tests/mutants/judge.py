"""Whether the checks notice a change: all that judge what was compiled, but for "is it fresh"."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tests.compiled.breaking import Check
from tests.compiled.rooms import CHECKS
from tests.compiled.tree import Tree
from tests.mutants.changes import Change, apply


class Judge:
    """Asks the checks of one tree about changed copies of it.

    While nothing is changed it notes which files each check reads. One that reads a file never, and is told the
    same of all others, cannot come to another result when that file alone changes: it is not asked.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._readers: dict[str, list[Check]] = {}
        for check in CHECKS:
            read: set[str] = set()
            files, documents = _Noting(tree.files, read), _Noting(tree.documents, read)
            problems = check(replace(tree, files=files, documents=documents))
            if problems:
                raise ValueError(
                    f"{tree.cluster.name}: {check.__name__} finds something without any change: {problems[0]}"
                )
            for file in read:
                self._readers.setdefault(file, []).append(check)

    def noticed(self, change: Change, first: list[str]) -> str | None:
        """The name of the check that reports a change; None where none does.

        `first` holds the names of the checks that noticed something lately: those are asked first, and it is
        brought up to date. A check that fails over the change reports it, too: its test would be red.
        """
        changed, files = self._changed(change)
        readers = [check for check in CHECKS if any(check in self._readers.get(file, ()) for file in files)]
        for check in sorted(
            readers, key=lambda one: first.index(one.__name__) if one.__name__ in first else len(first)
        ):
            try:
                reported = check(changed)
            except Exception:
                reported = ["it fails"]
            if reported:
                if check.__name__ in first:
                    first.remove(check.__name__)
                first.insert(0, check.__name__)
                return check.__name__
        return None

    def readers(self, files: set[str]) -> list[Check]:
        """The checks that read one of these files."""
        return [check for check in CHECKS if any(check in self._readers.get(file, ()) for file in files)]

    def _changed(self, change: Change) -> tuple[Tree, set[str]]:
        """The changed tree, which shares with the other what is not changed; and the files that are."""
        tree = self._tree
        files, documents = dict(tree.files), dict(tree.documents)
        if change.file in documents:
            documents[change.file] = pickle.loads(pickle.dumps(documents[change.file]))
        changed = replace(tree, files=files, documents=documents)
        apply(change, changed)
        return changed, {file for file, text in files.items() if text != tree.files[file]}


class _Noting(dict):
    """Notes the keys whose values somebody takes. Which keys there are is no secret: no change alters that."""

    def __init__(self, content: dict[str, Any], read: set[str]) -> None:
        super().__init__(content)
        self._read = read

    def __getitem__(self, key: str) -> Any:
        self._read.add(key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._read.add(key)
        return super().get(key, default)

    def items(self) -> Iterator[tuple[str, Any]]:
        return ((key, self[key]) for key in self)

    def values(self) -> Iterator[Any]:
        return (self[key] for key in self)

    def __eq__(self, other: object) -> bool:
        self._read.update(self)
        return super().__eq__(other)

    __hash__ = None

    def __or__(self, other: Any) -> dict[str, Any]:
        self._read.update(self)
        return super().__or__(other)

    def copy(self) -> dict[str, Any]:
        self._read.update(self)
        return dict(super().items())
