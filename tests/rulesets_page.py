"""Write the `README.md` of each rule set from the rule set itself: `python -m tests.rulesets_page`.

The page has the form of the Self-healing SIG's use cases (`use-cases/template.rst` of openstack/self-healing-sig).
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from selfheal_rules import load_rules
from selfheal_rules.actions import CATALOGUE
from selfheal_rules.model import Conclude, Do, Group, Guard, Pattern, Rule, RuleSet

FOLDER = Path(__file__).parents[1] / "rulesets"
HEAD = "<!-- Written from rules.yaml by `python -m tests.rulesets_page`; a test fails where the two differ. -->"

RECORDED: Mapping[str, Any] = yaml.safe_load((FOLDER.parent / "tests" / "cloud" / "recorded.yaml").read_text("utf-8"))
"""What a real cloud said of each failure, by the rule set: files beside it, and how; or why there is none."""

FACTS = {
    "status": "Status",
    "fault_class": "Fault class",
    "remediation_class": "Remediation class",
    "projects": "Projects",
    "risk": "Risk",
}
"""What stands in the table at the top: key of the metadata, its title."""

WORDS = (
    "problem",
    "detection",
    "existing_work",
    "future_work",
    "prerequisites",
    "false_positives",
    "rollout",
    "references",
)
"""What is written as sections of its own."""

ROLLOUT = (
    "Begin in shadow: without a policy that enforces it, the rule set decides and does nothing. Replay a record first "
    "(`selfheal replay`), look at each decision for a fortnight, then enforce it with the grade `approve`, then "
    "`auto`. What is ill at that moment was begun in shadow and is not begun again: look at what was shown last, and "
    "heal that by hand."
)


def page(ruleset: RuleSet, text: str) -> str:
    """Give the page of a rule set whose `rules.yaml` reads `text`."""
    told = ruleset.metadata
    sections = [
        ("Problem", _prose(told.get("problem"))),
        ("Detection", f"{_prose(told.get('detection'))}\n\n{_inputs(ruleset)}"),
        ("Decision", "\n".join(_decision(rule) for rule in ruleset.rules)),
        ("Remediation", _remediation(ruleset, text)),
        ("Parameters", _parameters(ruleset)),
        ("Prerequisites", _prose(told.get("prerequisites"))),
        ("False positives", _prose(told.get("false_positives"))),
        ("Recorded", _recorded(ruleset.name)),
        ("Roll-out", f"{ROLLOUT}\n\n{_prose(told.get('rollout'))}"),
        ("Existing work", _prose(told.get("existing_work"))),
        ("Future work", _prose(told.get("future_work"))),
        ("References", _prose(told.get("references"))),
    ]
    body = "\n".join(f"## {title}\n\n{said.strip()}\n" for title, said in sections if said.strip())
    return f"# {ruleset.name}\n\n{HEAD}\n\n{ruleset.description}\n\n{_usage(ruleset.name)}\n{_facts(ruleset)}\n\n{body}"


def _recorded(name: str) -> str:
    """Say what a real cloud, or a real monitoring, said, or why it did not."""
    told = RECORDED[name]
    files = ", ".join(f"[{Path(file).name}]({file})" for file in told["files"])
    said = f"From a real {told.get('of', 'cloud')}: {files}." if files else "No real cloud was recorded."
    return f"{said} {told['how']}"


def _usage(name: str) -> str:
    lines = (f"    selfheal {word} rulesets/{name}\n" for word in ("check", "test", "graph"))
    return "".join(lines)


def _facts(ruleset: RuleSet) -> str:
    rows = ((title, ruleset.metadata.get(key)) for key, title in FACTS.items())
    return _table(("", ""), ((title, _line(said)) for title, said in rows if said is not None))


def _line(said: object) -> str:
    return ", ".join(map(str, said)) if isinstance(said, tuple) else str(said)


def _prose(said: object) -> str:
    if isinstance(said, tuple):
        return "\n".join(f"- {one}" for one in said)
    return str(said or "").strip()


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    first = list(head)
    lines = [first, ["---"] * len(first), *rows]
    return "\n".join("|" + "|".join(f" {cell} " if cell != "---" else cell for cell in line) + "|" for line in lines)


def _inputs(ruleset: RuleSet) -> str:
    """Give a table of what sources have to say for these rules: not what rules conclude, nor the engine's own."""
    concluded = {step.kind for rule in ruleset.rules for step in rule.then if isinstance(step, Conclude)}
    read = dict.fromkeys(kind for rule in ruleset.rules for kind in _kinds(rule))
    kinds = (ruleset.vocabulary.kinds[name] for name in read if name not in concluded)
    own = (kind for kind in kinds if not kind.name.startswith("selfheal."))
    return _table(("Input", "Form", "What it says"), ((f"`{kind.name}`", kind.form, kind.doc) for kind in own))


