"""Write `examples/other-healers.yaml` from the table of other healers: `python -m tests.healers_page`."""

from pathlib import Path

from selfheal_rules.survey.overlaps import markers
from selfheal_rules.survey.shipped import healers

FILE = Path(__file__).parents[1] / "examples" / "other-healers.yaml"

HEAD = """\
# yaml-language-server: $schema=../selfheal_rules/schemas/policy.json
# Written from selfheal_rules/survey/healers by `python -m tests.healers_page`; a test fails where the two differ.
# Take into your own policy what stands below the healers you have: while their marks are there, rules stand down.
selfheal_policy: 1
policy: other-healers
stand_down:
"""


def text() -> str:
    """Give the file: under the name of each healer that leaves marks what a policy takes."""
    found = HEAD
    for name, rules in healers().items():
        own = markers(rules)
        found += "".join([f"  # {name}: {rules.description}\n", *(f"  - {one}\n" for one in own)]) if own else ""
    return found


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
