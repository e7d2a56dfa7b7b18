#!/bin/bash
# with.sh COMMAND... : bring the cloud up anew, run a command beside it, and take it down: all of it, or its core and what
# SELFHEAL_CLOUD_SERVICES names. Gives the command's exit code, 1 where the cloud did not come up, and 77 where this machine cannot host it;
# what was wrong is said.
. $(dirname $0)/lib.sh
$S/down.sh
rm -rf $R
trap '$S/down.sh' EXIT
trap 'exit 143' INT TERM
$S/up.sh || exit
first="ironic masakari mistral heat octavia aodh zaqar watcher alertmanager prometheus" second="cinder designate freezer agents senlin vitrage"
[ -z "$SELFHEAL_CLOUD_SERVICES" ] || { first=$SELFHEAL_CLOUD_SERVICES second=; }
$S/extras.sh $first || exit
[ -z "$second" ] || $S/extras.sh $second || exit
HOME=$OWN_HOME PATH=$OWN_PATH PYTHONPATH= SELFHEAL_CLOUD_WHOLE=1 "$@"
