"""The rule sets a file of tests is about, under the parameters and the policy of each case."""

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from attrs import define, evolve, field, frozen

from selfheal_rules.check import check_rules
from selfheal_rules.check.policy import check_policy
from selfheal_rules.compile import Program, compile_rules
from selfheal_rules.compile.plan import Action, Ruling
from selfheal_rules.diagnostics import Diagnostic, Report, RuleSetError
from selfheal_rules.guard.stages import stages
from selfheal_rules.guards import GUARDS
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import literals, parse_rules
from selfheal_rules.parse.fields import table
from selfheal_rules.parse.files import read_source
from selfheal_rules.parse.findings import Findings, did_you_mean
from selfheal_rules.parse.nodes import ListNode, MapNode, Node, ScalarNode
from selfheal_rules.parse.policy import load_policy, parse_policy_node
from selfheal_rules.policy import Autonomy, Policy
from selfheal_rules.source import Span
from selfheal_rules.values import FrozenMap, freeze
from selfheal_rules.vocabulary import FieldType, Vocabulary

RULES = "rules.yaml"
UNFIT = frozenset({"SH343", "SH344", "SH345"})
"""What keeps a rule set from being enforced by any site, however its policy is written."""
_OWN_GUARDS = ("mode", "withdrawn", "superseded", "confirm", "overload", "memory", "quarantine")
"""Verdicts that are given by no stage."""


