"""What a stage is: one guard, where it applies, and what it remembers."""

from collections.abc import Callable, Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeAlias

from attrs import frozen

from selfheal_rules.compile import plan
from selfheal_rules.compile.plan import Guarding
from selfheal_rules.decide.decision import Verdict
from selfheal_rules.decide.proposal import Proposal
from selfheal_rules.guard.ledger import Book, Ledger, What, act
from selfheal_rules.guard.view import View
from selfheal_rules.match.populations import Count

Judge: TypeAlias = Callable[[Proposal, Any, int], Verdict | None]
"""(proposal, what its guard goes by, now) → why not, or None; it changes nothing."""
SITE = "site"
"""Who has the guards of a policy."""
Reach: TypeAlias = Literal["every", "acting", "declared"]


@frozen(eq=False, repr=False)
class Desk:
    """
    What a guard is bound to: all that is remembered, the budgets that count for its step, and what may be seen.

    `action` is what the step does, `acting` whether that touches something, `shadow` whether it is not to be done;
    `actions` is all that was ever done, or may be.
    """

    ledger: Ledger
    book: Book
    view: View
    action: str
    acting: bool
    shadow: bool
    actions: tuple[str, ...] = ()

    def budget(self, guard: Guarding) -> What:
        """Give what a guard counts the step under: those of the site, by action, for policies choose among them."""
        return guard.key, self.action if guard.owner == SITE else ""

    def budgets(self, guard: Guarding) -> tuple[What, ...]:
        """Give all that a guard counts together."""
        if guard.owner != SITE:
            return ((guard.key, ""),)
        return tuple((guard.key, action) for action in self.actions if speaks(guard, action))


def speaks(guard: Guarding, action: str) -> bool:
    """Whether a guard of the site is for an action."""
    return any(fnmatchcase(action, glob) for glob in guard.actions)


def queue_of(guard: Guarding) -> str:
    """Give what tells a guard from others: those of the site by their actions as well."""
    return f"{guard.key} {','.join(guard.actions)}" if guard.owner == SITE else guard.key


class Phrase:
    """
    A Python expression over `proposal`, `now`, what its guard goes by (`{scope}`), and constants by their names.

    Phrases of all guards of a step become one function, so that what nearly always is so costs a look, and no call.
    """

    __slots__ = ("names", "text")

    def __init__(self, text: str, **names: object) -> None:
        """Take the text, and the constants in it."""
        self.text = text
        self.names = names


ALWAYS = Phrase("True")
NOTHING = Phrase("None")


def unless_counted(guard: Guarding, view: View, calm: str, **names: object) -> Phrase:
    """Say that a guard is asked unless the `count` of its population is known, and a text is true of it."""
    if guard.census is None:
        return ALWAYS
    place = "{scope}" if guard.census.by else "()"
    known = f"{{scope}} is not None and (count := {{counts}}.get({place}, {{nobody}})).total"
    fresh = "" if guard.fresh == plan.NEVER else "now - count.newest <= {fresh} and "
    names |= {"counts": view.population(guard).counts, "nobody": Count(), "fresh": guard.fresh}
    return Phrase(f"not ({known} and {fresh}{calm})", **names)


def held_in(tables: Iterable[Mapping[Any, Any]], name: str = "table") -> Phrase:
    """Say that what a guard goes by is in one of these; phrases that become one call theirs by different names."""
    return _over(tables, name, "{{scope}} in {{{0}}}", " or ")


def number_in(tables: Iterable[Mapping[Any, Any]]) -> Phrase:
    """Say how many there are under what a guard goes by, in all of these."""
    return _over(tables, "table", "len({{{0}}}.get({{scope}}, ()))", " + ")


def _over(tables: Iterable[Mapping[Any, Any]], name: str, text: str, word: str) -> Phrase:
    named = {f"{name}{number}": table for number, table in enumerate(tables)}
    return Phrase(word.join(text.format(name) for name in named), **named)


def counting(what: tuple[str, ...], desk: Desk) -> Phrase:
    """Note the time, among those of what a guard counts."""
    return Phrase("{times}.setdefault({scope}, []).append(now)", times=desk.book.times.setdefault(what, {}))


def acting_on(guard: Guarding, desk: Desk) -> Phrase:
    """Note the target, among those of what a guard goes by."""
    acts = desk.book.acts.setdefault(desk.budget(guard), {})
    return Phrase("{act}({acts}, {scope}, proposal.target, now)", act=act, acts=acts)


@frozen(eq=False, repr=False)
class Asked:
    """A guard bound to its settings: `judge` is asked where `when` is true; where it is not, it would say nothing."""

    judge: Judge
    when: Phrase = ALWAYS


@frozen(eq=False, repr=False)
class Stage:
    """
    One guard.

    `reach`: it judges every step, those that touch something (`acting`), or those a rule or the site has `declared` it
    for. `opens`: only the step an episode begins with; running episodes go on. `bind` binds it to its settings and a
    desk, once for a step of a rule: where it is only asked if declared, each of its settings by itself, with what this
    goes by; else all of them together, with a tuple of that. So are `charge`, which notes that all stages let a step
    through, `refused`, that this one did not, and `seen`, that it judges a step for the first time. `missing`: what is
    said where what a setting goes by is missing; where it is empty, the guard sees to that itself. `heeds`: whether a
    site's policy gives it anything to go by; where not, it is asked only where it is declared. `says`: what else its
    verdicts may be called. `forbids`: it is asked once more right before the act, since it holds in any mode, and for
    what was let through before.
    """

    name: str
    bind: Callable[[Any, Desk], Asked]
    reach: Reach = "declared"
    opens: bool = False
    charge: Callable[[Any, Desk], Phrase] | None = None
    refused: Callable[[Any, Desk], Phrase] | None = None
    seen: Callable[[Any, Desk], Phrase] | None = None
    missing: str = ""
    heeds: Callable[[View], bool] = lambda _: True
    says: str = ""
    forbids: bool = False
