"""Sections of a survey as Markdown."""

from collections.abc import Iterable

from selfheal_rules.survey.sections import Section


def written(sections: Iterable[Section]) -> str:
    """Give sections with their tables, a row a line."""
    return "\n".join(map(_section, sections))


def _section(section: Section) -> str:
    lines = [_row(section.head), _row(["---"] * len(section.head)), *map(_row, section.rows)]
    note = f"{section.note}\n\n" if section.note else ""
    return f"## {section.title}\n\n{note}" + "\n".join(lines) + "\n"


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
