"""Markdown as GitHub reads it -> HTML with anchors, and what is in it for a search. Knows nothing of clusters."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

from markdown_it import MarkdownIt
from markdown_it.token import Token

#: Address as the document has it -> address on the site.
Link = Callable[[str], str]
#: Text in code style -> (address, what it is), where it leads somewhere.
Value = Callable[[str], tuple[str, str] | None]

_ALERT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")


@dataclass
class Section:
    """A heading and the text below it, up to the next one."""

    title: str
    anchor: str
    text: list[str] = field(default_factory=list)


@dataclass
class Document:
    html: str
    sections: list[Section]

    @property
    def title(self) -> str:
        return next((section.title for section in self.sections if section.title), "")


def html(text: str, link: Link, value: Value = lambda _: None) -> Document:
    """`value` says where texts in code style lead that are no link already."""
    tokens = _parser().parse(text)
    sections = list(_sections(tokens))
    anchors = iter(section.anchor for section in sections if section.anchor)
    for number, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", next(anchors))
        elif token.type == "blockquote_open":
            _alert(token, tokens[number + 2])
        elif token.type == "inline":
            _lead(token, link, value)
    return Document(_parser().renderer.render(tokens, _parser().options, {}), sections)


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    # A wide table scrolls by itself, and the page does not.
    parser.add_render_rule(
        "table_open", lambda *_: '<div class="wide" role="region" aria-label="Table" tabindex="0"><table>\n'
    )
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    parser.add_render_rule("fence", _fence)
    parser.add_render_rule("html_block", _raw)
    parser.add_render_rule("html_inline", _raw)
    return parser


def _fence(_: object, tokens: Sequence[Token], index: int, *__: object) -> str:
    token = tokens[index]
    code = f'<pre tabindex="0"><code>{escape(token.content)}</code></pre>\n'
    if token.info.strip() == "mermaid":
        return f"<details><summary>A diagram, as text</summary>{code}</details>\n"
    return code


def _raw(_: object, tokens: Sequence[Token], index: int, *__: object) -> str:
    """Line breaks and comments alone are taken as they are."""
    content = tokens[index].content
    rest = re.sub(r"<br ?/?>|<!--.*?-->", "", content, flags=re.DOTALL)
    return escape(content) if rest.strip() else re.sub(r"<!--.*?-->", "", content, flags=re.DOTALL)


def _alert(quote: Token, inside: Token) -> None:
    first = inside.children[0] if inside.type == "inline" and inside.children else None
    if first and (found := _ALERT.match(first.content)):
        quote.attrSet("class", f"alert {found[1].lower()}")
        first.content = f"{found[1].capitalize()}: {first.content[found.end() :]}"


def _lead(token: Token, link: Link, value: Value) -> None:
    children: list[Token] = []
    inside = False
    for child in token.children or []:
        if child.type in ("link_open", "link_close"):
            inside = child.type == "link_open"
            if inside:
                child.attrSet("href", link(str(child.attrGet("href"))))
        elif child.type == "image":
            child.attrSet("src", link(str(child.attrGet("src"))))
        found = value(child.content) if child.type == "code_inline" and not inside else None
        if found:
            opens = Token("link_open", "a", 1)
            opens.attrs = {"href": found[0], "title": found[1], "class": "value"}
            children += [opens, child, Token("link_close", "a", -1)]
        else:
            children.append(child)
    token.children = children


def _sections(tokens: Sequence[Token]) -> Iterator[Section]:
    section, seen = Section("", ""), dict[str, int]()
    for number, token in enumerate(tokens):
        if token.type != "inline":
            continue
        text = _plain(token)
        if number and tokens[number - 1].type == "heading_open":
            yield section
            section = Section(text, _anchor(text, seen))
        else:
            section.text.append(text)
    yield section


def _plain(token: Token) -> str:
    breaks = ("softbreak", "hardbreak")
    found = (
        " " if child.type in breaks else child.content for child in token.children or [] if child.type != "html_inline"
    )
    return "".join(found).strip()


def _anchor(text: str, seen: dict[str, int]) -> str:
    """As GitHub makes it of a heading; a second one of the same name has a number."""
    name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
    seen[name] = seen.get(name, -1) + 1
    return f"{name}-{seen[name]}" if seen[name] else name
