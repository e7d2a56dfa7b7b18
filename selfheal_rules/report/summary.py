"""What somebody who was woken up wants to know first."""

from collections import Counter
from typing import Any

from selfheal_rules.report.history import History
from selfheal_rules.report.rows import Row, said

NEEDS = ("quarantined", "escalated", "stale", "unconfirmed", "failed", "approval", "held")
"""Why a person should look, the worst first."""

_STOPPING = frozenset({"held", "needs_approval", "suppressed", "rejected"})
_OVER = frozenset({"healed", "escalated", "stale", "quarantined"})


def summary(history: History) -> Row:
    """Give the counts at the head of a page; each decision that needs somebody is marked with why."""
    episodes, decisions = history.episodes.values(), history.decisions
    return {
        "needs": _needs(history),
        "stopped": _stops(history),
        "episodes": Counter(row["turns"][-1][0] for row in episodes),
        "verdicts": Counter(row["verdict"] for row in decisions),
        "stops": _stopping(decisions),
        "healing": healing(list(episodes)),
    }


def healing(episodes: list[Row]) -> Row:
    """Give how many episodes that had to be healed were, and how long it took them, on average and at most."""
    over = [row for row in episodes if row["turns"][-1][0] in _OVER]
    took = [row["turns"][-1][1] - row["opened"] for row in over if row["turns"][-1][0] == "healed"]
    mean = sum(took) // len(took) if took else None
    return said({"over": len(over), "healed": len(took), "mean": mean, "longest": max(took, default=None)})


def _needs(history: History) -> Counter[str]:
    found: Counter[str] = Counter()
    last = {row["episode"]: row["number"] for row in history.decisions}
    for row in history.decisions:
        why = _need(history, row, is_last=last[row["episode"]] == row["number"])
        if why:
            row["needs"] = why
            found[why] += 1
    return Counter({name: found[name] for name in NEEDS if found[name]})


def _need(history: History, row: Row, *, is_last: bool) -> str:
    """Say why somebody should look at a decision; of an episode that ended badly, at the last one."""
    state = history.state_of(row)
    if state in {"escalated", "stale", "quarantined"}:
        return state if is_last else ""
    if state == "healed" or not history.is_latest(row):
        return ""
    outcome: dict[str, Any] = (row.get("outcomes") or [{}])[-1]
    if outcome.get("status") in {"unconfirmed", "failed"}:
        return str(outcome["status"])  # also where the episode is closed: without `confirm` nobody waits for it
    return {"needs_approval": "approval", "held": "held"}.get(row["verdict"], "") if state != "closed" else ""


def _stopping(decisions: list[Row]) -> list[Row]:
    """Give what stopped decisions: the guard, how often, on how many targets, and what it said last."""
    found: dict[tuple[str, str], Row] = {}
    targets: dict[tuple[str, str], dict[str, None]] = {}
    for row in decisions:
        if row["verdict"] in _STOPPING:
            name = row["guard"], row["verdict"]
            count = found.get(name, {"count": 0})["count"] + 1
            found[name] = {"guard": name[0], "verdict": name[1], "count": count, "reason": row["reason"]}
            targets.setdefault(name, {})[row.get("target", "")] = None
    rows = [{**row, "targets": len(targets[name])} for name, row in found.items()]
    return sorted(rows, key=lambda row: (-row["count"], row["guard"], row["verdict"]))


def _stops(history: History) -> list[Row]:
    """Give what people stopped and did not let go on again, and the policy's own switch."""
    stops: dict[str, Row] = {}
    for row in history.controls:
        if row["act"] in {"kill", "pause"}:
            stops[row.get("subject", "")] = row
        elif row["act"] == "resume":
            stops.pop(row.get("subject", ""), None)
    if history.stopped and "" not in stops:
        stops[""] = {"act": "kill", "who": "policy", "why": history.stopped}
    return list(stops.values())
