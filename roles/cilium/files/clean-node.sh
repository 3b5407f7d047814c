#!/bin/sh
# SPDX-FileCopyrightText: 2026 homeops.cluster contributors
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Removes Cilium's links, mounts, pinned BPF objects, CNI configuration and packet filter rules from a node, and
# prints each. Rules of others stay in place throughout, so that the connection it runs over survives.
# With --dry-run it prints what it would remove.
set -eu

dry_run=${1:-}

remove() {
    what=$1
    shift
    echo "$what"
    [ "$dry_run" = --dry-run ] || "$@"
}

delete_link() {
    # One end of a pair takes the other with it.
    ip link delete "$1" 2>/dev/null || ! ip link show "$1" >/dev/null 2>&1
}

keep_foreign_rules() {
    "$1-save" | grep -v CILIUM_ | "$1-restore"
}

# Twelve digits of a hash: lxcbr0 and its kin belong to LXC.
for link in $(ip -o link show | sed -nE 's/^[0-9]+: (cilium_[^:@]+|lxc_health|lxc[0-9a-f]{12})[:@].*/\1/p'); do
    remove "link $link" delete_link "$link"
done

for mount in $(awk '$2 ~ "^/run/cilium/" { print $2 }' "${PROC_MOUNTS:-/proc/mounts}" | sort -r); do
    remove "mount $mount" umount "$mount"
done

cd "${ROOT:-/}"
for path in etc/cni/net.d/05-cilium.conflist sys/fs/bpf/cilium sys/fs/bpf/tc/globals/cilium_* var/run/cilium; do
    [ ! -e "$path" ] || remove "path /$path" rm -rf --one-file-system "$path"
done

for filter in iptables ip6tables; do
    if command -v "$filter-save" >/dev/null && "$filter-save" 2>/dev/null | grep -q CILIUM_; then
        remove "rules of $filter" keep_foreign_rules "$filter"
    fi
done
