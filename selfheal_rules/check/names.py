"""Whether every name is known, stands once where it must, and may be used where it is."""

from collections.abc import Iterable, Iterator, Mapping

from selfheal_rules.check.alternatives import Names, Path, Placed, Scope
from selfheal_rules.check.findings import at_word, dotted, error, listed
from selfheal_rules.check.subject import RuleView, Subject
from selfheal_rules.check.walk import leaves_of, names_in, names_of, step_names
from selfheal_rules.diagnostics import Diagnostic
from selfheal_rules.model import Conclude, Do, Parameter, Pattern, Reference, Step
from selfheal_rules.parse.findings import did_you_mean
from selfheal_rules.source import Span
from selfheal_rules.vocabulary import ATTRIBUTES, Kind, Vocabulary


def duplicates(subject: Subject) -> Iterator[Diagnostic]:
    """Rules have different ids; the patterns of one match and the steps of one rule different names."""
    yield from _repeated("SH200", "rule", ((view.rule.id, view.rule.span) for view in subject.rules))
    for view in subject.rules:
        yield from _repeated("SH202", "step", ((step.id, step.span) for step in view.steps if step.id))
        for scope in view.scopes:
            yield from _repeated_aliases(scope)


def _repeated(code: str, what: str, named: Iterable[tuple[str, Span]]) -> Iterator[Diagnostic]:
    first: dict[str, Span] = {}
    for name, span in named:
        if name in first:
            yield error(code, f"{what} `{name}` stands twice", at_word(span, name), "take another name", first[name])
        first.setdefault(name, span)


def _repeated_aliases(scope: Scope) -> Iterator[Diagnostic]:
    seen = {alias: found[0].pattern for alias, found in scope.given.items()}
    for placed in scope.alternative.placed:
        pattern = placed.pattern
        other = seen.setdefault(pattern.alias, pattern)
        if other is not pattern and not pattern.alias.startswith("#"):
            message = f"`{pattern.alias}` names two patterns of one match"
            yield error("SH201", message, at_word(pattern.span, pattern.alias), "take another name", other.span)


def kinds(subject: Subject) -> Iterator[Diagnostic]:
    """Every kind is in the vocabulary, and is an event where an event is named and a state where a state is."""
    for view in subject.rules:
        for pattern in view.patterns:
            for name in pattern.kinds:
                yield from _kind(subject, name, pattern)
        for step in view.steps:
            if isinstance(step, Conclude) and _is_unknown(step.kind, subject):
                yield unknown_kind(subject.vocabulary, step.kind, step.span, ("event", "state"))


def _kind(subject: Subject, name: str, pattern: Pattern) -> Iterator[Diagnostic]:
    kind = subject.kind(name)
    if _is_unknown(name, subject):
        yield unknown_kind(subject.vocabulary, name, pattern.span, (pattern.form,))
    elif kind and kind.form != pattern.form:
        article = "an" if kind.form == "event" else "a"
        message = f"`{name}` is {article} {kind.form}, and `{pattern.form}:` names it"
        yield error("SH204", message, at_word(pattern.span, name), f"write `{kind.form}: {name}`", kind.span)


def _is_unknown(name: str, subject: Subject) -> bool:
    """Whether a kind is nowhere declared; one without a name could not be read."""
    return bool(name) and subject.kind(name) is None and not subject.ruleset.may_declare(name)


def unknown_kind(vocabulary: Vocabulary, name: str, span: Span, forms: tuple[str, ...]) -> Diagnostic:
    """Say that no vocabulary has a kind, and which one may be meant."""
    known = [kind.name for kind in vocabulary.kinds.values() if kind.form in forms]
    cure = did_you_mean(name, known)
    if not cure.startswith("did"):
        cure = "declare it under `events:` or `states:`, or name the vocabulary that has it"
    return error("SH203", f"no vocabulary has the kind `{name}`", at_word(span, name), cure)


def references(subject: Subject) -> Iterator[Diagnostic]:
    """Every `$alias.field` names a pattern bound wherever it is used, and a field that pattern has."""
    for view in subject.rules:
        for scope in (*view.scopes, *view.guarded):
            for reference in _used_in(scope):
                yield from _missing(reference, scope.names, view, subject.vocabulary)
        for reference in _used_in_steps(view):
            yield from _missing(reference, view.names, view, subject.vocabulary)


def _used_in(scope: Scope) -> Iterator[Reference]:
    alternative = scope.alternative
    terms = [formula.term for formula in alternative.formulas]
    for placed in alternative.placed:
        terms += [placed.pattern.pick.term] if placed.pattern.pick else []
        yield from _references(leaf.operand for leaf in leaves_of(placed.pattern))
    yield from _references(terms)
    yield from (ref for group in alternative.groups for same in group.same for ref in same.pair or ())


def _references(values: Iterable[object]) -> Iterator[Reference]:
    return (name for value in values for name in names_in(value) if isinstance(name, Reference))


def _used_in_steps(view: RuleView) -> Iterator[Reference]:
    yield from view.rule.key or ()
    for step in view.steps:
        yield from (name for name in step_names(step) if isinstance(name, Reference))
    for guard in view.rule.guard:
        yield from _references(guard.settings.values())


