#!/bin/bash
# with.sh COMMAND... : bring the whole cloud up anew, run a command beside it, and take it down. Gives the command's exit code, 1 where the
# cloud did not come up, and 77 where this machine cannot host it; what was wrong is said.
. $(dirname $0)/lib.sh
$S/down.sh
rm -rf $R
trap '$S/down.sh' EXIT
trap 'exit 143' INT TERM
$S/up.sh || exit
$S/extras.sh ironic masakari mistral heat octavia aodh zaqar watcher alertmanager prometheus || exit
$S/extras.sh cinder designate freezer agents senlin vitrage || exit
HOME=$OWN_HOME PATH=$OWN_PATH PYTHONPATH= SELFHEAL_CLOUD_WHOLE=1 "$@"
