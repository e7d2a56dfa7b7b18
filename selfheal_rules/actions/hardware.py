"""Actions on bare metal (Ironic) and on the recovery of hosts (Masakari). Versions are microversions of the API."""

from selfheal_rules.actions.entry import ActionType, flag, params, text, word

NODE = "a node, by its UUID or name"
HOST = "a host, by its name in a segment"

_POWER = '{{state: node.power, where: {{node: {{target}}, power: "{0}"}}, within: 3m}}'
_NODE = "{{state: node, where: {{node: {{target}}, {0}}}, within: {1}}}"

BAREMETAL = (
    ActionType(
        "baremetal.power_on", "low", "Switch a node on.",
        target=NODE,
        undo="baremetal.power_off", again="state", needs="Nobody holds the node reserved.",
        confirm=_POWER.format("on"), api="baremetal 1.1",
    ),
    ActionType(
        "baremetal.power_off", "high", "Switch a node off.",
        target=NODE,
        params=params(type=word("`soft` asks its system; `hard` if nothing is said.", "soft", "hard")),
        undo="baremetal.power_on", again="state",
        needs="Nobody holds the node reserved, and it is not being deployed or cleaned.",
        confirm=_POWER.format("off"), api="baremetal 1.27",
    ),
    ActionType(
        "baremetal.reboot", "high", "Switch a node off and on again.",
        target=NODE,
        params=params(type=word("`soft` asks its system; `hard` if nothing is said.", "soft", "hard")),
        needs="Nobody holds the node reserved, and it is not being deployed or cleaned. That it is on shows nothing: it"
        " was so before.",
        confirm="{event: node.action, where: {node: {target}, action: power_set, phase: end}, within: 10m}",
        api="baremetal 1.27",
    ),
    ActionType(
        "baremetal.set_maintenance", "low", "Have Ironic leave a node alone.",
        target=NODE,
        params=params(reason=text("Why, for people; it is written behind the mark of the decision.")),
        undo="baremetal.unset_maintenance", again="marker",
        needs="It is not in maintenance for somebody else's reason.",
        confirm=_NODE.format("maintenance: true", "1m"), api="baremetal 1.1",
    ),
    ActionType(
        "baremetal.unset_maintenance", "low", "Have Ironic look after a node again.",
        target=NODE,
        undo="baremetal.set_maintenance", again="state",
        needs="The reason bears our mark, and Ironic itself has found no fault.",
        confirm=_NODE.format("maintenance: false", "1m"), api="baremetal 1.1",
    ),
    ActionType(
        "baremetal.provision", "high", "Lead a node to another state: clean, rebuild, deploy or give it back.",
        target=NODE,
        params=params(
            verb=word(
                "What is asked for.",
                "abort", "active", "adopt", "clean", "deleted", "inspect", "manage", "provide", "rebuild", "service",
                "unhold", required=True,
            ),
            allow_loss=flag("Say so where `clean`, `deleted` or `rebuild` would destroy what is on a node in use."),
        ),
        again="refused",
        needs="The node is not protected, and its state allows it.",
        confirm="{event: node.action, where: {node: {target}, action: provision_set, phase: success}, within: 1h}",
        api="baremetal 1.87",
    ),
)  # fmt: skip

INSTANCE_HA = (
    ActionType(
        "instance_ha.notify", "high", "Tell Masakari of a failure, and have it recover by its own flows.",
        target="the host that the notification is about",
        params=params(
            type=word("What failed.", "COMPUTE_HOST", "VM", "PROCESS", required=True),
        ),
        again="refused", others="The payload Masakari reads, such as `event: STOPPED, host_status: NORMAL`.",
        needs="The host is fenced, for Masakari does not; it is not under maintenance, or the answer is 409. A second"
        " notification within 180 s is refused as well.",
        confirm="{state: recovery, where: {host: {target}, status: running}, within: 15m}",
        api="instance-ha 1.0",
    ),
    ActionType(
        "instance_ha.set_host_maintenance", "low", "Have Masakari recover nothing on a host.",
        target=HOST,
        undo="instance_ha.unset_host_maintenance", again="state",
        needs="No recovery of the host is running.",
        confirm="{state: host.maintenance, where: {host: {target}}, within: 1m}",
        api="instance-ha 1.0",
    ),
    ActionType(
        "instance_ha.unset_host_maintenance", "low", "Have Masakari look after a host again.",
        target=HOST,
        undo="instance_ha.set_host_maintenance", again="state",
        needs="Masakari set it itself when the host failed, and nobody else has since.",
        confirm="{none: [{state: host.maintenance, where: {host: {target}}}], within: 1m}",
        api="instance-ha 1.0",
    ),
    ActionType(
        "instance_ha.disable_segment", "high", "Have Masakari ignore what happens in a whole segment.",
        target="a failover segment, by its UUID or name",
        undo="instance_ha.enable_segment", again="state",
        api="instance-ha 1.2",
    ),
    ActionType(
        "instance_ha.enable_segment", "low", "Have Masakari look after a segment again.",
        target="a failover segment, by its UUID or name",
        undo="instance_ha.disable_segment", again="state",
        api="instance-ha 1.2",
    ),
)  # fmt: skip

ACTIONS = (*BAREMETAL, *INSTANCE_HA)
