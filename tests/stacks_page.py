"""Write the reference stack of each rule set: `python -m tests.stacks_page`.

What a rule set reads and does says which services take part; how each of them is configured stands in
`docs/stacks/parts.yaml`. What is written as configuration is given to the programs it is for by the tests.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from attrs import define, field

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.actions.entry import ActionType
from selfheal_rules.check.walk import patterns_of, steps_of
from selfheal_rules.model import Conclude, Do, Literal, RuleSet
from selfheal_rules.vocabulary import Feed
from tests.shipped import shipped

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / "docs" / "stacks"
PARTS: Mapping[str, Any] = yaml.safe_load((FOLDER / "parts.yaml").read_text("utf-8"))
HEAD = "<!-- Written by `python -m tests.stacks_page`; a test fails where rule sets, parts.yaml and page differ. -->"
TRANSPORT = {"bus": "RabbitMQ, oslo.messaging", "post": "webhook", "poll": "its API, asked every 30 s", "serve": ""}
TRIED: Mapping[str, Any] = yaml.safe_load((ROOT / "tests" / "cloud" / "tried.yaml").read_text("utf-8"))
"""The tests on the real cloud that assert that an action was done, or go by what a poller said."""


@define(eq=False)
class Stack:
    """A rule set, and who takes part in it."""

    rules: RuleSet
    kinds: dict[str, list[Feed]] = field(factory=dict)
    """What it reads, by the sources that are part of this stack; where there is none, people post it."""
    actions: tuple[ActionType, ...] = ()

    @classmethod
    def of(cls, rules: RuleSet) -> "Stack":
        """Find out who takes part."""
        read = dict.fromkeys(kind for rule in rules.rules for one in patterns_of(rule) for kind in one.kinds)
        alone = {kind for kind in concluded(rules) if not rules.vocabulary.kinds[kind].sources}
        own = (name for name in read if name not in alone and not name.startswith("selfheal."))
        done = dict.fromkeys(step.action for rule in rules.rules for step in steps_of(rule) if isinstance(step, Do))
        kinds = {name: _feeds(rules, name) for name in own}
        return cls(rules, kinds, tuple(CATALOGUE[name] for name in done))

    @property
    def name(self) -> str:
        """Give the name of the rule set."""
        return self.rules.name

    @property
    def feeds(self) -> list[Feed]:
        """Give the sources, each once."""
        return list({feed.name: feed for feeds in self.kinds.values() for feed in feeds}.values())

    def by(self, way: str) -> list[Feed]:
        """Give the sources that come one way."""
        return [feed for feed in self.feeds if feed.by == way]

    @property
    def named(self) -> list[str]:
        """Give the names of alarms the rules wait for, as they are written: some are regular expressions."""
        where = (
            leaf for rule in self.rules.rules for one in patterns_of(rule) if "alarm" in one.kinds for leaf in one.where
        )
        asked = [leaf.operand for leaf in where if leaf.path == ("name",) and leaf.operator in {"is", "in"}]
        every = [one for some in asked for one in (some if isinstance(some, tuple) else (some,))]
        return [str(one.value) for one in every if isinstance(one, Literal)]

    @property
    def alerts(self) -> list[str]:
        """Give the alerts that raise alarms the rules wait for."""
        alarms = (one for rule in self.rules.rules for one in patterns_of(rule) if "alarm" in one.kinds)
        where = [leaf for one in alarms for leaf in one.where]
        forms = [
            str(leaf.operand.value)
            for leaf in where
            if leaf.operator == "matches" and isinstance(leaf.operand, Literal)
        ]
        return [name for name in PARTS["alerts"] if name in self.named or any(re.search(one, name) for one in forms)]

    @property
    def recorded(self) -> str:
        """Give what was recorded of the failure."""
        return "".join(path.read_text("utf-8") for path in ROOT.glob(f"rulesets/{self.name}/recorded.jsonl"))

    @property
    def services(self) -> dict[str, list[ActionType]]:
        """Give the actions by the service that does them."""
        found: dict[str, list[ActionType]] = {}
        for one in self.actions:
            found.setdefault(one.api.partition(" ")[0] or "site", []).append(one)
        return found

    @property
    def confirms(self) -> bool:
        """Whether subscriptions of Zaqar's bring something."""
        return any(PARTS["sources"].get(feed.name, {}).get("zaqar") for feed in self.feeds)

    @property
    def tells(self) -> list[str]:
        """Give the actions by which people are told."""
        return [one.name for one in self.actions if one.name in {"notify", "page"}]

    @property
    def monitors(self) -> dict[str, str]:
        """Give the monitors of Masakari's that tell it of kinds, by the kind."""
        told = PARTS["sources"]["masakari"]["told"]
        return {
            kind: told[kind]
            for kind, feeds in self.kinds.items()
            if kind in told and "masakari" in {feed.name for feed in feeds}
        }

    @property
    def workflows(self) -> dict[str, list[str]]:
        """Give the workflows that rules start, each with the names of its input."""
        steps = [step for rule in self.rules.rules for step in steps_of(rule) if isinstance(step, Do)]
        started = [dict(step.params) for step in steps if step.action == "workflow.start"]
        return {str(one["workflow"].value): sorted({*one} - {"workflow"}) for one in started}


