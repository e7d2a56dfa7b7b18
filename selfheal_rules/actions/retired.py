"""Actions on services whose projects have ended; where such a service still runs they work, and are thin."""

from selfheal_rules.actions.entry import ActionType, params, text, word

ACTIONS = (
    ActionType(
        "clustering.recover_node", "high", "Have Senlin recover a node of a cluster.",
        target="the UUID of a node",
        params=params(
            operation=word("How; the cluster's policy decides if nothing is said.", "REBOOT", "REBUILD", "RECREATE"),
        ),
        confirm="{event: cluster.action, where: {resource: {target}, phase: end}, within: 15m}",
        api="clustering 1", retired="2024-05-10",
    ),
    ActionType(
        "clustering.recover_cluster", "high", "Have Senlin recover what is unhealthy in a cluster.",
        target="the UUID of a cluster",
        confirm="{event: cluster.action, where: {cluster: {target}, phase: end}, within: 30m}",
        api="clustering 1", retired="2024-05-10",
    ),
    ActionType(
        "root_cause.post_event", "low", "Tell Vitrage of an event, in the form of OPNFV Doctor.",
        target="what it is about",
        params=params(
            type=text("What kind of event, such as `compute.host.down`.", required=True),
        ),
        others="Its details.",
        api="root-cause-analysis 1", retired="2026-06-09",
    ),
    ActionType(
        "policy.push_rows", "high", "Replace a whole table of Congress' by one row.",
        target="a data source, by its UUID",
        params=params(table=text("The table.", required=True)),
        again="state", others="The one row of the table.", api="policy 1", retired="2020-05-18",
    ),
    ActionType(
        "monitoring.set_alarm_state", "low", "Put an alarm of Monasca's into a state.",
        target="the UUID of an alarm",
        params=params(state=word("Which.", "OK", "ALARM", "UNDETERMINED", required=True)),
        again="state",
        confirm="{state: alarm, where: {alarm: {target}}, within: 1m}",
        api="monitoring 2", retired="2025-08-11",
    ),
)  # fmt: skip
