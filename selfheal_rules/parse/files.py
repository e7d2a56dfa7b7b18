"""Files as sources; what cannot be read is a finding like any other."""

from pathlib import Path

from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import Node
from selfheal_rules.source import Source, Span


def whole(source: Source) -> Span:
    """Give the span of what is said about a file as such."""
    return Span(source, 1, 1, 1, 1)


def read_source(path: Path, findings: Findings, place: Span | None = None) -> Source | None:
    """Read a file as UTF-8 text; None, with a finding at `place` or at the file itself, where that fails."""
    span = place or whole(Source(str(path), ""))
    try:
        return Source(str(path), path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        message = f"file `{path}` is not UTF-8 text: byte {error.start} is wrong"
        findings.error("SH001", message, span, "save it as UTF-8")
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        findings.error("SH001", f"file `{path}` cannot be read: {reason}", span, "give a file, or a folder with it")
    return None


def nodes_of(source: Source, findings: Findings) -> Node | None:
    """Read a source as one YAML document; None where it is none, or is empty."""
    from selfheal_rules.parse.yaml_nodes import compose  # noqa: PLC0415 - PyYAML loads slowly, and only for the first text

    return compose(source, findings)
