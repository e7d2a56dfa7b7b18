"""Findings for machines: JSON lines, SARIF for code scanning, and the commands a GitHub workflow turns into remarks."""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath
from typing import Any, TypeAlias
from urllib.parse import quote

from selfheal_rules.cli.versions import installed
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.source import Span

Form: TypeAlias = Callable[[Report], Iterator[str]]


def _json(report: Report) -> Iterator[str]:
    """Write an object a line."""
    return (json.dumps(finding.to_json()) for finding in report.findings)


SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def _sarif(report: Report) -> Iterator[str]:
    """Write one log (SARIF 2.1.0, OASIS), with one run."""
    codes = sorted({finding.code for finding in report.findings})
    driver = {"name": "selfheal", "version": installed(), "rules": [{"id": code} for code in codes]}
    results = [_result(finding, codes.index(finding.code)) for finding in report.findings]
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    yield json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Diagnostic, at: int) -> dict[str, Any]:
    related = [{"id": number, **_location(span)} for number, span in enumerate(finding.related) if span.source.text]
    return {
        "ruleId": finding.code,
        "ruleIndex": at,
        "level": str(finding.severity),
        "message": {"text": _told(finding)},
        "locations": [_location(finding.span)],
        **({"relatedLocations": related} if related else {}),
        **({"properties": {"witness": list(finding.witness)}} if finding.witness else {}),
    }


def _told(finding: Diagnostic) -> str:
    return f"{finding.message}\nhelp: {finding.help}" if finding.help else finding.message


def _location(span: Span) -> dict[str, Any]:
    region = {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }
    return {"physicalLocation": {"artifactLocation": {"uri": _uri(span.source.name)}, "region": region}}


def _uri(name: str) -> str:
    """Write a path as a URI, relative where the path is."""
    path = PurePath(name)
    return path.as_uri() if path.is_absolute() else quote(path.as_posix())


_IN_MESSAGE: Mapping[str, str] = {"%": "%25", "\r": "%0D", "\n": "%0A"}
_IN_PROPERTY: Mapping[str, str] = {**_IN_MESSAGE, ":": "%3A", ",": "%2C"}


def _github(report: Report) -> Iterator[str]:
    """Write a workflow command for each finding, escaped as the runner's own toolkit does."""
    for finding in report.findings:
        span = finding.span
        place = {"file": PurePath(span.source.name).as_posix(), "line": span.line, "endLine": span.end_line}
        if span.line == span.end_line:  # columns are refused over several lines
            place |= {"col": span.column, "endColumn": span.end_column}
        said = ",".join(f"{name}={_escaped(str(value), _IN_PROPERTY)}" for name, value in place.items())
        yield f"::{finding.severity} {said},title={finding.code}::{_escaped(_told(finding), _IN_MESSAGE)}"


def _escaped(text: str, signs: Mapping[str, str]) -> str:
    return re.sub("[" + re.escape("".join(signs)) + "]", lambda found: signs[found[0]], text)


FORMS: Mapping[str, Form] = {"json": _json, "sarif": _sarif, "github": _github}
"""How findings are written, by the name `--format` takes."""