def concluded(rules: RuleSet) -> set[str]:
    """Give the kinds that rules of a rule set conclude."""
    return {step.kind for rule in rules.rules for step in rule.then if isinstance(step, Conclude)}


def _feeds(rules: RuleSet, kind: str) -> list[Feed]:
    known = rules.vocabulary
    every = [known.sources[name] for name in known.kinds[kind].sources]
    return [one for one in every if one.by in {"poll", "serve"} or _is_part(one.name, rules.name, kind)]


def _is_part(source: str, name: str, kind: str) -> bool:
    part = PARTS["sources"].get(source, {"others": [kind]})
    return name in part.get("only", [name]) and kind not in part.get("others", ())


# What is configured


def serving(stack: Stack) -> str:
    """Give the configuration of the process that decides."""
    lines = ["selfheal_serve: 1", f"rules: [rulesets/{stack.name}]", "policy: policy.yaml", "journal: heal.jsonl"]
    lines += [f"mappings: [{one.relative_to(ROOT)}]" for one in ROOT.glob(f"rulesets/{stack.name}/mapping.yaml")]
    own = PARTS["sets"].get(stack.name, {}).get("params", {})
    lines += [f"params: {json.dumps(own)}"] if own else []
    zaqar = ', zaqar: "https://zaqar.example.org:8888"' if stack.confirms else ""
    lines += [f'http: {{listen: "127.0.0.1:8642", tokens: tokens{zaqar}}}']
    sources = [*_bus(stack), *_polls(stack)]
    lines += ["sources:", *sources] if sources else []
    told = ", ".join(f"{one}: {one}.url" for one in stack.tells)
    lines += [f"executors: {{cloud: production, {f'tell: {{{told}}}, ' if told else ''}dry: true}}"]
    return "\n".join(lines) + "\n"


def _bus(stack: Stack) -> Iterator[str]:
    parts = [PARTS["sources"][feed.name.partition(".")[0]] for feed in stack.by("bus")]
    if parts:
        topics = ", ".join(dict.fromkeys(topic for part in parts for topic in part["topics"]))
        exchanges = ", ".join(dict.fromkeys(part["exchange"] for part in parts))
        yield f"  - {{listen: bus.url, pool: selfheal, topics: [{topics}], exchanges: [{exchanges}]}}"


def _polls(stack: Stack) -> Iterator[str]:
    names = [feed.name for feed in stack.by("poll")]
    if names:
        yield f"  - {{poll: [{', '.join(names)}], cloud: production, every: 30s, stale: 2m}}"


