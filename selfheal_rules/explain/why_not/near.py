"""What is said of the first thing that failed."""

from datetime import datetime, timedelta

from attrs import frozen

from selfheal_rules.decide.decision import Decision
from selfheal_rules.explain.why_not.answer import Line
from selfheal_rules.explain.why_not.constraints import Constraint


@frozen(eq=False, repr=False)
class Near:
    """What is said of the first thing that failed."""

    failed: str
    text: str
    miss: timedelta | float | None = None
    counterfactual: str = ""
    time: datetime | None = None
    item: str = ""
    below: tuple[Line, ...] = ()
    match: Decision | None = None
    """The match that came nearest, where it is not the latest."""
    at: Constraint | None = None
    """What is to blame, where that is not what failed when it was added."""