def _kinds(rule: Rule) -> Iterator[str]:
    groups = [rule.when, *(step.confirm.condition for step in rule.then if isinstance(step, Do) and step.confirm)]
    for group in [*groups, *([rule.outcome.healthy] if rule.outcome else [])]:
        for pattern in _patterns(group):
            yield from pattern.kinds


def _patterns(group: Group) -> Iterator[Pattern]:
    for item in (*group.items, *group.unless):
        if isinstance(item, Group):
            yield from _patterns(item)
        elif isinstance(item, Pattern):
            yield item


def _decision(rule: Rule) -> str:
    concluded = [f"`{step.kind}`" for step in rule.then if isinstance(step, Conclude)]
    done = [f"`{step.action}`" for step in rule.then if isinstance(step, Do)]
    what = [f"concludes {', '.join(concluded)}"] if concluded else []
    what += [f"does {', then '.join(done)}"] if done else []
    return f"- **{rule.id}** {', and '.join(what)}. {rule.doc}{_otherwise(rule)}"


def _otherwise(rule: Rule) -> str:
    if rule.outcome is None or not rule.outcome.otherwise:
        return ""
    return f" Where that does not help: {', then '.join(f'`{step.action}`' for step in rule.outcome.otherwise)}."


def _remediation(ruleset: RuleSet, text: str) -> str:
    rows = (row for rule in ruleset.rules for row in _steps(rule, text))
    return _table(("Rule", "Action", "Risk", "Needs", "Undone by", "Held back by"), rows)


def _steps(rule: Rule, text: str) -> Iterator[list[str]]:
    """Give a row for each step of a rule that acts; steps without a risk are held back only where none has one."""
    steps = [step for step in rule.then if isinstance(step, Do)]
    guards = ", ".join(_guard(guard, text) for guard in rule.guard)
    careful = [step for step in steps if CATALOGUE[step.action].risk != "none"] or steps
    for step in steps:
        action = CATALOGUE[step.action]
        undone = f"`{action.undo}`" if action.undo else ""
        yield [rule.id, f"`{step.action}`", action.risk, action.needs or "", undone, guards if step in careful else ""]


def _guard(guard: Guard, text: str) -> str:
    """Give a guard as its author wrote it, on one line."""
    span = guard.span
    lines = text.splitlines()[span.line - 1 : span.end_line]
    cut = lines[0][span.column - 1 : span.end_column - 1] if len(lines) == 1 else lines[0][span.column - 1 :]
    said = " ".join([cut.strip(), *(line.strip() for line in lines[1:])]).removeprefix("- ").strip()
    return "`" + (said[1:-1].strip() if said[:1] + said[-1:] == "{}" else said) + "`"


def _parameters(ruleset: RuleSet) -> str:
    if not ruleset.params:
        return ""
    rows = ((f"`{one.name}`", str(one.type), f"`{one.default}`", one.doc) for one in ruleset.params.values())
    return _table(("Name", "Type", "Default", "What it says"), rows)


def pages() -> dict[Path, str]:
    """Give the page of every shipped rule set, by the file it stands in."""
    files = sorted(FOLDER.glob("*/rules.yaml"))
    return {file.with_name("README.md"): page(load_rules(file), file.read_text(encoding="utf-8")) for file in files}


if __name__ == "__main__":
    for path, written in pages().items():
        path.write_text(written, encoding="utf-8")