def policy(stack: Stack) -> str:
    """Give the policy to begin with."""
    head = "selfheal_policy: 1\npolicy: production\nmode: shadow\n"
    own = PARTS["sets"].get(stack.name, {}).get("policy", "")
    return f"{head}rulesets:\n  - {{ruleset: {stack.name}, mode: shadow}}\n{own}"


def alerting(stack: Stack) -> str:
    """Give the rules of Prometheus that raise the alarms the rules wait for."""
    lines = [f"groups:\n  - name: {stack.name}\n    rules:"]
    for name in stack.alerts:
        one = PARTS["alerts"][name]
        lines += [
            f"      - alert: {name}\n        expr: '{one['expr']}'\n        for: {one['for']}",
            f"        labels: {{severity: {one['severity']}}}",
        ]
    return "\n".join(lines) + "\n"


# The page


def page(stack: Stack) -> str:
    """Give the page of a stack."""
    links = f"[The rule set](../../rulesets/{stack.name}/README.md) · [all stacks](README.md)"
    parts = [
        f"# The reference stack of {stack.name}\n\n{HEAD}\n\n{stack.rules.description}\n\n{links}",
        f"```mermaid\n{picture(stack)}\n```",
        "## Who says what\n\n" + _table(("Said", "By", "Over", "Role", "Tried"), _inputs(stack)),
        "## Who does what\n\n" + _table(("Done", "By", "API", "Role", "Tried"), _outputs(stack)),
        "## Configuration\n\n" + "\n\n".join(_configuration(stack)),
    ]
    return "\n\n".join(parts) + "\n"


def picture(stack: Stack) -> str:
    """Give the chain as a Mermaid flowchart: monitor, transport, decision, orchestrator, action."""
    lines = ["flowchart LR", f'  engine(["selfheal serve<br/>{stack.name}"])']
    for number, feed in enumerate(stack.feeds):
        lines.append(f'  s{number}["{_who(feed)}"] -->|{_over(feed)}| engine')
        if feed.name == "masakari" and stack.monitors:
            lines.append(f'  m["{"<br/>".join(dict.fromkeys(stack.monitors.values()))}"] -->|API| s{number}')
    if any(not feeds and not any(kind in concluded(one) for one in shipped()) for kind, feeds in stack.kinds.items()):
        lines.append('  posted["whoever knows"] -->|CloudEvents| engine')
    for number, (service, actions) in enumerate(stack.services.items()):
        names = "<br/>".join(one.name for one in actions)
        lines.append(
            f'  engine -->|executor| a{number}["{PARTS["services"][service]["who"]}"] --> d{number}["{names}"]'
        )
    return "\n".join(lines)


def _who(feed: Feed) -> str:
    if feed.by == "poll":
        return f"poller {feed.name}"
    if feed.by == "serve":
        return "selfheal serve itself"
    return str(PARTS["sources"][feed.name]["who"].partition(" (")[0].partition(",")[0])


def _over(feed: Feed) -> str:
    return {"bus": "RabbitMQ", "post": "webhook", "poll": "API", "serve": "each sweep"}[feed.by]


def _inputs(stack: Stack) -> Iterator[tuple[str, ...]]:
    for kind, feeds in stack.kinds.items():
        for feed in feeds:
            told = f", told by {stack.monitors[kind]}" if feed.name == "masakari" and kind in stack.monitors else ""
            role = (" or ".join(f"`{one}`" for one in feed.roles) or "`member`") if feed.by == "poll" else ""
            yield f"`{kind}`", _who(feed) + told, _over(feed), role, _heard(feed, stack)
        beside = [one.name for one in shipped() if one.name != stack.name and kind in concluded(one)]
        if beside:
            yield f"`{kind}`", f"the rule set {beside[0]} beside it", "", "", "`tests/test_testing_shipped.py`"
        elif not feeds:
            yield f"`{kind}`", "whoever knows", "webhook, as a CloudEvent", "", "with made payloads"


