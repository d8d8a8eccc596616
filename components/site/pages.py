"""Files of the repository -> pages of the site, as far as links lead from the first ones."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from .markdown import Document, Section, Value, html

#: The page of all clusters is what one sees first.
FIRST = "compiled/README.md"
INDEX = "index.html"
# Shown as they are.
_PICTURES = (".svg",)


@dataclass
class Page:
    """`content` is HTML; `sections` are what a search finds."""

    address: str
    title: str
    content: str
    sections: list[Section]


class Pages:
    """`value` is what a page's texts in code style lead to, by the page's path: see markdown.Value."""

    def __init__(self, root: Path, value: Callable[[str], Callable[[str], tuple[str, int, str] | None]]):
        self._root, self._value = root, value
        self._wanted: list[str] = []
        self._folders: list[str] = []
        self._seen: set[str] = set()
        #: Address -> file that is taken as it is.
        self.pictures: dict[str, Path] = {}

    def all(self, first: list[str]) -> Iterator[Page]:
        """Of these files, and of all that they lead to."""
        for path in first:
            self._want(path)
        while self._wanted:
            yield self._page(self._wanted.pop(0))
        for folder in self._folders:
            yield Page(self.address(folder), folder, self._listing(folder), [Section(folder, "")])

    def address(self, path: str) -> str:
        """Of a file's page, from the root of the site."""
        if path == FIRST:
            return INDEX
        if path.endswith(_PICTURES):
            return path
        if (self._root / path).is_dir():
            return f"{path}/index.html"
        return f"{path.removesuffix('.md')}.html" if path.endswith(".md") else f"{path}.html"

    def _page(self, path: str) -> Page:
        file = self._root / path
        text = file.read_text("utf-8", "replace")
        if not path.endswith(".md"):
            return Page(self.address(path), path, _source(text), [Section(path, "")])
        document: Document = html(text, lambda address: self._link(path, address), self._values(path))
        return Page(self.address(path), document.title or path, document.html, document.sections)

    def _values(self, path: str) -> Value:
        place = self._value(path)

        def value(text: str) -> tuple[str, str] | None:
            if not (found := place(text)):
                return None
            file, line, key = found
            self._want(file)
            return f"{self._from(path, self.address(file))}#L{line}", f"{key}, {file}:{line}"

        return value

    def _link(self, path: str, address: str) -> str:
        """What a document leads to; a page that is not there stays as it is written, for a test to find."""
        if "://" in address or address.startswith(("#", "mailto:")):
            return address
        name, _, anchor = address.partition("#")
        there = os.path.normpath(PurePosixPath(path).parent / unquote(name))
        if there.startswith("..") or not (self._root / there).exists():
            return address
        if (self._root / there / "README.md").is_file():
            there = f"{there}/README.md"
        self._want(there)
        return self._from(path, self.address(there)) + (f"#{anchor}" if anchor else "")

    def _from(self, path: str, address: str) -> str:
        return os.path.relpath(address, os.path.dirname(self.address(path)) or ".")

    def _want(self, path: str) -> None:
        if path in self._seen:
            return
        self._seen.add(path)
        file = self._root / path
        if path.endswith(_PICTURES):
            self.pictures[path] = file
        elif file.is_dir():
            self._folders.append(path)
        else:
            self._wanted.append(path)

    def _listing(self, path: str) -> str:
        """What is in a folder, with a link where there is a page of it."""
        lines = []
        for entry in sorted(os.scandir(self._root / path), key=lambda entry: entry.name):
            if not entry.name.startswith((".", "__")) and not entry.is_symlink():
                there = f"{path}/{entry.name}"
                name = escape(entry.name + "/" * entry.is_dir())
                there = next((each for each in (there, f"{there}/README.md") if each in self._seen), "")
                if there:
                    name = f'<a href="{escape(self._from(path, self.address(there)))}">{name}</a>'
                lines.append(f"<li>{name}</li>")
        return f"<h1>{escape(path)}</h1>\n<ul>\n" + "\n".join(lines) + "\n</ul>\n"


def _source(text: str) -> str:
    """Each line with an anchor, L1 and so on."""
    lines = (
        f'<span class="line" id="L{number}"><a href="#L{number}">{number}</a> {escape(line)}</span>'
        for number, line in enumerate(text.splitlines(), start=1)
    )
    return '<pre class="source" tabindex="0">' + "\n".join(lines) + "\n</pre>\n"
