#!/bin/sh
# The tests of live clusters run a kube-apiserver over etcd. As root on Debian this installs etcd; otherwise, and where
# that fails, it says so in one line and they are skipped. NO_APT=1 turns it off.
set -u
command -v etcd >/dev/null 2>&1 && exit 0
say() { printf 'netwright: %s\n' "$*" >&2; }
if [ -z "${NO_APT:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing etcd-server for the tests of live clusters (NO_APT=1 turns that off)"
    {
        apt-get update -qq &&
            RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends etcd-server
    } >/dev/null 2>&1 && exit 0
    say "etcd-server could not be installed: the tests of live clusters are skipped"
else
    say "no etcd here: the tests of live clusters are skipped (Debian: apt-get install etcd-server)"
fi