def _heard(feed: Feed, stack: Stack) -> str:
    """Say how a source was tried on the real cloud, or in a real monitoring."""
    if feed.by == "serve":
        return "`tests/serve`"
    if feed.by == "poll":
        return _tests("pollers", feed.name) or "not tried"
    if feed.name == "prometheus" and stack.recorded:
        return "`tests/monitored`"
    captured = sorted((ROOT / "tests" / "data" / "captured" / feed.name.partition(".")[0]).glob("*"))
    told = f"{len(captured)} captured payloads" if captured else "with payloads of its documentation"
    return str(PARTS["sources"][feed.name].get("heard", told))


def _outputs(stack: Stack) -> Iterator[tuple[str, ...]]:
    for service, actions in stack.services.items():
        for one in actions:
            role = f"`{one.role}`" if one.api else ""
            tried = (_tests("actions", one.name) or "not tried") if one.api else ""
            yield f"`{one.name}`", PARTS["services"][service]["who"], one.api, role, tried


def _tests(sort: str, name: str) -> str:
    """Name the files of tests on the real cloud that saw an action done, or a poller tell."""
    return ", ".join(f"`tests/cloud/{file}.py`" for file in TRIED[sort].get(name, ()))


def _configuration(stack: Stack) -> Iterator[str]:
    for feed in stack.feeds:
        if feed.by in {"bus", "post"} and feed.name in PARTS["sources"]:
            yield _part(PARTS["sources"][feed.name], stack.name)
        if feed.name == "masakari" and stack.monitors:
            part = PARTS["monitors"]
            yield f"**{part['who']}** (`{part['file']}`):\n\n```ini\n{part['text']}```\n\n{part['says'].strip()}"
    if says := PARTS["sets"].get(stack.name, {}).get("says"):
        yield says
    if stack.alerts:
        made = ", ".join(dict.fromkeys(PARTS["alerts"][name]["from"] for name in stack.alerts))
        said = f"```yaml\n{alerting(stack)}```\n\n{_fired(stack)}"
        file = f"`selfheal-{stack.name}.yml`, beside [`prometheus.yml`](README.md#prometheus)"
        yield f"**Prometheus** ({file}), from {made}:\n\n{said}"
    yield f"**selfheal serve** (`serve.yaml`):\n\n```yaml\n{serving(stack)}```"
    yield f"With `policy.yaml` beside it, which lets nothing be done yet:\n\n```yaml\n{policy(stack)}```"
    yield _beside(stack)
    for service in stack.services:
        part = PARTS["services"][service]
        yield f"**{part['who']}.** {part['says'].strip()}"
        if service == "workflow":
            yield from (workflow(name) for name in stack.workflows)


def workflow(name: str) -> str:
    """Give the least a site brings for a workflow that rules start."""
    part = PARTS["workflows"][name]
    host = part.get("host", "<% $.host %>")
    text = (
        f"version: '2.0'\n{name}:\n  input: [{', '.join(part['input'])}]\n  tasks:\n    run:\n"
        f"      action: std.ssh\n      input:\n        host: {host}\n        username: mistral\n"
        f"        private_key_filename: {part['key']}\n        cmd: {part['cmd']}\n"
    )
    said = (
        f'The key is bound to a program of the site\'s (`restrict,command="/usr/local/bin/{part["key"]}"` in '
        "`authorized_keys`), as a shell would run whatever a payload says. From `SSH_ORIGINAL_COMMAND` it takes "
        f"the values it knows and no other, and {part['says']}."
    )
    return f"At the least (`{name}.yaml`, by `openstack workflow create`):\n\n```yaml\n{text}```\n\n{said}"


