"""
Actions on compute hosts and servers (Nova; `compute.fence` by Ironic or another way to the BMC).

Versions are microversions of the compute API; what an action needs is what the API refuses, or what does harm without.
"""

from selfheal_rules.actions.entry import ActionType, flag, number, params, span, text, word

HOST = "the host of a compute service"
SERVER = "the UUID of a server"

_SERVICE = "{{state: compute.service, where: {{host: {{target}}, binary: nova-compute, {0}}}, within: 1m}}"
_BECOMES = "{{state: instance, where: {{instance: {{target}}, status: {0}}}, within: {1}}}"
_DONE = "{{event: instance.action, where: {{instance: {{target}}, action: {0}, phase: end}}, within: {1}}}"


def _service(field: str) -> str:
    return _SERVICE.format(field)


def _becomes(status: str, within: str = "5m") -> str:
    return _BECOMES.format(status, within)


def _done(action: str, within: str = "5m") -> str:
    return _DONE.format(action, within)


HOSTS = (
    ActionType(
        "compute.fence", "high", "Power a host off by its BMC, so that it writes to no disk any more.",
        target=HOST,
        undo="baremetal.power_on", again="state",
        needs="Nobody else is working on the node: it is not locked, deployed or cleaned.",
        confirm='{state: node.power, where: {host: {target}, power: "off"}, within: 2m}',
        api="baremetal 1.1",
    ),
    ActionType(
        "compute.force_down", "high", "Have Nova take a host's service for down at once.",
        target=HOST,
        undo="compute.force_up", again="state",
        needs="The host is fenced: otherwise a server runs twice and writes twice to one disk.",
        confirm=_service("forced_down: true"),
        api="compute 2.53",
    ),
    ActionType(
        "compute.force_up", "low", "Have Nova believe a host's service again.",
        target=HOST,
        undo="compute.force_down", again="state",
        needs="nova-compute was started again since the evacuation: while its migrations are `done`, and not yet"
        " `completed`, the API answers 400.",
        confirm=_service("forced_down: false"),
        api="compute 2.53",
    ),
    ActionType(
        "compute.disable_service", "low", "Keep the scheduler off a host.",
        target=HOST,
        params=params(reason=text("Why, for people; it is written behind the mark of the decision.")),
        undo="compute.enable_service", again="marker",
        needs="Nobody else has disabled it: the reason of an operator is not written over. A host that hangs is forced"
        " down first, or the call waits for it.",
        confirm=_service("disabled: true"),
        api="compute 2.53",
    ),
    ActionType(
        "compute.enable_service", "low", "Let the scheduler use a host again.",
        target=HOST,
        undo="compute.disable_service", again="state",
        needs="The reason for which it is disabled bears our mark.",
        confirm=_service("disabled: false"),
        api="compute 2.53",
    ),
    ActionType(
        "compute.evacuate_host", "high", "Rebuild every server of a dead host elsewhere, a few at a time.",
        target=HOST,
        params=params(
            at_once=number("How many servers at a time; 3 if nothing is said."),
            stagger=span("How long to wait between two."),
            only=word("Which servers: all, those tagged `HA_Enabled`, or all but those tagged against it.",
                      "all", "opted_in", "not_opted_out"),
        ),
        again="marker",
        needs="The service is down and the host fenced: one whose node Ironic has switched on is refused. A server"
        " that cannot be moved does not keep the others.",
        confirm="{none: [{state: instance, where: {host: {target}}}], within: 15m}",
        api="compute 2.68",
    ),
    ActionType(
        "compute.start_host_maintenance", "high", "Disable a host and move its servers off it while they run.",
        target=HOST,
        params=params(
            reason=text("Why, for people."),
            at_once=number("How many servers at a time; 1 if nothing is said."),
        ),
        undo="compute.end_host_maintenance", again="marker",
        needs="The service is up, and other hosts have room.",
        confirm="{none: [{state: instance, where: {host: {target}}}], within: 1h}",
        api="compute 2.53",
    ),
    ActionType(
        "compute.end_host_maintenance", "low", "Take a host back after its maintenance.",
        target=HOST,
        undo="compute.start_host_maintenance", again="state",
        needs="The reason for which it is disabled bears our mark.",
        confirm=_service("disabled: false"),
        api="compute 2.53",
    ),
    ActionType(
        "compute.add_host_to_aggregate", "low", "Put a host into a host aggregate.",
        target=HOST,
        params=params(aggregate=text("The aggregate, by its name or id.", required=True)),
        undo="compute.remove_host_from_aggregate", again="state",
        needs="The host has no servers, where the aggregate is an availability zone.",
        api="compute 2.1",
    ),
    ActionType(
        "compute.remove_host_from_aggregate", "low", "Take a host out of a host aggregate.",
        target=HOST,
        params=params(aggregate=text("The aggregate, by its name or id.", required=True)),
        undo="compute.add_host_to_aggregate", again="state",
        needs="The host has no servers, where the aggregate is an availability zone.",
        api="compute 2.1",
    ),
)  # fmt: skip

