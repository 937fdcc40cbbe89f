#!/bin/sh
# The container's health: does this worker answer? `/` needs no other worker, so a rebalance, a failed
# connector or an unreachable leader is not taken for a dead container.
set -eu

read -r address <"${CONNECT_TMP:-/tmp}/task-address"
exec curl --silent --show-error --fail --max-time 5 --noproxy '*' --output /dev/null "http://$address:8083/"
