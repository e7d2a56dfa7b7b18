"""Which action is done by what: each adapter looks, acts, waits and verifies, and says in a line what became of it."""

from collections.abc import Callable

from selfheal_rules.execute.openstack import (
    baremetal,
    compute_hosts,
    evacuation,
    instance_ha,
    load_balancing,
    networking,
    orchestration,
    servers,
)
from selfheal_rules.execute.openstack.work import Work
from selfheal_rules.values import FrozenMap

Adapter = Callable[[Work], str]

ADAPTERS: FrozenMap = FrozenMap(
    {
        "compute.fence": baremetal.fence,
        "compute.force_down": compute_hosts.force_down,
        "compute.force_up": compute_hosts.force_up,
        "compute.disable_service": compute_hosts.disable,
        "compute.enable_service": compute_hosts.enable,
        "compute.evacuate_host": evacuation.evacuate_host,
        "compute.start_host_maintenance": evacuation.start_maintenance,
        "compute.end_host_maintenance": compute_hosts.enable,
        "compute.add_host_to_aggregate": compute_hosts.add_to_aggregate,
        "compute.remove_host_from_aggregate": compute_hosts.remove_from_aggregate,
        "compute.evacuate_server": servers.evacuate,
        "compute.live_migrate_server": servers.live_migrate,
        "compute.abort_live_migration": servers.abort_live_migration,
        "compute.migrate_server": servers.migrate,
        "compute.confirm_migration": servers.confirm_migration,
        "compute.revert_migration": servers.revert_migration,
        "compute.reboot_server": servers.reboot,
        "compute.rebuild_server": servers.rebuild,
        "compute.reset_server_state": servers.reset_state,
        "compute.start_server": servers.start,
        "compute.stop_server": servers.stop,
        "compute.shelve_server": servers.shelve,
        "compute.unshelve_server": servers.unshelve,
        "compute.lock_server": servers.lock,
        "compute.unlock_server": servers.unlock,
        "baremetal.power_on": baremetal.power_on,
        "baremetal.power_off": baremetal.power_off,
        "baremetal.reboot": baremetal.reboot,
        "baremetal.set_maintenance": baremetal.set_maintenance,
        "baremetal.unset_maintenance": baremetal.unset_maintenance,
        "baremetal.provision": baremetal.provision,
        "instance_ha.notify": instance_ha.notify,
        "instance_ha.set_host_maintenance": instance_ha.set_host_maintenance,
        "instance_ha.unset_host_maintenance": instance_ha.unset_host_maintenance,
        "instance_ha.enable_segment": instance_ha.enable_segment,
        "instance_ha.disable_segment": instance_ha.disable_segment,
        "network.enable_agent": networking.enable_agent,
        "network.disable_agent": networking.disable_agent,
        "network.set_port_up": networking.set_port_up,
        "network.set_port_down": networking.set_port_down,
        "network.quarantine_port": networking.quarantine_port,
        "network.release_port": networking.release_port,
        "load_balancer.failover": load_balancing.failover,
        "load_balancer.failover_amphora": load_balancing.failover_amphora,
        "load_balancer.drain_member": load_balancing.drain_member,
        "load_balancer.restore_member": load_balancing.restore_member,
        "orchestration.mark_unhealthy": orchestration.mark_unhealthy,
        "orchestration.update_stack": orchestration.update_stack,
        "orchestration.check_stack": orchestration.check_stack,
        "orchestration.signal": orchestration.signal,
        "workflow.start": orchestration.start_workflow,
        "alarm.set_state": orchestration.set_alarm_state,
        "message.post": orchestration.post_message,
        "infra_optim.start_audit": orchestration.start_audit,
        "infra_optim.start_action_plan": orchestration.start_action_plan,
        "infra_optim.run_actions": orchestration.run_actions,
        "infra_optim.trigger_audit": orchestration.trigger_audit,
    }
)
"""Action → `Adapter`. Each name is one of the catalogue's."""
