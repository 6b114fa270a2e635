#!/bin/sh
# The tests of pages drive the Chromium of the machine. As root on Debian this installs it; otherwise, and where that
# fails, it says so in one line and they are skipped. NO_APT=1 turns it off.
set -u
for name in chromium chromium-browser google-chrome; do
    command -v "$name" >/dev/null 2>&1 && exit 0
done
say() { printf 'netwright: %s\n' "$*" >&2; }
if [ -z "${NO_APT:-}" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing chromium for the tests of pages (NO_APT=1 turns that off)"
    {
        apt-get update -qq &&
            DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
    } >/dev/null 2>&1 && exit 0
    say "chromium could not be installed: the tests of pages are skipped"
else
    say "no chromium here: the tests of pages are skipped (Debian: apt-get install chromium)"
fi
