"""Where a site's policy and rule sets meet: what it names is there, and what it lets act is fit to."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from fnmatch import fnmatchcase

from selfheal_rules.actions import CATALOGUE
from selfheal_rules.check.findings import at_text, at_word, dotted, error, listed, warning
from selfheal_rules.check.guards import lacking, population, share, typed
from selfheal_rules.check.leaves import duration
from selfheal_rules.check.protecting import unprotecting, waits
from selfheal_rules.check.walk import spans_of, steps_of
from selfheal_rules.diagnostics import Diagnostic, Report
from selfheal_rules.model import Conclude, Do, Pattern, RuleSet
from selfheal_rules.parse.findings import closest, did_you_mean, likely
from selfheal_rules.policy import DAYS, Autonomy, Calendar, Enforced, Policy, StandDown, Worked
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import Kind, Vocabulary


def check_policy(
    policy: Policy, vocabulary: Vocabulary, rulesets: Iterable[RuleSet] = (), revisions: Mapping[str, str] | None = None
) -> Report:
    """Hold a policy against the kinds it names and the rule sets it is for; `revisions` are their digests."""
    found = tuple(rulesets)
    return Report.of(
        (
            *_said(policy),
            *_graded(policy),
            *_named(policy, found),
            *_kinds(policy, vocabulary),
            *_topology(policy, vocabulary),
            *_concluded(policy, found),
            *_guards(policy, vocabulary),
            *unprotecting(policy, vocabulary),
            *_enforced(policy, found, revisions or {}),
        )
    )


def check_calendars(policy: Policy, now: datetime) -> Report:
    """Find the calendars of which nothing is left at an instant; who knows the time asks."""
    return Report.of(_over(policy, now))


def _over(policy: Policy, now: datetime) -> Iterator[Diagnostic]:
    for work in policy.maintenance:
        if isinstance(work, Calendar):
            last = _last(work)
            over = last + timedelta(days=work.end <= work.start)
            if now >= datetime.combine(over, work.end, work.zone).replace(fold=1):
                message = f"`{work.name}` is over since {last}, and holds nothing any more"
                cure = "say until when people work on it now, or take the entry out"
                yield warning("SH390", message, at_word(work.span, str(work.until)), cure)


def _last(work: Calendar) -> date:
    """Give the last day on which a window begins."""
    left = (work.until.toordinal() - back for back in range(min(len(DAYS), work.until.toordinal())))
    days = (date.fromordinal(day) for day in left)
    return next((day for day in days if DAYS[day.weekday()] in work.days), date.min)


# What it says


def _said(policy: Policy) -> Iterator[Diagnostic]:
    """Find what says nothing: no time at all, nobody, and a rule set of which two things are said."""
    for word, span, wait in waits(policy):
        if wait == timedelta():
            yield error("SH227", f"`{word}` is no time at all", at_word(span, word), "write a duration longer than 0")
    for word, span, text in _texts(policy):
        if not text.strip():
            yield error("SH111", f"`{word}` is empty", at_word(span, word), "say it")
    first: dict[str, Span] = {}
    for entry in policy.rulesets:
        if first.setdefault(entry.ruleset, entry.span) is not entry.span:
            message = f"rule set `{entry.ruleset}` stands twice, and only the first would count"
            yield error(
                "SH109", message, at_word(entry.span, entry.ruleset), "keep one of the two", first[entry.ruleset]
            )


def _texts(policy: Policy) -> Iterator[tuple[str, Span, str]]:
    for shield in policy.protected:
        yield "target", shield.span, shield.target
        yield "reason", shield.span, shield.reason
    for work in policy.maintenance:
        yield "owner", work.span, work.owner
        yield "reason", work.span, work.reason
    for observer in policy.observers:
        yield "source", observer.span, observer.source
    for span, actions in ((one.span, one.actions) for one in policy.autonomy):
        yield from (("action", span, action) for action in actions)
    for span, actions in ((one.guard.span, one.actions) for one in policy.guards):
        yield from (("action", span, action) for action in actions)


def _graded(policy: Policy) -> Iterator[Diagnostic]:
    """Find what is never asked: of the entries that fit an action the first counts."""
    for at, entry in enumerate(policy.autonomy):
        before = next((one for one in policy.autonomy[:at] if _covers(one, entry)), None)
        if before is not None:
            message = f"an entry before it says `{before.grade}` for all of this, and the first that fits counts"
            yield error("SH379", message, at_word(entry.span, "grade"), "put it before the other", before.span)
        if entry.grade != "approve" and entry.quorum > 1:
            message = f"nobody is asked where the grade is `{entry.grade}`, so `quorum` says nothing"
            yield error("SH380", message, at_word(entry.span, "quorum"), "write `grade: approve`, or leave it out")


def _covers(one: Autonomy, other: Autonomy) -> bool:
    globs = [glob for glob in one.actions if not {"?", "["} & set(glob)]  # of others, what they take is not plain
    return set(other.risks) <= set(one.risks) and all(
        any(fnmatchcase(action, glob) for glob in globs) for action in other.actions
    )


# What it names


def _named(policy: Policy, rulesets: tuple[RuleSet, ...]) -> Iterator[Diagnostic]:
    """Find the actions that nobody has: what is meant would go unguarded."""
    rules = [rule for ruleset in rulesets for rule in ruleset.rules]
    done = {step.action: None for rule in rules for step in steps_of(rule) if isinstance(step, Do)}
    said = [(one.actions, one.span) for one in policy.autonomy]
    said += [(one.actions, one.guard.span) for one in policy.guards]
    for actions, span in (*said, *((ranked, policy.span) for ranked in policy.conflicts)):
        for action in actions:
            if action in CATALOGUE or action in done or not action.strip() or {"*", "?", "["} & set(action):
                continue
            if rulesets or closest(action, CATALOGUE):
                message = f"the catalogue has no action `{action}`" + (", nor do these rules" if rulesets else "")
                meant = likely(action.strip().lower(), [*CATALOGUE, *done])
                tell = error if rulesets and meant else warning
                cure = f"did you mean `{meant}`?" if meant else did_you_mean(action, [*CATALOGUE, *done])
                yield tell("SH347", message, at_text(span, action), cure)


def _kinds(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for one in (*policy.maintenance, *policy.stand_down):
        if isinstance(one, Worked | StandDown):
            yield from _watched(one.pattern, one.target, vocabulary)
    for step in policy.topology:
        yield from _known(step.kind, "state", step.span, vocabulary)


def _known(name: str, form: str, span: Span, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    kind = vocabulary.kinds.get(name)
    if kind is None or kind.form != form:
        known = [one.name for one in vocabulary.kinds.values() if one.form == form]
        yield error("SH350", f"no vocabulary has the {form} `{name}`", at_word(span, name), did_you_mean(name, known))


def _watched(pattern: Pattern, target: str, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for name in pattern.kinds:
        yield from _known(name, pattern.form, pattern.span, vocabulary)
        kind = vocabulary.kinds.get(name)
        if kind is not None:
            for path in [(target,), *(leaf.path for leaf in pattern.where)]:
                yield from _field(path, kind, pattern.span)
            yield from _unsaid(pattern, kind)


def _unsaid(pattern: Pattern, kind: Kind) -> Iterator[Diagnostic]:
    """Find what a state need not say, and counts as if it said it: all things would be in somebody's hands."""
    asked = {leaf.path for leaf in pattern.where if leaf.operator in {"exists", "unread", "not"}}
    for leaf in pattern.where:
        if leaf.path not in asked and kind.type_at(leaf.path) and not kind.requires(leaf.path):
            name = dotted(leaf.path)
            message = f"`{name}` of `{kind.name}` may be missing, and what does not say it is left alone as well"
            cure = f"ask for it, `{name}: {{exists: true, starts_with: …}}`, unless that is meant"
            yield warning("SH381", message, leaf.span, cure, kind.span)


