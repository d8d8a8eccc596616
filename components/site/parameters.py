"""Every key of a cluster on one page, each with the line of the inventory that writes it."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator
from html import escape
from itertools import groupby

from components.inventory.inventory import Target
from components.why.key import leaves, meaning
from components.why.told import shown

from .markdown import Section
from .pages import Page


def page(target: Target, address_of: Callable[[str], str], made: Collection[str]) -> Page:
    """`made` are the addresses that the site has: files of the inventory that some page leads to are among them."""
    address = f"compiled/{target.name}/parameters.html"
    title = f"Parameters of {target.name}"
    content = [
        f"<h1>{escape(title)}</h1>",
        "<p>What the inventory says of this cluster, key by key, and where it is written.</p>",
    ]
    sections = [Section(title, "")]
    for (subject, inside), keys in groupby(leaves(target.parameters), key=lambda each: _subject(each[0])):
        name = f"{subject}.{inside}" if inside else subject
        rows = list(_rows(target, keys, address, address_of, made))
        content += [
            f'<h2 id="{escape(name)}">{escape(name)}</h2>',
            '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>',
        ]
        content += [
            "<thead><tr><th>Key</th><th>Value</th><th>Meaning</th><th>Written in</th></tr></thead><tbody>",
            *rows,
        ]
        content.append("</tbody></table></div>")
        sections.append(Section(name, name))
    return Page(address, title, "\n".join(content) + "\n", sections)


def _subject(path: tuple[str, ...]) -> tuple[str, str]:
    return path[0], path[1] if path[0] in ("services", "platform") and len(path) > 2 else ""


def _rows(
    target: Target, keys: object, address: str, address_of: Callable[[str], str], made: Collection[str]
) -> Iterator[str]:
    for path, value in keys:  # type: ignore[attr-defined]
        file, line = target.origin.place(target.origin.source(path))
        there = address_of(file)
        place = escape(f"{file}:{line}")
        if there in made and line:
            place = f'<a href="{escape(os.path.relpath(there, os.path.dirname(address)))}#L{line}">{place}</a>'
        text = shown(value)
        cells = (
            f"<code>{escape('.'.join(path))}</code>",
            f"<code>{escape(text if len(text) < 200 else text[:200] + '…')}</code>",
            escape(meaning(path)),
            place,
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
