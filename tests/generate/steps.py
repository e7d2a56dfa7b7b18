"""Random rules: what conditions lead to, and the whole rule set."""

from functools import partial
from typing import Any

from tests.generate.conditions import condition
from tests.generate.rules import EVENTS, FIELDS, HOSTS, LEVELS, STATES, Bound, Json, Maker, dump

LAYERS = (("trouble", "echo"), ("storm", "boom"))
"""What rules conclude: a rule of a layer reads what was posted and what lower layers conclude."""


def written(maker: Maker) -> list[Json]:
    """Write rules: some that conclude, one above the other, and some that do."""
    rules: list[Json] = []
    for write in (*(_concluding,) * 3, *(_doing,) * 2, _watching):
        rules += maker.part(partial(write, maker, rules))
    return rules


def changed(maker: Maker, rules: list[Json]) -> list[Json]:
    """Give what takes the place of rules: most are kept, some written anew or gone, some are new."""
    others = {rule["id"]: rule for rule in written(maker)}
    found: list[Json] = []
    for rule in rules:
        fate = maker.pick(("kept", "kept", "kept", "anew", "gone"))
        found += {"kept": [rule], "anew": [others.get(rule["id"], rule)], "gone": []}[fate]
    found += [{**rule, "id": f"new-{name}"} for name, rule in others.items() if maker.yes(0.25)]
    return maker.sample(found, len(found)) if maker.yes(0.2) else found


def rulesets(maker: Maker, rules: list[Json]) -> tuple[str, ...]:
    """Write a file of rules, sometimes two."""
    if len(rules) > 1 and maker.yes(0.2):
        maker.note("two rule sets")
        return dump("generated", rules[:-1]), dump("second", rules[-1:], "2s")
    return (dump("generated", rules),)


def _concluding(maker: Maker, before: list[Json]) -> list[Json]:
    layer = maker.pick((None, None, None, None, 0, 0, 1))
    if layer is None:
        return []
    known = [rule["then"][0]["conclude"] for rule in before]
    layer = max([layer, *(at for at, kinds in enumerate(LAYERS) if set(known) & set(kinds))])
    _reads(maker, [kind for kind in known if kind in LAYERS[0]] if layer else [])
    return [concluding(maker, f"think{len(before)}", layer)]


def _doing(maker: Maker, before: list[Json]) -> list[Json]:
    done = sum(rule["id"].startswith("act") for rule in before)
    if done and not maker.yes(0.35):
        return []
    _reads(maker, [kind for rule in before if (kind := rule["then"][0].get("conclude", "mark")) != "mark"])
    return [doing(maker, f"act{done}")]


def _watching(maker: Maker, before: list[Json]) -> list[Json]:
    if not maker.yes(0.4):
        return []
    _reads(maker, [])
    marks = any(step.get("conclude") == "mark" for rule in before for step in rule["then"])
    return [watching(maker, marks=marks)]


def _reads(maker: Maker, concluded: list[str]) -> None:
    """Say which kinds the next rule may read: what is concluded more often than what is posted."""
    more = [kind for kind in dict.fromkeys(concluded) for _ in range(4)]
    maker.events = [*EVENTS, *(kind for kind in more if kind in {"echo", "boom"})]
    maker.states = [*STATES, *(kind for kind in more if kind in {"trouble", "storm"})]


def _when(maker: Maker, name: str) -> tuple[Json, list[Bound]]:
    """Write a condition that binds a host."""
    while True:
        maker.rule, maker.aliases = name, 0
        maker.forms[name] = set()
        when, known = condition(maker)
        if _hosts(known):
            return when, known


def _hosts(known: list[Bound]) -> list[str]:
    return [f"${one.alias}.host" for one in known if "host" in one.fields]


def concluding(maker: Maker, name: str, layer: int) -> Json:
    """Write a rule that concludes a state or an event, or that clears a state."""
    when, known = _when(maker, name)
    kind = maker.pick(LAYERS[layer][:1] * 2 + LAYERS[layer])
    step: Json = {"conclude": kind, "with": {"host": maker.pick(_hosts(known))}}
    for extra in FIELDS[kind]:
        if extra != "host" and maker.yes(0.6):
            step["with"][extra] = _said(maker, extra, known)
    maker.note(f"conclude {'event' if kind in {'echo', 'boom'} else 'state'}")
    if kind in {"trouble", "storm"}:
        _lasting(maker, step)
    rule: Json = {"id": name, "when": when, "then": [step]}
    if maker.yes(0.4):
        rule["priority"] = maker.between(-1, 2)
        maker.note("priority")
    return rule


def _lasting(maker: Maker, step: Json) -> None:
    if maker.yes(0.2):
        step["cleared"] = True
        step["with"] = {"host": step["with"]["host"]}
        maker.note("cleared")
    else:
        step["ttl"] = maker.span(1, 8)
        maker.note("ttl")


def _said(maker: Maker, name: str, known: list[Bound]) -> Any:  # noqa: ANN401 - a value of any type
    values: tuple[Any, ...] = {"level": LEVELS, "n": (0, 1, 2), "note": ("disk full", "fan")}[name]
    given = [f"${one.alias}.{name}" for one in known if name in one.fields and not one.counted]
    return maker.pick(given) if given and maker.yes(0.6) else maker.pick(values)


