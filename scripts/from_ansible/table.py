"""variables.yml as Markdown: the tables of README.md."""

from __future__ import annotations

from .catalogue import Variable, variables


def tables() -> str:
    """A heading and a table for each section of the file."""
    lines: list[str] = []
    section = ""
    for variable in variables().values():
        if variable.section != section:
            section = variable.section
            lines += ["", f"### {section}", "", "| Variable | Its default | Home |", "|---|---|---|"]
        lines.append(f"| `{variable.name}` | {_default(variable)} | {_home(variable)} |")
    return "\n".join(lines[1:]) + "\n"


def _default(variable: Variable) -> str:
    if variable.type == "password":
        return "a public one"
    if variable.default is None:
        return "must be set" if variable.mandatory else "–"
    value = str(variable.default).lower() if isinstance(variable.default, bool) else str(variable.default)
    return f"`{value}`"


def _home(variable: Variable) -> str:
    parts: list[str] = []
    if variable.secret:
        parts.append(f"Secret `{variable.secret[0]}`, key `{variable.secret[1]}`; never in Git")
    if variable.home:
        tag = " (the tag)" if variable.image else ""
        parts.append(", ".join(f"`{path}`" for path in variable.home) + tag)
    if variable.adds:
        parts.append(f"class `{variable.adds}`")
    if variable.takes_out:
        parts.append(f"the profile's classes, without `{variable.takes_out}`")
    if variable.none:
        parts.append(f"none: {variable.none}")
    if variable.says:
        parts.append(variable.says)
    if variable.when:
        parts.append(f"only where `{variable.when}`")
    if variable.keep:
        parts.append(f"not set: ours stays, because {variable.keep}")
    return "; ".join(parts)
