"""
Posting decisions to addresses of the site's (`webhook`), each by the name under which the site keeps it.

What is posted is the line of `Recording`: the decision, its key and the token of who asks. The receiver has to know a
key it has seen, for a process that ended in the midst of a call posts it again.
"""

import json
from collections.abc import Mapping

from attrs import frozen

from selfheal_rules.decide.decision import Outcome
from selfheal_rules.execute.executor import Clock, time_of_day
from selfheal_rules.execute.order import Order
from selfheal_rules.execute.posting import Address, UnansweredError, post


@frozen
class Webhook:
    """Carries out `webhook` by the addresses of a site; a rule can name one of them, and bring none."""

    endpoints: Mapping[str, Address]
    dry: bool = False
    clock: Clock = time_of_day

    actions = ("webhook",)
    idempotent = True

    def execute(self, decision: Order) -> Outcome:
        """
        Post a decision; a dry run says what it would post.

        Raises:
            ExecutorError: where it was not taken, with whether a retry can help.
        """
        name = str(decision.params["endpoint"])
        address = self.endpoints.get(name)
        if address is None:
            return Outcome.of(decision, "refused", self.clock(), f"the site has no endpoint `{name}`")
        body, headers = decision.written(), {"Idempotency-Key": decision.idempotency_key}
        if self.dry:
            said = "".join(f"{word}: {value} " for word, value in headers.items())
            return Outcome.of(decision, "dry_run", self.clock(), f"POST {address} {said}{json.dumps(body)}")
        try:
            post(address, body, headers)
        except UnansweredError as sent:
            return Outcome.of(decision, "unconfirmed", self.clock(), f"{address} gave no answer: {sent}")
        return Outcome.of(decision, "done", self.clock(), f"{address} took it")
