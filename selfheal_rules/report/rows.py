"""Texts and times of rows as a page reads them, and the table of evidence that decisions share."""

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from attrs import define, field

from selfheal_rules.decide.evidence import Evidence
from selfheal_rules.values import Value, microseconds
from selfheal_rules.wording import clean, shown

Row: TypeAlias = dict[str, Any]
"""What JSON can hold, by name."""

Origin: TypeAlias = Callable[[Evidence], int | None]
"""Where an item was read: its line of the input, or its record of the journal."""


def text(value: Value) -> str:
    """Give a value as its author would write it, with control characters as escapes; nothing, for no value."""
    return "" if value is None else clean(shown(value))


def texts(values: Mapping[str, Value]) -> dict[str, str]:
    """Give fields as texts; those without a value are left out."""
    return {clean(name): text(value) for name, value in values.items() if value is not None}


def said(row: Row) -> Row:
    """Leave out what says nothing."""
    return {name: value for name, value in row.items() if value not in ("", None, [], {})}


@define
class EvidenceTable:
    """Every item that decisions rest on, once: an alarm behind a thousand decisions is written one time."""

    rows: list[Row] = field(factory=list)
    _numbers: dict[str, int] = field(factory=dict)

    def add(self, evidence: Evidence, origin: Origin) -> int:
        """Give the number of an item, with all it was concluded from."""
        row = said(
            {
                "alias": "" if evidence.alias.startswith("#") else clean(evidence.alias),
                "form": evidence.form,
                "kind": clean(evidence.kind),
                "source": clean(evidence.source),
                "id": clean(evidence.id),
                "key": [text(value) for value in evidence.key],
                "time": microseconds(evidence.time),
                "fields": texts(evidence.fields),
                "rule": clean(evidence.rule),
                "place": origin(evidence),
                "because": [self.add(inner, origin) for inner in evidence.because],
            }
        )
        known = self._numbers.setdefault(json.dumps(row), len(self.rows))
        if known == len(self.rows):
            self.rows.append(row)
        return known