SERVERS = (
    ActionType(
        "compute.evacuate_server", "high", "Rebuild one server of a dead host elsewhere.",
        target=SERVER,
        params=params(host=text("Where to; the scheduler chooses if nothing is said.")),
        again="refused",
        needs="Its host is down and fenced, and no task runs on the server. What was on a disk of the host is lost.",
        confirm=_done("rebuild", "10m"),
        api="compute 2.68",
    ),
    ActionType(
        "compute.live_migrate_server", "high", "Move a running server to another host.",
        target=SERVER,
        params=params(host=text("Where to; the scheduler chooses if nothing is said.")),
        again="refused",
        needs="Its host is up, and the server active or paused, with no task running.",
        confirm=_done("live_migration_post_dest", "30m"),
        api="compute 2.30",
    ),
    ActionType(
        "compute.abort_live_migration", "low", "Give up a live migration; the server stays where it is.",
        target=SERVER,
        again="refused",
        needs="A migration of it is running, or queued.",
        confirm=_done("live_migration_rollback"),
        api="compute 2.65",
    ),
    ActionType(
        "compute.migrate_server", "high", "Stop a server, copy it to another host and start it there.",
        target=SERVER,
        params=params(host=text("Where to; the scheduler chooses if nothing is said.")),
        undo="compute.revert_migration", again="refused",
        needs="The server is active or stopped. Until it is confirmed it takes room on both hosts.",
        confirm=_becomes("resized", "30m"),
        api="compute 2.56",
    ),
    ActionType(
        "compute.confirm_migration", "high", "Keep a server where a cold migration took it; there is no way back.",
        target=SERVER,
        again="refused", needs="The server waits for it (VERIFY_RESIZE).", confirm=_done("resize_confirm"),
        api="compute 2.1",
    ),
    ActionType(
        "compute.revert_migration", "high", "Take a server back to where it was before a cold migration.",
        target=SERVER,
        again="refused", needs="The server waits for it (VERIFY_RESIZE).", confirm=_done("resize_revert", "30m"),
        api="compute 2.1",
    ),
    ActionType(
        "compute.reboot_server", "high", "Reboot a server.",
        target=SERVER,
        params=params(type=word("`soft` asks the guest; `hard` if nothing is said.", "soft", "hard")),
        again="refused",
        needs="No task runs on it; a soft reboot needs it active.",
        confirm=_done("reboot"),
        api="compute 2.1",
    ),
    ActionType(
        "compute.rebuild_server", "high", "Give a server a new root disk from an image; what was on it is lost.",
        target=SERVER,
        params=params(image=text("The image; the one it was made from if nothing is said.")),
        again="refused",
        needs="No task runs on it; a server that boots from a volume needs version 2.93.",
        confirm=_done("rebuild", "15m"),
        api="compute 2.1",
    ),
    ActionType(
        "compute.reset_server_state", "high", "Have Nova take a server for active, or for failed; it mends nothing.",
        target=SERVER,
        params=params(state=word("As what it counts from now on.", "active", "error", required=True)),
        again="state",
        needs="Nothing is done to the server just now: its task is forgotten, and goes on.",
        confirm="{event: instance.update, where: {instance: {target}}, within: 1m}",
        api="compute 2.1",
    ),
    ActionType(
        "compute.start_server", "low", "Start a server that is stopped.",
        target=SERVER,
        undo="compute.stop_server", again="state", confirm=_becomes("active"), api="compute 2.1",
    ),
    ActionType(
        "compute.stop_server", "high", "Stop a server.",
        target=SERVER,
        undo="compute.start_server", again="state", confirm=_becomes("stopped"), api="compute 2.1",
    ),
    ActionType(
        "compute.shelve_server", "high", "Stop a server, keep an image of it, and free its host.",
        target=SERVER,
        undo="compute.unshelve_server", again="refused",
        needs="No task runs on it.", confirm=_becomes("shelved_offloaded", "15m"), api="compute 2.1",
    ),
    ActionType(
        "compute.unshelve_server", "low", "Bring a shelved server back.",
        target=SERVER,
        params=params(host=text("Where to, from version 2.91; the scheduler chooses if nothing is said.")),
        undo="compute.shelve_server", again="refused",
        needs="It is shelved, and its offloading is over: the status says so too early, the task does not.",
        confirm=_becomes("active", "15m"),
        api="compute 2.1",
    ),
    ActionType(
        "compute.lock_server", "low", "Keep its owner from acting on a server.",
        target=SERVER,
        params=params(reason=text("Why, for people; it is written behind the mark of the decision.")),
        undo="compute.unlock_server", again="marker",
        confirm="{event: instance.action, where: {instance: {target}, action: lock}, within: 1m}",
        api="compute 2.73",
    ),
    ActionType(
        "compute.unlock_server", "low", "Let its owner act on a server again.",
        target=SERVER,
        params=params(force=flag("Unlock it even if the lock is not ours.")),
        undo="compute.lock_server", again="state",
        needs="The lock bears our mark.",
        confirm="{event: instance.action, where: {instance: {target}, action: unlock}, within: 1m}",
        api="compute 2.73",
    ),
)  # fmt: skip

ACTIONS = (*HOSTS, *SERVERS)
