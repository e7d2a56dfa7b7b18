"""Write `docs/actions.md` from the catalogue: `python -m tests.actions_page`."""

from itertools import groupby
from pathlib import Path

from selfheal_rules.actions import AGAIN, CATALOGUE, ActionType, Param

PAGE = Path(__file__).parents[1] / "docs" / "actions.md"

HEAD = """\
# The catalogue of actions

What a step can do, and what is known of it beforehand. This page is written from `selfheal_rules/actions`
(`python -m tests.actions_page`); a test fails where the two differ. In Python it is
`selfheal_rules.execute.actions.CATALOGUE`.

An action the catalogue does not know is the site's own; it counts as destructive, and takes any value.

- **Risk.** `none` touches nothing, `low` may be done again or undone at no loss, `high` is destructive: it may take
  away what runs or is stored. What is destructive needs a limit, a confirmation and an outcome (SH343–SH345).
- **Once more.** A process may end while an action is being carried out, and then nobody knows what became of it. Only
  what asks for a state, or leaves a key or a mark, is called a second time; for the rest the confirmation decides.
- **Shown by.** The condition that shows that it worked, as `confirm` takes it; `{target}` is the step's target. Where
  there is none, no notification tells: a poller has to, or the rule's own `outcome`.
- **API.** The service and the lowest version of its API the action needs.
- **Role.** What the default policies of the service ask of the user where the target is another project's; `admin` may
  always.

"""


def page() -> str:
    """Give the page: a table of all, and a section for each."""
    rows = (f"| [`{one.name}`](#{_anchor(one.name)}) | {one.risk} | {one.doc} |" for one in CATALOGUE.values())
    table = "\n".join(["| Action | Risk | |", "|---|---|---|", *rows])
    services = groupby(CATALOGUE.values(), lambda one: one.name.partition(".")[0] if "." in one.name else "")
    parts = (f"## {name or 'Of the site'}\n\n" + "\n".join(map(_section, group)) for name, group in services)
    return f"{HEAD}{table}\n\n" + "\n".join(parts)


def _anchor(name: str) -> str:
    return name.replace(".", "")


def _section(action: ActionType) -> str:
    risk = f"{action.risk}, destructive" if action.is_destructive else action.risk
    told = (
        ("Target", action.target),
        ("Risk", risk),
        ("Needs", action.needs),
        ("Undone by", action.undo and f"`{action.undo}`"),
        ("Once more", f"A second call {AGAIN[action.again]}."),
        ("Shown by", action.confirm and f"`{action.confirm}`"),
        ("API", action.api),
        ("Role", action.api and f"`{action.role}`"),
        ("Its project", action.retired and f"ended on {action.retired}"),
    )
    lines = "\n".join(f"- {name}: {value}" for name, value in told if value)
    return f"### `{action.name}`\n\n{action.doc}\n\n{lines}\n{_params(action)}"


def _params(action: ActionType) -> str:
    rows = [_row(name, param) for name, param in action.params.items()]
    if action.others:
        rows.append(f"| any other | any | | {action.others} |")
    return "\n" + "\n".join(["| Value | Type | Needed | |", "|---|---|---|---|", *rows]) + "\n" if rows else ""


def _row(name: str, param: Param) -> str:
    return f"| `{name}` | {param.type} | {'yes' if param.required else ''} | {param.doc} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
