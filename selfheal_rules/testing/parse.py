"""Files of tests from YAML: what one file says, held against the rule sets it is about; every finding at its place."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast

from attrs import define, field

from selfheal_rules.check import load_mapping
from selfheal_rules.diagnostics import Report, RuleSetError
from selfheal_rules.mapping import PayloadMapping
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, closed, table
from selfheal_rules.parse.files import nodes_of, read_source
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.nodes import Node, ScalarNode
from selfheal_rules.parse.suite import CASE, SUITE
from selfheal_rules.parse.vocabulary import check_version
from selfheal_rules.policy import Policy
from selfheal_rules.source import Source
from selfheal_rules.testing.cases import ALSO, COVERED, START, Also, Case, Input, Suite
from selfheal_rules.testing.expand import Variables, each, fill, offset, rows, shown
from selfheal_rules.testing.items import Items
from selfheal_rules.testing.payloads import Payloads
from selfheal_rules.testing.programs import Known, Programs, load_rulesets, site_of
from selfheal_rules.testing.steps import Steps
from selfheal_rules.testing.words import words
from selfheal_rules.values import FrozenMap
from selfheal_rules.vocabulary import parse_time

_HEAD = re.compile(r"^selfheal_test\s*:", re.MULTILINE)
_ALL = 100
FIRST, LAST = 1900, 9900
"""Clocks start in these years: what held ten years before, and a case that lasts ten, have a time, too."""


def is_suite(text: str) -> bool:
    """Whether a text is a file of tests of ours: others are called `tests.yaml`, too."""
    return _HEAD.search(text) is not None


def load_suite(path: str | Path) -> Suite:
    """
    Load a file of tests, with the rule sets it is about.

    Raises:
        RuleSetError: with every finding, also where the file cannot be read.
    """
    findings = Findings()
    source = read_source(Path(path), findings)
    if source is None:
        raise RuleSetError(findings.report())
    found, report = parse_suite(source, folder=Path(path).parent)
    if found is None or report.errors:
        raise RuleSetError(report)
    return found


def parse_suite(
    source: Source, *, folder: Path | None = None, programs: Programs | None = None
) -> tuple[Suite | None, Report]:
    """
    Read a file of tests, and say everything that is wrong with it; files it names are looked for in `folder`.

    Where `programs` are given they are what it is about, and its `rulesets` are not read: who tries many texts on one
    rule set loads and compiles it once. Nothing is given where the text is no file of tests, or its rule sets cannot
    be used.
    """
    findings = Findings()
    fields = closed(nodes_of(source, findings), SUITE, findings)
    found = _suite(fields, source, folder or Path(), programs) if fields else None
    return found, findings.report()


def _suite(fields: Fields, source: Source, folder: Path, programs: Programs | None) -> Suite | None:
    is_ours = check_version(fields, "selfheal_test")
    fields.text("doc")  # for people alone; it has to be a text all the same
    fields.refuse_empty("cases", "write at least one")
    place = fields.node.keys.get("selfheal_test", fields.node)
    if programs is None:
        programs = load_rulesets(fields.items("rulesets"), folder, place, fields.findings)
    coverage = FrozenMap(_coverage(fields))
    if programs is None or not is_ours:
        return None
    reader = _Reader(fields, folder, programs)
    cases = tuple(reader.cases())
    return Suite(source, cases, coverage, span=fields.span)


def _coverage(fields: Fields) -> Iterator[tuple[str, float]]:
    """Read the shares a file asks for."""
    for name, node, key in table(fields.node_of("coverage"), "coverage", fields.findings):
        value = node.value if isinstance(node, ScalarNode) else None
        if name not in COVERED:
            cure = "known: " + ", ".join(f"`{one}`" for one in COVERED)
            fields.findings.refuse("SH424", f"nobody measures `{name}`", key, cure)
        elif type(value) not in {int, float} or not 0 <= cast("float", value) <= _ALL:
            fields.findings.refuse("SH424", f"`{name}` takes a share from 0 to 100", node, "write `90` for 90 %")
        else:
            yield name, cast("float", value)


def _start(fields: Fields, variables: Variables, default: datetime) -> datetime:
    """Read when the clock starts."""
    node = fields.node_of("start")
    filled = None if node is None else fill(node, variables, fields.findings)
    text = None if filled is None else literals.text(filled, "start", fields.findings)
    if filled is None or text is None:
        return default
    try:
        found = parse_time(text).astimezone(START.tzinfo)
        if FIRST <= found.year <= LAST:
            return found
    except (ValueError, OverflowError):
        pass
    cure = "write a time with its zone, such as `2026-01-01T00:00:00Z`"
    fields.findings.refuse("SH413", f"the clock cannot start at `{text}`", filled, cure)
    return default


@define(eq=False, repr=False)
class _Reader:
    """Reads the cases of one file: what the file says holds for each that says nothing else."""

    fields: Fields
    folder: Path
    programs: Programs
    start: datetime = field(init=False)
    payloads: Payloads = field(init=False)
    settings: FrozenMap = field(init=False)
    also: tuple[Also, ...] = field(init=False)
    names: dict[str, Node] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Read what all cases share."""
        self.start = _start(self.fields, {}, START)
        mappings = tuple(self._mappings())
        whole = len(mappings) == len(self.fields.items("mappings"))
        self.payloads = Payloads(self.folder, mappings, self.findings, whole)
        self.also = words(self.fields, "also", ALSO)
        said = {name: offset(self.fields, name, {}) for name in ("max_age", "max_ahead")}
        self.settings = FrozenMap({name: value for name, value in said.items() if value is not None})

    @property
    def findings(self) -> Findings:
        """What is wrong so far."""
        return self.fields.findings

    def _mappings(self) -> Iterator[PayloadMapping]:
        for node in self.fields.items("mappings"):
            name = literals.text(node, "mappings", self.findings)
            try:
                if name is not None:
                    yield load_mapping(self.folder / name)
            except RuleSetError as error:
                self.findings.found += error.report.findings

    def cases(self) -> Iterator[Case]:
        """Give every case, those of a `matrix` one by one."""
        for node in self.fields.items("cases"):
            fields = closed(node, CASE, self.findings)
            if fields is None:
                continue
            fields.refuse_empty("steps", "write at least one")
            fields.text("doc")
            for row in rows(fields.node_of("matrix"), "matrix", {}, self.findings):
                case = self._case(fields, row)
                if case is not None:
                    yield case

    def _case(self, fields: Fields, row: Variables) -> Case | None:
        name, place = fields.text("name"), fields.node_of("name")
        label = f"{name} [{shown(row)}]" if row else name
        if place is not None and self.names.setdefault(label, place) is not place:
            self.findings.refuse("SH420", f"two cases are called `{label}`", place, "name each by what it shows")
        known = self._program(fields, row)
        if known is None:
            return None
        policy, notes = self._policy(fields, row, known)
        start = _start(fields, row, self.start)
        items = Items(known, start, self.payloads)
        given = tuple(self._given(items, fields, row))
        steps = Steps(items, row).read(fields.items("steps"))
        return Case(
            label, known.program, steps, given, policy, start, self._also(fields), fields.text("skip"),
            self.settings, notes, span=place.span if place else fields.span,
        )  # fmt: skip

    def _also(self, fields: Fields) -> tuple[Also, ...]:
        return words(fields, "also", ALSO) if fields.has("also") else self.also

    def _program(self, fields: Fields, row: Variables) -> Known | None:
        own = fields.node_of("params")
        filled = None if own is None else fill(own, row, self.findings)
        shared = self.programs.values(self.fields.node_of("params"), self.findings)
        values = FrozenMap({**shared, **self.programs.values(filled, self.findings)})
        return self.programs.under(values, own or fields.node, self.findings)

    def _policy(self, fields: Fields, row: Variables, known: Known) -> tuple[Policy | None, tuple[str, ...]]:
        node = fields.node_of("policy") or self.fields.node_of("policy")
        filled = None if node is None else fill(node, row, self.findings)
        policy, why = site_of(filled, self.folder, known, self.findings)
        return policy, (why,) if why else ()

    def _given(self, items: Items, fields: Fields, row: Variables) -> Iterator[Input]:
        """Give what held before, in the order of time: that of the file, then that of the case."""
        nodes = [*((node, {}) for node in self.fields.items("given")), *((node, row) for node in fields.items("given"))]
        read = [
            found
            for node, variables in nodes
            for one in each(node, variables, self.findings)
            for found in items.read(one, timedelta(), given=True)
        ]
        yield from sorted(read, key=lambda one: one.at)
