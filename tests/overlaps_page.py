"""Write `docs/overlap-analysis.md` from the shipped rule sets: `python -m tests.overlaps_page`."""

from pathlib import Path

from selfheal_rules.survey.overlap import Overlaps
from selfheal_rules.survey.overlaps import find_overlaps
from selfheal_rules.survey.sections import of_overlaps
from tests.markdown import written
from tests.shipped import shipped

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "overlap-analysis.md"

HEAD = """\
# Overlap analysis

Who acts on one target because of one item: the rule sets that ship, among each other and beside other healers. This
page is what `selfheal overlaps rulesets` finds, written by `python -m tests.overlaps_page`; a test fails where the
two differ.

Each pair is proved: the command shows a stream, one CloudEvents object a line, that makes both decide, and an
engine over all of them has confirmed it, also as it is where a site enforces and a step takes a minute (`selfheal
overlaps rulesets --format json` prints the streams). Pairs of which no stream shows it, as one of the two counts
states, reckons, or rests on what the engine does itself, stand below by themselves, with what to look at. Where what
is done to one thing reaches what is on it, the two act for reasons of their own; so do those that do the same or the
opposite to one target for different items, which are listed apart. What is not told of is not shown to be none.

Other healers are a table (`selfheal_rules/survey/healers`), each a rule set that says what triggers it and what it
does, with its switch, the marks by which it is recognised, and where that is written. The marks ship as a policy,
`examples/other-healers.yaml`: with them every rule stands down while the other is at work, and says for whom.

## What it means for the SIG

- **Every project heals, and none knows of the others.** Masakari, Pacemaker and InstanceHA each evacuate a host
  that died, Heat's alarms and Octavia's health manager each replace what a pool lost. The only protocol between
  them is the reason for which a service is disabled, the lock of a server and a stack in progress; here these are
  read.
- **Who yields is a matter of what a healer can.** Masakari evacuates well and does not fence: so the rules fence
  and hand over (`rulesets/masakari-hand-over`). Aodh acts on each alarm and counts nothing: so it tells, and rules
  act. Watcher can wait. Octavia and Neutron know their own best.
- **Rule sets overlap, too.** Two that are each right alone can fence and reboot around each other. What is found is
  cured by a line, an `unless` or an order in the policy, and the command says which.

"""


def survey() -> Overlaps:
    """Find the overlaps of the shipped rule sets, with all healers that are known."""
    return find_overlaps(shipped())


def page() -> str:
    """Give the page."""
    found = survey()
    return f"{HEAD}{len(found.rulesets)} rule sets with {found.rules} rules.\n\n{written(of_overlaps(found))}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