def _field(path: tuple[str, ...], kind: Kind, span: Span) -> Iterator[Diagnostic]:
    if kind.type_at(path) is None:
        name = ".".join(path)
        yield error(
            "SH351", f"`{kind.name}` has no field `{name}`", at_word(span, path[-1]), did_you_mean(name, kind.fields)
        )


def _topology(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    for step in policy.topology:
        kind = vocabulary.kinds.get(step.kind)
        if kind is None or kind.form != "state":
            continue
        if len(kind.key) != 1:
            message = f"`{kind.name}` is told apart by {listed(kind.key)}, and a thing in a topology by one name"
            yield error("SH352", message, at_word(step.span, step.kind), "name a state with one key field", kind.span)
        for name in step.within:
            yield from _field((name,), kind, step.span)


def _concluded(policy: Policy, rulesets: tuple[RuleSet, ...]) -> Iterator[Diagnostic]:
    """Find rules that say what a thing is in: what is protected, or limited by zone, would be theirs to say."""
    kinds = {step.kind for step in policy.topology}
    for rule in (rule for ruleset in rulesets for rule in ruleset.rules):
        for step in (*rule.then, *(rule.outcome.otherwise if rule.outcome else ())):
            if isinstance(step, Conclude) and step.kind in kinds:
                message = f"`{step.kind}` tells the site what a thing is in, and rule `{rule.id}` concludes it"
                cure = "let only sources say it, or conclude a kind of another name"
                yield error("SH358", message, at_word(step.span, step.kind), cure, policy.span)


def _guards(policy: Policy, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    known = {"target", *(name for step in policy.topology for name in step.within)}
    none = RuleSet(policy.name, (), vocabulary)
    for one in policy.guards:
        yield from share(one.guard, none)
        yield from typed(one.guard, none)
        for word, operand in spans_of(one.guard):
            yield from duration(word, operand, none)
        pattern = one.guard.settings.get("of")
        if pattern is not None:
            yield from (found for name in pattern.kinds for found in _known(name, "state", pattern.span, vocabulary))
            yield from population(one.guard, one.by, vocabulary)
            kinds = (vocabulary.kinds.get(name) for name in pattern.kinds)
            yield from (f for k in kinds if k for leaf in pattern.where for f in _field(leaf.path, k, pattern.span))
        for name in one.by:
            if name not in known:
                message = f"the topology does not say what `{name}` a thing is in"
                cure = did_you_mean(name, known) if known else "add it under `topology:`"
                yield error("SH353", message, at_word(one.guard.span, "by"), cure)


# What it lets act


def _enforced(policy: Policy, rulesets: tuple[RuleSet, ...], revisions: Mapping[str, str]) -> Iterator[Diagnostic]:
    known = [ruleset.name for ruleset in rulesets]
    for entry in policy.rulesets:
        if rulesets and entry.ruleset not in known:
            message = f"no rule set that runs is named `{entry.ruleset}`"
            yield warning("SH354", message, at_word(entry.span, entry.ruleset), did_you_mean(entry.ruleset, known))
    for ruleset in rulesets:
        entry = policy.of(ruleset.name)
        if entry.mode == "enforce":
            yield from _fit_to_act(policy, ruleset)
            yield from _proven(policy, entry, revisions.get(ruleset.name, ""))


def _fit_to_act(policy: Policy, ruleset: RuleSet) -> Iterator[Diagnostic]:
    limits = [glob for one in policy.guards if one.guard.name == "limit" for glob in one.actions]

    def limited(step: Do) -> bool:
        return any(fnmatchcase(step.action, glob) for glob in limits)

    for rule in ruleset.rules:
        yield from lacking(rule, lambda _: True, limited=limited)


def _proven(policy: Policy, entry: Enforced, revision: str) -> Iterator[Diagnostic]:
    place = entry.span if entry in policy.rulesets else policy.span
    if policy.require_backtest and not (entry.backtest and entry.revision):
        message = f"`{entry.ruleset}` may act only by a revision that was tried on what has happened"
        yield error(
            "SH355", message, place, f'add `revision: "{revision or "…"}"` and the hash of the report, `backtest:`'
        )
    pinned = any(one.revision for one in policy.rulesets)
    if pinned and not entry.revision:
        message = f"the policy names revisions, and none of `{entry.ruleset}`: anybody could have changed it"
        yield error("SH356", message, place, f'add `revision: "{revision or "…"}"`')
    elif entry.revision and revision and entry.revision != revision:
        message = f"`{entry.ruleset}` is revision {revision}, and not the one the policy lets act: it stays in shadow"
        yield warning("SH357", message, place, f'look at it, then write `revision: "{revision}"`')
