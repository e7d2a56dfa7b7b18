"""Small rule sets and clouds, written in the tests."""

from selfheal_rules.cloud import Cloud
from selfheal_rules.model import RuleSet
from selfheal_rules.parse import parse_rules
from selfheal_rules.parse.cloud import parse_cloud
from selfheal_rules.source import Source
from selfheal_rules.survey.gap import Gap, Gaps, Sort
from selfheal_rules.survey.gaps import find_gaps
from selfheal_rules.survey.shipped import faults

HEAD = "selfheal: 1\nruleset: {}\nvocabulary: [openstack]\n"
GUARDED = """\
    guard: [{limit: 2, per: 10m}]
    outcome:
      healthy: {none: [{state: instance, where: {host: $a.host}}]}
      within: 10m
      else: [{do: notify, target: $a.host}]
"""
"""What a rule with a destructive step needs besides."""


def rules(text: str, name: str = "small") -> RuleSet:
    """Give a rule set of the shipped vocabulary; what is written has to be sound."""
    found, report = parse_rules(Source(f"{name}.yaml", HEAD.format(name) + text))
    assert found is not None, report.render()
    assert [] == list(report.findings), report.render()
    return found


def cloud(text: str) -> Cloud:
    """Give a cloud by what its description says."""
    found, report = parse_cloud(Source("cloud.yaml", "selfheal_cloud: 1\ncloud: region-one\n" + text))
    assert found is not None
    assert [] == list(report.findings), report.render()
    return found


def gaps(ruleset: RuleSet, at: Cloud | None = None, mapped: frozenset[str] = frozenset()) -> Gaps:
    """Give the gaps of a rule set."""
    return find_gaps([ruleset], ruleset.vocabulary | faults().vocabulary, at, mapped=mapped)


def told(found: Gaps, *sorts: Sort) -> list[tuple[Sort, str, str]]:
    """Give sort, subject and reason of the gaps of some sorts."""
    return [(one.sort, one.about, one.reason) for one in found.gaps if one.sort in sorts]


def only(found: Gaps, sort: Sort) -> Gap:
    """Give the one gap of a sort."""
    (one,) = found.of(sort)
    return one
