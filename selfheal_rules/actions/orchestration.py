"""Actions that hand the work to another service: Heat, Mistral, Aodh, Zaqar, Watcher."""

from selfheal_rules.actions.entry import ActionType, flag, params, span, text, word

STACK = "a stack, by its UUID or name"

_STACK = "{{event: stack.action, where: {{stack: {{target}}, action: {0}, phase: end}}, within: 30m}}"

ACTIONS = (
    ActionType(
        "orchestration.mark_unhealthy", "high", "Have Heat replace a resource with the next update of its stack.",
        target="a resource of a stack, by its name or the UUID of what it stands for",
        params=params(stack=text("The stack, or nested stack, it is in.", required=True), reason=text("Why.")),
        undo="orchestration.check_stack", again="state",
        needs="No action of the stack is in progress.",
        confirm="{state: stack.resource, where: {resource: {target}, status: FAILED}, within: 1m}",
        api="orchestration 1", role="member",
    ),
    ActionType(
        "orchestration.update_stack", "high", "Update a stack by the template it has: what is unhealthy is replaced.",
        target=STACK,
        again="refused", others="Parameters of the template that change.",
        needs="It is a root stack, and no action of it is in progress. Every unhealthy resource is replaced, not only"
        " those this rule has marked.",
        confirm=_STACK.format("update"), api="orchestration 1", role="member",
    ),
    ActionType(
        "orchestration.check_stack", "low", "Have Heat look whether what a stack is made of is still there.",
        target=STACK, again="refused",
        needs="No action of the stack is in progress. A server that is not ACTIVE is marked, and the next update"
        " replaces it.",
        confirm=_STACK.format("check"), api="orchestration 1", role="member",
    ),
    ActionType(
        "orchestration.signal", "high", "Signal a resource, such as a scaling policy.",
        target="a resource of a stack, by its name",
        params=params(stack=text("The stack it is in.", required=True)),
        others="What the signal says.",
        needs="A scaling policy acts on every signal, whatever it says, but for its own cooldown.",
        api="orchestration 1", role="member",
    ),
    ActionType(
        "workflow.start", "high", "Start a workflow of Mistral's under the key of the decision.",
        target="what it is started for",
        params=params(
            workflow=text("The workflow, by its name or UUID.", required=True),
            namespace=text("The namespace it is in."),
        ),
        again="key", others="Its input, by the names it declares.",
        needs="The workflow is there, and its input has the names it declares.",
        api="workflow 2", role="member",
    ),
    ActionType(
        "alarm.set_state", "low", "Put an alarm of Aodh's into a state; it acts on nothing, but can be raised again.",
        target="the UUID of an alarm",
        params=params(state=word("Which.", "ok", "alarm", "insufficient data", required=True)),
        again="state",
        confirm="{event: alarm.change, where: {alarm: {target}}, within: 1m}",
        api="alarm 2", role="member",
    ),
    ActionType(
        "message.post", "low", "Post a message to a queue of Zaqar's.",
        target="the name of a queue",
        params=params(
            ttl=span("How long it is kept; five minutes if nothing is said."),
            delay=span("How long until it can be taken."),
        ),
        others="The message.",
        needs="Whoever reads the queue can take a message twice.",
        api="message 2", role="member",
    ),
    ActionType(
        "infra_optim.start_audit", "low", "Have Watcher look for a better way to place what runs.",
        target="what it is about, such as the host to be emptied",
        params=params(
            goal=text("The goal, by its name or UUID.", required=True),
            strategy=text("The strategy; Watcher's own choice if nothing is said."),
            auto_trigger=flag("Carry out what it finds, without anybody's approval."),
        ),
        again="marker", others="What the strategy takes, such as `maintenance_node`.",
        api="infra-optim 1.4",
    ),
    ActionType(
        "infra_optim.start_action_plan", "high", "Carry out a plan that Watcher recommends.",
        target="the UUID of an action plan",
        again="refused",
        needs="It is RECOMMENDED, and no other plan has overtaken it.",
        confirm="{state: watcher.action_plan, where: {action_plan: {target}, status: SUCCEEDED}, within: 1h}",
        api="infra-optim 1.0",
    ),
    ActionType(
        "infra_optim.run_actions", "high", "Have Watcher carry out given actions, with its record and way back.",
        target="what it is about",
        params=params(
            action_type=text("Which action of Watcher's, such as `migrate`.", required=True),
            resource=text("What it acts on.", required=True),
        ),
        again="marker", others="What the action takes.",
        needs="The strategy `actuator` of the goal `unclassified` is there.",
        api="infra-optim 1.4",
    ),
    ActionType(
        "infra_optim.trigger_audit", "low", "Trigger an audit that waits for an event.",
        target="the UUID of an audit of the type EVENT",
        again="state",
        needs="The audit waits (PENDING); triggers that come while it runs count as one.",
        confirm="{state: watcher.audit, where: {audit: {target}, status: SUCCEEDED}, within: 15m}",
        api="infra-optim 1.4",
    ),
)  # fmt: skip