def _missing(reference: Reference, names: Names, view: RuleView, vocabulary: Vocabulary) -> Iterator[Diagnostic]:
    found = names.get(reference.alias)
    if found is None:
        if not view.rule.nameless:
            yield _unbound(reference, names, view)
        return
    for placed in found:
        if placed.type_at(reference.path, vocabulary) is None and _is_known(placed, vocabulary):
            yield missing_field(reference.path, placed, reference.span, vocabulary, str(reference))
            return
    known = [placed for placed in found if _is_known(placed, vocabulary)]
    types = dict.fromkeys(str(placed.type_at(reference.path, vocabulary)) for placed in known)
    if len(types) > 1:
        message = f"`{reference}` has another type in each branch of `any`: {'; '.join(types)}"
        yield error("SH208", message, reference.span, "give the branches' patterns different names")


def _is_known(placed: Placed, vocabulary: Vocabulary) -> bool:
    pattern = placed.pattern
    return not pattern.unsure and bool(pattern.kinds) and all(name in vocabulary.kinds for name in pattern.kinds)


def _unbound(reference: Reference, names: Names, view: RuleView) -> Diagnostic:
    alias, span = reference.alias, at_word(reference.span, reference.alias)
    if any(alias == one.pattern.alias for scope in view.when for one in scope.alternative.placed):
        cure = f"name a pattern `{alias}` in every branch, or use it inside its own"
        return error("SH208", f"`{alias}` is not bound in every branch of `any`", span, cure)
    inner = next((pattern for pattern in view.patterns if pattern.alias == alias), None)
    if inner is not None:
        message = f"`{alias}` is bound inside a negative or a later condition and is not known here"
        return error("SH209", message, span, "bind the value in `when`, outside `none` and `unless`", inner.span)
    known = [name for name in names if not name.startswith("#")]
    return error("SH207", f"no pattern is named `{alias}`", span, did_you_mean(alias, known) or "name it with `as:`")


def missing_field(path: Path, placed: Placed, span: Span, vocabulary: Vocabulary, shown: str = "") -> Diagnostic:
    """Say why a pattern has no such field: no kind has it, not all of them share it, or it was counted away."""
    name, pattern = dotted(path), placed.pattern
    place = at_word(span, path[-1]) if path else span
    known = [kind for one in pattern.kinds if (kind := vocabulary.kinds.get(one))]
    lacking = [kind for kind in known if not path or kind.type_at(path) is None]
    hiding = next((kind for kind in known if path and path[0] in kind.secrets), None)
    if hiding is not None:
        return secret_field(path[0], hiding, place)
    if len(lacking) == len(known) > 0:
        cure = did_you_mean(name, (*lacking[0].fields, *ATTRIBUTES))
        return error("SH205", f"`{lacking[0].name}` has no field `{name}`", place, cure, lacking[0].span)
    if placed.is_counted and shown:
        fields = (*(dotted(one) for one in placed.group_fields()), "count" if pattern.count else "value")
        message = f"`{shown}`: a counted pattern has only the fields {listed(fields)}"
        return error("SH206", message, place, f"add `{name}` to `by`")
    kinds_shown = listed(tuple(kind.name for kind in known))
    return error("SH206", f"`{name}` is not shared by {kinds_shown} with one type", place, "ask for each kind apart")


def secret_field(name: str, kind: Kind, place: Span) -> Diagnostic:
    """Say that a field is taken out before any rule could see it."""
    message = f"`{name}` of `{kind.name}` is secret, and taken out before any rule sees it"
    return error("SH205", message, place, "take a field that is not", kind.span)


def parameters(subject: Subject) -> Iterator[Diagnostic]:
    """Every `$params.name` is declared."""
    declared = subject.ruleset.params
    for view in subject.rules:
        for name in names_of(view.rule):
            if isinstance(name, Parameter) and name.name not in declared and not subject.ruleset.may_declare(str(name)):
                cure = did_you_mean(name.name, declared)
                cure = cure if cure.startswith("did") else "declare it under `params:`"
                yield error("SH210", f"no parameter is named `{name.name}`", name.span, cure)


def order(subject: Subject) -> Iterator[Diagnostic]:
    """Every id in `after` is that of a step beside it, and no step waits for itself."""
    for view in subject.rules:
        for steps in (view.rule.then, view.rule.outcome.otherwise if view.rule.outcome else ()):
            yield from _order(steps)


def _order(steps: tuple[Step, ...]) -> Iterator[Diagnostic]:
    known = {step.id: step for step in steps if step.id}
    for step in steps:
        for name in step.after or ():
            if name not in known:
                cure = did_you_mean(name, known) or "give the step an `id`"
                yield error("SH211", f"no step beside this one has the id `{name}`", at_word(step.span, name), cure)
    waits = {id(step): _awaited(at, steps, known) for at, step in enumerate(steps)}
    for step in steps:
        if _waits_for_itself(step, waits):
            shown = step.id or (step.action if isinstance(step, Do) else step.kind)
            place = at_word(step.span, "after")
            yield error("SH319", f"step `{shown}` waits for itself", place, "let `after` name steps that come before")


def _awaited(at: int, steps: tuple[Step, ...], known: Mapping[str, Step]) -> tuple[Step, ...]:
    after = steps[at].after
    if after is None:
        return steps[at - 1 : at] if at else ()
    return tuple(known[name] for name in after if name in known)


def _waits_for_itself(step: Step, waits: Mapping[int, tuple[Step, ...]]) -> bool:
    seen: set[int] = set()
    ahead = list(waits[id(step)])
    while ahead:
        other = ahead.pop()
        if other is step:
            return step.after is not None
        if id(other) not in seen:
            seen.add(id(other))
            ahead += waits[id(other)]
    return False
