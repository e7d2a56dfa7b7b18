"""What an entry of the catalogue promises."""

import json
import re
from pathlib import Path
from typing import ClassVar

from selfheal_rules.actions import AGAIN, CATALOGUE, ActionType
from selfheal_rules.check import check_rules
from selfheal_rules.diagnostics import Severity
from selfheal_rules.parse import parse_rules
from selfheal_rules.source import Source

_VALUES = {"string": "x", "integer": "2", "boolean": "true", "duration": "5m", "list": "[x]"}
_SENTENCE = re.compile(r"[A-Z].*\.", re.DOTALL)


def rule_of(action: ActionType, *vocabularies: Path) -> Source:
    """Give a rule that does an action with every value it takes, and is confirmed as the catalogue says."""
    known = ", ".join(["openstack", *(json.dumps(str(one.resolve())) for one in vocabularies)])
    given = ", ".join(f"{name}: {_value(action, name)}" for name in action.params)
    confirm = f", confirm: {action.confirm.replace('{target}', '$lost.host')}" if action.confirm else ""
    return Source(
        "rules.yaml",
        f"""\
selfheal: 1
ruleset: one
vocabulary: [{known}]
rules:
  - id: one
    when: {{as: lost, event: host.lost, where: {{host: {{exists: true}}}}}}
    then: [{{do: {action.name}, target: $lost.host, with: {{{given}}}{confirm}}}]
    guard: [{{limit: 2, per: 10m}}]
    outcome: {{healthy: {{event: host.returned, where: {{host: $lost.host}}}}, within: 2h, else: [{{do: notify}}]}}
""",
    )


def _value(action: ActionType, name: str) -> str:
    kind = action.params[name].type
    return f'"{kind.values[0]}"' if kind.values else _VALUES[kind.name]


class ActionContract:
    """An entry of the catalogue: it says what it is, and what it says can be written in a rule."""

    action: ActionType
    """The entry."""
    vocabularies: ClassVar[tuple[Path, ...]] = ()
    """Files of vocabularies of the package's own, of whose kinds `confirm` speaks."""

    def test_it_says_what_it_is(self) -> None:
        """It has a sentence; what is on a service says on what, with which API, and what a second call does."""
        one = self.action
        assert _SENTENCE.fullmatch(one.doc), f"`doc` of `{one.name}` is no sentence: {one.doc}"
        assert one.again in AGAIN, f"`again` of `{one.name}` is none of {', '.join(AGAIN)}"
        if "." in one.name:
            assert one.target, f"`{one.name}` does not say what its target is"
            assert one.api, f"`{one.name}` does not say which API it needs"

    def test_what_it_says_can_be_written(self) -> None:
        """With every value it takes, and the confirmation it is known by, it stands in a rule without an error."""
        ruleset, read = parse_rules(rule_of(self.action, *self.vocabularies))
        assert ruleset is not None, read.render()
        assert not read.findings, read.render()
        excused = {"SH344"} if self.action.is_destructive and not self.action.confirm else set()
        report = check_rules(ruleset)
        found = {one.code for one in report.findings if one.severity is Severity.ERROR}
        assert excused == found, report.render()

    def test_a_confirmation_speaks_of_the_target(self) -> None:
        """What happens to another never confirms that ours was done."""
        assert not self.action.confirm or "{target}" in self.action.confirm, "`confirm` does not name `{target}`"

    def test_what_is_undone_is_undone_by_an_action(self) -> None:
        """The way back is in the catalogue."""
        assert not self.action.undo or self.action.undo in CATALOGUE, f"there is no `{self.action.undo}`"
