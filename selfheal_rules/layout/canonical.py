"""From a rule set to its canonical text, which says the same with the same comments, or to the reason why not."""

from pathlib import Path

from selfheal_rules.diagnostics import SelfHealError
from selfheal_rules.layout.order import in_order
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.yaml_nodes import comments, compose
from selfheal_rules.source import Source


class LayoutError(SelfHealError):
    """A file is left as it is; the message says why."""


def canonical(source: Source, *, folder: Path | None = None) -> str:
    """
    Give the canonical text of a rule set; that of a canonical one is itself. Lines end as its first one does.

    Raises:
        LayoutError: where the text has errors, or would lose a comment or some of its meaning.
    """
    from selfheal_rules.layout.style import styled  # noqa: PLC0415 - ruamel.yaml comes with an extra

    meant = _meaning(source, folder)
    found = styled(_ordered(source))
    said = Source(source.name, found)
    if _meaning(said, folder) != meant or _remarks(said) != _remarks(source):
        message = "its layout cannot be changed without losing a comment, or some of what it means"
        raise LayoutError(message)
    return found.replace("\n", "\r\n") if source.text.partition("\n")[0].endswith("\r") else found


def _ordered(source: Source) -> str:
    text = "\n".join(source.lines) + "\n"
    whole = Source(source.name, text)
    root = compose(whole, Findings())
    return in_order(text, root, tuple(comments(whole))) if root else text


def _meaning(source: Source, folder: Path | None) -> tuple[RuleSet, object]:
    found, report = parse_rules(source, folder=folder)
    if found is None or report.errors:
        raise LayoutError(report.render())
    return found, tuple(found.metadata.items())


def _remarks(source: Source) -> list[str]:
    """Give what the comments say, sorted: they go with their keys."""
    return sorted(source.line(span.line)[span.column - 1 :].rstrip() for span in comments(source))
