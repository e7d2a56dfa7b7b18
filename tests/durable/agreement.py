"""Play one case to the reference, the native engine and the one on durable-rules, and find the first difference."""

from selfheal_rules.engine import Engine
from tests.compare import Rules
from tests.engines import Native, durable, native, oracle
from tests.generate.cases import Case


def first_difference(case: Case, rules: Rules) -> str:
    """Say where the three first differ: in what they decide and show, or in when they want to be called again."""
    drivers = [make(*rules, max_age=case.max_age, max_ahead=case.max_ahead) for make in (oracle, native, durable)]
    for number, item in enumerate(case.items):
        reference, first, second = (driver.take(item) for driver in drivers)
        deadlines = [driver.engine.next_deadline() for driver in drivers if isinstance(driver, Native)]
        if not reference == first == second or deadlines[0] != deadlines[1]:
            told = f"reference {reference}\n  native    {first}\n  durable   {second}"
            return f"input {number}: {item}\n  {told}\n  deadlines {deadlines}"
    return ""


def swapping_changes_nothing(case: Case, rules: Rules) -> str:
    """Restore before every input under the other matcher: the engine goes on as one that was never stopped."""
    plain = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    swapped = native(*rules, max_age=case.max_age, max_ahead=case.max_ahead)
    for number, item in enumerate(case.items):
        engine = swapped.engine
        other = "durable" if engine.matcher.name == "native" else "native"
        swapped = Native(Engine.restore(engine.program, engine.snapshot(), other), swapped.decisions)
        expected, actual = plain.take(item), swapped.take(item)
        if expected != actual:
            return f"input {number}, under {other}: {item}\n  native  {expected}\n  swapped {actual}"
    return ""
