"""Write `docs/gap-analysis.md` from the shipped rule sets: `python -m tests.gaps_page`."""

from pathlib import Path

from attrs import evolve

from selfheal_rules.source import NOWHERE
from selfheal_rules.survey.gap import Gaps
from selfheal_rules.survey.gaps import find_gaps
from selfheal_rules.survey.sections import of_gaps
from tests.markdown import written
from tests.shipped import known, shipped

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gap-analysis.md"

HEAD = """\
# Gap analysis

What the rule sets that ship do not handle. This page is what `selfheal gaps rulesets` finds, written by `python -m
tests.gaps_page`; a test fails where the two differ. `selfheal gaps RULES --cloud FILE --journal FILE` says the same
of a site's own rule sets, its cloud and its record, and with it what cannot be seen or done there and what went
unhandled; [cli.md](cli.md) has the command.

The table of faults (`selfheal_rules/survey/faults.yaml`) is a rule set itself: every kind and value of the
vocabulary by which some service says that it failed. It *may be acted on* where one item may be the fault and part of
why a rule does something in the end, be it by way of conclusions; *only told* where people are told. That does not
say that the rule fires by this alone: it may wait for a second witness, and much may hold it back. An alarm that a
rule asks for by its name is some of the alarms, and stands by itself. *Not handled* is what no rule reads.

## What it means for the SIG

- **What is missing is rules, not code.** Nearly all of what is not handled is told by a notification already; what
  nothing tells (a dead nova-compute, an agent, a load balancer) needs a poller, and that is a line of
  configuration.
- **The SIG's use cases begin with hosts, servers and pools.** It collected five, and none begins with a volume, or
  with a scheduler that finds no host. Both are told by name; the rows of storage and capacity say how far rules go
  there.
- **Who heals is to be watched, too.** A recovery of Masakari's that failed and a poller that has gone stale are
  faults as well (the class *healing*). A site that heals by itself should at least be told of them.
- **A kind that no rule reads is no fault of a rule set.** The list at the end is what one can still write rules
  about.

"""


def survey() -> Gaps:
    """Find the gaps of the shipped rule sets, without the places they stand in: a line moves too easily."""
    found = find_gaps(shipped(), known())
    return evolve(found, gaps=tuple(evolve(gap, span=NOWHERE) for gap in found.gaps))


def page() -> str:
    """Give the page."""
    found = survey()
    count = f"{len(found.rulesets)} rule sets with {found.rules} rules: {', '.join(found.rulesets)}.\n\n"
    return HEAD + count + written(of_gaps(found))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