@frozen(eq=False, repr=False)
class Known:
    """What a program can say and take: the words a test may use."""

    program: Program

    @cached_property
    def vocabulary(self) -> Vocabulary:
        """The kinds its engines take."""
        return self.program.vocabulary

    @cached_property
    def _acting(self) -> tuple[tuple[Ruling, Action], ...]:
        rulings = [ruling for ruling in self.program.plan.rules if not ruling.watcher]
        return tuple((ruling, step) for ruling in rulings for step in _steps(ruling) if isinstance(step, Action))

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """Its rules, by their ids, and by those with their rule sets' names."""
        rulings = [ruling for ruling in self.program.plan.rules if not ruling.watcher]
        return tuple(dict.fromkeys(name for one in rulings for name in (one.name, f"{one.ruleset}/{one.name}")))

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """What its rules do."""
        return tuple(dict.fromkeys(step.action for _, step in self._acting))

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The names of its steps."""
        return tuple(dict.fromkeys(step.name for _, step in self._acting))

    @cached_property
    def guards(self) -> tuple[str, ...]:
        """Who gives verdicts."""
        return (*(stage.name for stage in stages(GUARDS)), *_OWN_GUARDS)

    def params_of(self, action: str) -> tuple[str, ...]:
        """Give the parameters of an action, or of all where it is empty."""
        steps = [step for _, step in self._acting if action in {"", step.action}]
        return tuple(dict.fromkeys(name for one in steps for name in one.step.params))


def _steps(ruling: Ruling) -> Iterator[Any]:
    yield from ruling.steps
    yield from ruling.recovery.otherwise if ruling.recovery else ()


@define(eq=False, repr=False)
class Programs:
    """The rule sets of one file, compiled once for each set of parameters."""

    rulesets: tuple[RuleSet, ...]
    made: dict[FrozenMap, Known | None] = field(factory=dict)

    def under(self, values: FrozenMap, place: Node, findings: Findings) -> Known | None:
        """Give the program under these parameters; None, with findings, where they do not fit together."""
        if values not in self.made:
            self.made[values] = self._compiled(values, place, findings)
        return self.made[values]

    def _compiled(self, values: FrozenMap, place: Node, findings: Findings) -> Known | None:
        set_up = [evolve(one, values=FrozenMap(_of(one, values))) for one in self.rulesets]
        try:
            return Known(compile_rules(*set_up))
        except RuleSetError as error:
            refused(error.report.errors, place.span, findings)
            return None

    def values(self, node: Node | None, findings: Findings) -> FrozenMap:
        """Read the parameters a case or a file sets; each is one that some rule set has, and fits its type."""
        found = {}
        declared = {name: one.type for rules in self.rulesets for name, one in rules.params.items()}
        for name, inner, key in table(node, "params", findings):
            value = literals.plain(inner, name, findings)
            if name not in declared:
                cure = did_you_mean(name, declared) or "none has any"
                findings.refuse("SH419", f"no rule set has a parameter `{name}`", key, cure)
            elif _fits(declared[name], value, name, inner, findings):
                found[name] = value
        return FrozenMap(found)


def _of(ruleset: RuleSet, values: Mapping[str, object]) -> dict[str, object]:
    return {name: values[name] for name in ruleset.params if name in values}


def _fits(declared: FieldType, value: object, name: str, node: Node, findings: Findings) -> bool:
    try:
        declared.literal(freeze(value))
    except (ValueError, OverflowError) as error:
        findings.refuse("SH419", f"parameter `{name}`: {error}", node)
        return False
    return True


def refused(errors: tuple[Diagnostic, ...] | list[Diagnostic], place: Span, findings: Findings) -> bool:
    """Pass on what is wrong with the rules of a file of tests, if anything is."""
    if not errors:
        return False
    many = f"{len(errors)} errors" if len(errors) > 1 else "an error"
    findings.error("SH411", f"the rules cannot be tested: they have {many}", place, "`selfheal check` explains each")
    findings.found += errors
    return True


def load_rulesets(nodes: list[Node], folder: Path, place: Node, findings: Findings) -> Programs | None:
    """Load the rule sets a file of tests names, or the `rules.yaml` beside it; None where one cannot be used."""
    named = [(literals.text(node, "rulesets", findings), node) for node in nodes] if nodes else [(RULES, place)]
    loaded = [_load(folder / name, node, findings) for name, node in named if name is not None]
    sound = [one for one in loaded if one is not None]
    return Programs(tuple(sound)) if sound and len(sound) == len(named) else None


def _load(path: Path, node: Node, findings: Findings) -> RuleSet | None:
    file = path / RULES if path.is_dir() else path
    here = Findings()
    source = read_source(file, here, node.span)
    if source is None:
        findings.refuse("SH411", here.found[0].message, node, "`rulesets:` names files, or folders with a rules.yaml")
        return None
    ruleset, report = parse_rules(source, folder=file.parent)
    errors = report.errors + (check_rules(ruleset, lint=False).errors if ruleset else ())
    return None if refused(errors, node.span, findings) else ruleset


# Policies


def enforcing(program: Program) -> tuple[Policy | None, str]:
    """Give the policy that lets a program act as freely as its rules let it, or say why no policy could."""
    policy = Policy("test", mode="enforce", autonomy=(Autonomy("auto"),))
    found = check_policy(policy, program.vocabulary, program.rulesets, program.revisions).errors
    if not found:
        return policy, ""
    what = found[0]
    return None, f"nothing is `allowed`, only `shadowed`: {what.message} ({what.span}, {what.code})"


def site_of(node: Node | None, folder: Path, known: Known, findings: Findings) -> tuple[Policy | None, str]:
    """Give the policy of a case, `enforce` where nothing is said, and what its readers should know of it."""
    if node is None or (isinstance(node, ScalarNode) and node.value == "enforce"):
        return enforcing(known.program)
    return _read_site(node, folder, known, findings), ""


def _read_site(node: Node, folder: Path, known: Known, findings: Findings) -> Policy | None:
    """Read `shadow`, the policy of a file, or one written where it stands."""
    text = node.text if isinstance(node, ScalarNode) else ""
    if text == "shadow":
        return Policy("test", mode="shadow")
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        return _checked(*_from_file(folder / text, node, findings), known, findings)
    if isinstance(node, ListNode | ScalarNode):
        cure = "write `enforce`, `shadow`, the name of a file, or the keys of a policy"
        findings.refuse("SH020", f"`policy` takes a policy, not {literals.shape(node)}", node, cure)
        return None
    before = len(findings.found)
    found = parse_policy_node(_headed(node), findings)
    return _checked(found, findings.found[before:], known, findings)


def _from_file(file: Path, node: ScalarNode, findings: Findings) -> tuple[Policy | None, list[Diagnostic]]:
    if not file.is_file():
        cure = did_you_mean(node.text, ("enforce", "shadow")) if "." not in node.text else ""
        findings.refuse("SH425", f"there is no policy `{node.text}`", node, cure)
        return None, []
    try:
        return load_policy(file), []
    except RuleSetError as error:
        findings.found += error.report.findings
        return None, list(error.report.findings)


def _headed(node: MapNode) -> MapNode:
    """Give a policy that stands in a test the head a file of its own would have."""
    head: dict[str, int | str] = {"selfheal_policy": 1, "policy": "test"}
    said = {name: value for name, value in head.items() if name not in node.entries}
    made: dict[str, Node] = {
        name: ScalarNode(node.source, node.start, node.start, value, str(value), plain=True)
        for name, value in said.items()
    }
    keys = {name: ScalarNode(node.source, node.start, node.start, name, name, plain=True) for name in said}
    return MapNode(node.source, node.start, node.end, {**made, **node.entries}, {**keys, **node.keys}, node.faulty)


def _checked(policy: Policy | None, wrong: list[Diagnostic], known: Known, findings: Findings) -> Policy | None:
    if policy is None or wrong:
        return None
    program = known.program
    report: Report = check_policy(policy, program.vocabulary, program.rulesets, program.revisions)
    findings.found += report.errors
    return None if report.errors else policy