def doing(maker: Maker, name: str) -> Json:
    """Write a rule with steps, their confirmation and an outcome."""
    when, known = _when(maker, name)
    target = maker.pick(_hosts(known))
    steps = maker.several((1, 1, 2, 3), lambda number: _do(maker, number, target, known))
    if maker.yes(0.25):
        steps.insert(maker.between(0, len(steps)), _mark(maker, target, known))
    _link_steps(maker, steps)
    rule: Json = {"id": name, "when": when, "then": steps}
    if maker.yes(0.3):
        numbers = [f"${one.alias}.n" for one in known if "n" in one.fields and not one.counted]
        rule["key"] = [target, *([maker.pick(numbers)] if numbers and maker.yes(0.4) else [])]
        maker.note("key" if len(rule["key"]) == 1 else "key of two")
    if maker.yes(0.3):
        rule["priority"] = maker.between(-1, 2)
        maker.note("priority")
    if maker.yes(0.3):
        rule["outcome"] = _outcome(maker, target, known)
    notes = [f"${one.alias}.note" for one in known if "note" in one.fields and not one.counted]
    plain = [step for step in steps if "do" in step and "confirm" not in step]
    if notes and plain and maker.yes(0.1):
        rule["key"] = [target, maker.pick(notes)]
        plain[0]["target"] = rule["key"][1]
        maker.note("target that may be missing")
    return rule


def _do(maker: Maker, number: int, target: str, known: list[Bound]) -> Json:
    action = maker.pick(("fence", "restart", "notify", "noop"))
    step: Json = {"do": action, "target": target}
    maker.note("do harmless" if action in {"notify", "noop"} else "do destructive")
    if maker.yes(0.3):
        step["with"] = {"why": _said(maker, "note", known), "text": f"step {number} of ${{{target[1:]}}}"}
        maker.note("with")
    if maker.yes(0.4):
        step["confirm"] = _confirm(maker, target)
        if maker.yes(0.3):
            step["timeout"] = maker.span()
            maker.note("timeout")
        if maker.yes(0.4):
            step["retry"] = {"times": maker.between(1, 2), "backoff": maker.span(1, 3)}
            maker.note("retry")
            if maker.yes(0.5):
                step["retry"]["cap"] = maker.span(1, 3)
    return step


def _confirm(maker: Maker, target: str) -> Json:
    form = maker.pick(("event", "state"))
    kind = maker.pick(EVENTS if form == "event" else STATES[:1])
    found: Json = {form: kind, "where": {"host": target}}
    maker.note(f"confirm by {form}")
    if maker.yes(0.6):
        found["where"]["level"] = maker.pick(LEVELS)
    if form == "state" and maker.yes(0.3):
        found["for"] = maker.span(1, 3)
    if maker.yes(0.85):
        found["within"] = maker.span(1, 6)
    return found


def _mark(maker: Maker, target: str, known: list[Bound]) -> Json:
    maker.note("conclude in an episode")
    if maker.yes(0.2):
        return {"conclude": "mark", "with": {"host": target}, "cleared": True}
    return {"conclude": "mark", "with": {"host": target, "note": _said(maker, "note", known)}, "ttl": maker.span()}


def _link_steps(maker: Maker, steps: list[Json]) -> None:
    for number, step in enumerate(steps):
        step["id"] = f"s{number}"
        if number and maker.yes(0.3):
            step["after"] = maker.sample([f"s{at}" for at in range(number)], maker.between(0, 1))
            maker.note("after")
    if len(steps) == 1 and maker.yes(0.5):
        del steps[0]["id"]


def _outcome(maker: Maker, target: str, known: list[Bound]) -> Json:
    maker.note("outcome")
    kind = maker.pick(("node", "disk"))
    level = {"at_most": maker.pick(LEVELS[:2])}
    healthy: Json = {"none": [{"state": kind, "where": {"host": target, "level": {"more_than": "low"}}}]}
    if maker.yes(0.5):
        healthy = {"all": [{"state": kind, "where": {"host": target, "level": level}}]}
    span = maker.between(2, 8)
    if maker.yes(0.2):
        maker.note("healthy by event")
        healthy = {"all": [{"event": "beat", "where": {"host": target}}]}
    elif maker.yes(0.4):
        healthy["for"] = f"{maker.between(1, span - 1)}s"
        maker.note("healthy for")
    found: Json = {"healthy": healthy, "within": f"{span}s"}
    if maker.yes(0.7):
        found["else"] = maker.several((1, 1, 2), lambda number: _do(maker, number, target, known))
        maker.note("else")
    return found


def watching(maker: Maker, *, marks: bool) -> Json:
    """Write a rule over the engine's own acts."""
    maker.rule = "watch"
    host = maker.pick(HOSTS)
    target = {"target": host}
    choices: tuple[tuple[str, Json], ...] = (
        ("selfheal.decision", {"all": [{"as": "d", "event": "selfheal.decision", "where": {"rule": "act0"}}]}),
        ("selfheal.outcome", {"all": [{"as": "d", "event": "selfheal.outcome", "where": {"status": "failed"}}]}),
        (
            "selfheal.episode",
            {
                "all": [
                    {
                        "as": "d",
                        "state": "selfheal.episode",
                        "where": {
                            "rule": "act0",
                            "status": maker.pick(("open", "escalated", "healed", "closed", "closed")),
                        },
                    }
                ]
            },
        ),
    )
    kind, when = maker.pick(choices)
    if marks and maker.yes(0.5):
        kind, when = "mark", {"all": [{"as": "d", "state": "mark"}]}
    maker.forms["watch"] = set()
    maker.note(kind)
    if maker.yes(0.2) and kind != "mark":
        when["all"][0]["where"] |= target
    said = {"note": "$d.note"} if kind == "mark" else {"status": "$d.status"}
    step = {"do": "notify", "target": host, "with": said, "id": "told"}
    return {"id": "watch", "when": when, "then": [step]}