def _fired(stack: Stack) -> str:
    """Say which alerts Prometheus fired on a failure that was brought about; one posted by hand names no generator."""
    lines = "".join(path.read_text("utf-8") for path in sorted(ROOT.glob("rulesets/*/recorded.jsonl"))).splitlines()
    alerts = [alert for line in lines for alert in json.loads(line).get("payload", {}).get("alerts", ())]
    fired = {alert["labels"]["alertname"] for alert in alerts if alert["generatorURL"]}
    tried = [f"`{name}`" for name in stack.alerts if name in fired]
    others = [f"`{name}`" for name in stack.alerts if f"`{name}`" not in tried]
    said = [f"Seen to fire: {', '.join(tried)}."] if tried else []
    return " ".join([*said, *([f"Read by `promtool` alone: {', '.join(others)}."] if others else [])])


def _beside(stack: Stack) -> str:
    bus = " `bus.url` has the URL of RabbitMQ." if stack.by("bus") else ""
    return (
        f"`tokens` has a name and a token a line, one for each sender.{bus} `production` is a cloud of `clouds.yaml`, "
        f"whose user has the roles of both tables.{_admin(stack)} "
        "Whoever posts does so by TLS, which a proxy or `tls` gives."
    )


def _admin(stack: Stack) -> str:
    """Say what a poller without its role does not see."""
    names = [f"`{feed.name}`" for feed in stack.by("poll") if feed.roles]
    maintenance = ", and no maintenance of Masakari's keeps the rules off a host" if "`masakari_hosts`" in names else ""
    return (
        f" Without its role {' or '.join(names)} sees nothing, or only what is its own{maintenance}." if names else ""
    )


def _part(part: Mapping[str, Any], name: str) -> str:
    also = part.get("also", {}).get(name, {})
    text, says = part["text"] + also.get("text", ""), [part["says"].strip(), also.get("says", "")]
    return f"**{part['who']}** (`{part['file']}`):\n\n```{part['language']}\n{text}```\n\n{' '.join(says).strip()}"


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first = list(head)
    lines = [first, ["---"] * len(first), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell != "---" else cell for cell in line) + "|" for line in lines)


def contents(stacks: Iterable[Stack]) -> str:
    """Give the page that names all stacks."""
    rows = ((f"[{one.name}]({one.name}.md)", _monitoring(one),
             _line(f"`{feed.name}`" for feed in one.by("poll")),
             _line(PARTS["services"][service]["who"] for service in one.services if service != "site"))
            for one in stacks)  # fmt: skip
    prometheus = PARTS["prometheus"]
    table = _table(("Rule set", "Monitors", "Pollers", "Who acts"), rows)
    said = (
        "One chain for each rule set, from who notices to who acts, with the configuration of each link. A chain has "
        "other links that do as well: [sources.md](../sources.md) has all that can notice. What was tried was tried on "
        "the cloud of `tests/cloud`, or with the monitoring of `tests/monitored`; an action counts only where a test "
        "asserts that it was done. Each user has the roles that stand in both tables of a page."
    )
    scraped = f"## Prometheus\n\n`prometheus.yml`:\n\n```yaml\n{prometheus['text']}```\n\n{prometheus['says']}"
    return f"# Reference stacks\n\n{HEAD}\n\n{said}\n\n{table}\n\n{scraped}\n"


def _monitoring(stack: Stack) -> str:
    return _line(_who(feed) for feed in stack.feeds if feed.by in {"bus", "post"}) or "none: pollers alone"


def _line(names: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(names))


def stacks() -> list[Stack]:
    """Give the stack of every shipped rule set."""
    return [Stack.of(rules) for rules in shipped()]


def pages() -> dict[Path, str]:
    """Give every page by the file it stands in."""
    found = stacks()
    return {FOLDER / "README.md": contents(found), **{FOLDER / f"{one.name}.md": page(one) for one in found}}


if __name__ == "__main__":
    for path, written in pages().items():
        path.write_text(written, encoding="utf-8")
