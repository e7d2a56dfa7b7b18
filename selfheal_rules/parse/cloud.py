"""The description of a cloud from YAML."""

from collections.abc import Iterator

from selfheal_rules.cloud import Cloud
from selfheal_rules.diagnostics import Report
from selfheal_rules.parse import literals
from selfheal_rules.parse.fields import Fields, Keys, closed, table
from selfheal_rules.parse.files import nodes_of
from selfheal_rules.parse.findings import Findings
from selfheal_rules.parse.vocabulary import check_version
from selfheal_rules.source import Source
from selfheal_rules.values import FrozenMap

LISTS = ("notifications", "webhooks", "pollers", "posted", "alerts", "roles", "healers")
CLOUD = Keys("a description of a cloud", ("selfheal_cloud", "cloud"), ("services", *LISTS))


def parse_cloud(source: Source) -> tuple[Cloud | None, Report]:
    """Read a description, and say everything that is wrong with how it is written; None where the text is none."""
    findings = Findings()
    fields = closed(nodes_of(source, findings), CLOUD, findings)
    found = _cloud(fields) if fields and check_version(fields, "selfheal_cloud") else None
    return found, findings.report()


def _cloud(fields: Fields) -> Cloud:
    services = FrozenMap(_services(fields)) if fields.has("services") else None
    lists = {name: tuple(_texts(fields, name)) if fields.has(name) else None for name in LISTS}
    return Cloud(fields.name("cloud"), services, **lists, span=fields.span)


def _services(fields: Fields) -> Iterator[tuple[str, str]]:
    for name, node, _ in table(fields.node_of("services"), "services", fields.findings):
        found = literals.text(node, name, fields.findings)
        if found is not None:
            yield name, found


def _texts(fields: Fields, name: str) -> Iterator[str]:
    for node in fields.items(name):
        found = literals.text(node, name, fields.findings)
        if found is not None:
            yield found
