#!/bin/sh
# Makes .venv and installs what a make target needs:  sh tools/bootstrap.sh core|dev|docs
#
#   core   what `netwright` itself imports (requirements/core.txt)
#   dev    core, the tests and the checks    (requirements/dev.txt)
#   docs   core and the site generator       (requirements/docs.txt)
#
# Writes only .venv and .make in the clone, and ${XDG_CACHE_HOME:-~/.cache}/netwright; never uses sudo. Every package is
# pinned by hash. A second run compares a digest and installs nothing; a run that was stopped half way is noticed by the
# next one, which starts the environment afresh. What the cache holds is taken from there, without a network.
#
#   PYTHON=/path/to/python3   the interpreter, 3.11 or newer      NO_APT=1   never call apt-get
#
# Exit codes: 0 ready · 1 an installation failed · 2 something must be installed or named first (one line says what)
set -eu
unset CDPATH VIRTUAL_ENV PYTHONHOME PIP_USER PIP_TARGET PIP_PREFIX UV_SYSTEM_PYTHON UV_TARGET UV_PREFIX UV_PROJECT_ENVIRONMENT
export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 LC_ALL=C

cd "$(dirname "$0")/.."
set_name=${1:-core}
unfinished=.make/unfinished
began=$(date +%s)

say() { printf 'netwright: %s\n' "$*" >&2; }
stop() {
    say "$2"
    exit "$1"
}

case $set_name in
core) contents="the core: click, msgspec, PyYAML, numpy, rich" ;;
dev) contents="the core, the tests and the checks" ;;
docs) contents="the core and the site generator" ;;
*) stop 2 "usage: sh tools/bootstrap.sh core|dev|docs" ;;
esac

# The path is part of the digest because the entry points name it: a clone that was moved installs itself anew.
digest_of() {
    { cat "requirements/$1.txt" requirements/build.txt pyproject.toml src/netwright/version.py && pwd -P; } | cksum
}
digest=$(digest_of "$set_name")

# --- the interpreter ------------------------------------------------------------------------------------------------

# Prints `COMMAND|MAJOR.MINOR.MICRO|BASE PREFIX`; a python that itself lives in an environment names the one it came from.
# What answers otherwise is no Python, whatever its exit code.
describe() {
    code=0
    told=$("$1" -I -c 'import sys
inside = sys.prefix != sys.base_prefix
command = getattr(sys, "_base_executable", sys.executable) if inside else sys.argv[1]
print(command, "%d.%d.%d" % sys.version_info[:3], sys.base_prefix, sep="|")
sys.exit(sys.version_info < (3, 11))' "$1" 2>/dev/null) || code=$?
    case $told in
    *"|"[0-9]*.[0-9]*.[0-9]*"|"*) printf '%s\n' "$told" ;;
    *) return 1 ;;
    esac
    return $code
}

usable() {
    [ -x .venv/bin/python ] && .venv/bin/python -I -c 'import os, sys
place = os.path.join(sys.prefix, "lib", "python%d.%d" % sys.version_info[:2], "site-packages")
sys.exit(sys.version_info < (3, 11) or not os.path.isdir(place))' 2>/dev/null
}

choose_python() {
    if [ -n "${PYTHON:-}" ]; then
        found=$(describe "$PYTHON") || {
            version=$(printf %s "$found" | cut -d'|' -f2)
            [ -n "$version" ] || stop 2 "\`$PYTHON\` is not a Python that runs; name one: make PYTHON=/path/to/python3"
            stop 2 "\`$PYTHON\` is Python $version and netwright needs 3.11 or newer; name one: make PYTHON=/path/to/python3"
        }
    else
        seen=
        for name in python3 python3.14 python3.13 python3.12 python3.11; do
            found=$(describe "$name") && break
            seen=${seen:-$(printf %s "$found" | cut -d'|' -f2)}
            found=
        done
        [ -n "$found" ] ||
            stop 2 "netwright needs Python 3.11 or newer, found ${seen:-none}; name one: make PYTHON=/path/to/python3"
    fi
    python=${found%%|*}
}

# --- one run at a time ----------------------------------------------------------------------------------------------

# A process by its PID and its beginning: PIDs come again, and in a new container the very same ones. "" is not known.
process() {
    if [ -r /proc/sys/kernel/random/boot_id ] && [ -r "/proc/$1/stat" ]; then
        read -r boot </proc/sys/kernel/random/boot_id
        pid=$1
        fields=$(cat "/proc/$pid/stat" 2>/dev/null) || return 0
        # The name of the command may hold anything. Behind its parenthesis the first field is the state, of which Z and X
        # are ended, and the 20th is when it started.
        # shellcheck disable=SC2086 # the fields are letters and numbers
        set -- ${fields##*") "}
        case ${1:-} in "" | Z | X) return 0 ;; esac
        printf '%s %s %s\n' "$pid" "${20}" "$boot"
    else
        started=$(ps -o lstart= -p "$1" 2>/dev/null) || return 0
        [ -z "$started" ] || printf '%s %s\n' "$1" "$started"
    fi
}

# Prints the process that installs here, where it still does. A record that names it otherwise is of one that is gone.
installing() {
    record=$(cat "$unfinished" 2>/dev/null) || return 1
    pid=${record%% *}
    case $pid in "" | *[!0-9]* | $$) return 1 ;; esac
    [ "$record" = "$(process "$pid")" ] && printf %s "$pid"
}

# Returns when no other run installs here. The lock goes with the last process that holds it, whatever became of the
# others, and counts between containers too; where there is no flock, the record of the other run must do.
wait_for_others() {
    if command -v flock >/dev/null && exec 9<.; then
        code=0
        flock -n 9 2>/dev/null || code=$?
        if [ $code = 1 ]; then
            say "waiting for another run, which is installing here"
            flock 9 2>/dev/null || true
        fi
    fi
    if other=$(installing); then
        say "waiting for process $other, which is installing here (if it is not: rm $unfinished)"
        while installing >/dev/null; do sleep 1; done
    fi
}

# --- the environment ------------------------------------------------------------------------------------------------

remove_environment() {
    rm -rf .venv
    rm -f "$unfinished"
    rmdir .make 2>/dev/null || true
}

begin() {
    mkdir -p .make
    process $$ >"$unfinished"
}

has_venv() { "$python" -I -c 'import ensurepip, venv' 2>/dev/null; }

install_venv_with_apt() {
    package=python3-venv
    case $python in *python3.*) package=python3.${python##*python3.}-venv ;; esac
    [ "$(printf %s "$found" | cut -d'|' -f3)" = /usr ] && [ -e /etc/debian_version ] && command -v apt-get >/dev/null ||
        stop 2 "Python's venv module is missing; install it (or uv) for \`$python\`, then run make again"
    [ "$(id -u)" = 0 ] && [ "${NO_APT:-}" != 1 ] ||
        stop 2 "Python's venv module is missing; as root: apt-get install -y $package"
    say "Python's venv module is missing; installing $package with apt-get (NO_APT=1 turns this off)"
    { DEBIAN_FRONTEND=noninteractive apt-get update -qq &&
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package"; } >&2 ||
        stop 2 "apt-get could not install $package; as root: apt-get install -y $package"
}

make_environment() {
    [ -n "$python" ] || choose_python
    if [ -e .venv ]; then
        say "starting .venv afresh"
        remove_environment
    fi
    say "making .venv with $python ($(printf %s "$found" | cut -d'|' -f2))"
    begin
    if [ -n "$uv" ]; then
        use_cache
        "$uv" venv --quiet --python "$python" .venv || fail "uv could not make .venv"
        return
    fi
    if ! output=$("$python" -m venv .venv 2>&1); then
        remove_environment
        case $output in
        *ensurepip* | *"No module named venv"*) ;;
        *) ! has_venv || stop 1 "\`$python -m venv .venv\` failed: $(printf %s "$output" | tail -n 1)" ;;
        esac
        install_venv_with_apt
        begin
        if ! output=$("$python" -m venv .venv 2>&1); then
            remove_environment
            stop 2 "\`$python -m venv .venv\` still fails: $(printf %s "$output" | tail -n 1)"
        fi
    fi
}

# --- the installer --------------------------------------------------------------------------------------------------

fail() { stop 1 "$1; make again once that is mended (what was fetched is kept in the cache)"; }

use_cache() {
    cache=
    case ${XDG_CACHE_HOME:-} in
    /*) cache=$XDG_CACHE_HOME/netwright ;;
    *) [ -z "${HOME:-}" ] || cache=$HOME/.cache/netwright ;;
    esac
    # Accounts without a home of their own keep the cache in the clone.
    if [ -z "$cache" ] || ! mkdir -p "$cache" 2>/dev/null || [ ! -w "$cache" ]; then
        cache=$(pwd -P)/.make/cache
        mkdir -p "$cache"
    fi
    export UV_CACHE_DIR="$cache/uv" PIP_CACHE_DIR="$cache/pip"
    # uv links files out of its cache; where the clone is on another file system it must copy.
    probe=.make/link-probe
    rm -f "$probe"
    : >"$cache/link-probe"
    ln "$cache/link-probe" "$probe" 2>/dev/null || export UV_LINK_MODE=copy
    rm -f "$probe" "$cache/link-probe"
}

runs() { "$1" --version >/dev/null 2>&1; }

# uv asks the index again for what it fetched an hour ago. Everything is pinned, so the cache is tried by itself first.
uv_install() {
    "$uv" pip install --quiet --offline --python .venv/bin/python "$@" 2>/dev/null ||
        "$uv" pip install --quiet --python .venv/bin/python "$@"
}

install_uv() {
    # pip's own cache does not serve without a network; a folder of wheels does.
    wheels=$cache/wheels
    with_pip="install --quiet --no-deps --require-hashes -r requirements/uv.txt"
    # shellcheck disable=SC2086 # the options are words without spaces
    .venv/bin/python -I -m pip $with_pip --no-index --find-links "$wheels" >/dev/null 2>&1 || {
        .venv/bin/python -I -m pip download --quiet --no-deps --require-hashes -r requirements/uv.txt -d "$wheels" >&2 &&
            .venv/bin/python -I -m pip $with_pip --no-index --find-links "$wheels" >&2
    } || fail "pip could not install uv"
    uv=.venv/bin/uv
}

# --- in order -------------------------------------------------------------------------------------------------------

found=
python=
uv=
ready=
wait_for_others
if [ -e "$unfinished" ]; then
    say "the last run was stopped half way"
elif usable; then
    ready=1
fi
if [ -n "$ready" ] && [ -n "${PYTHON:-}" ]; then
    choose_python
    inside=$(describe .venv/bin/python)
    [ "${found#*|}" = "${inside#*|}" ] || ready=
fi
if [ -n "$ready" ] && [ "$(cat ".venv/.netwright-$set_name" 2>/dev/null)" = "$digest" ] && [ -x .venv/bin/netwright ]; then
    exit 0
fi

# A uv that is only a broken wrapper of some version manager counts as none.
if runs uv; then uv=uv; fi
if [ -z "$ready" ]; then make_environment; else begin; fi
use_cache
if [ -z "$uv" ]; then
    if runs .venv/bin/uv; then uv=.venv/bin/uv; else install_uv; fi
fi

# Python 3.11 puts it into each environment, where every start of Python asks it for something, and nothing here needs it.
"$uv" pip uninstall --quiet --python .venv/bin/python setuptools 2>/dev/null || true

say "installing $contents"
# Compiled now, not by the first command: reading a hundred modules anew would cost it most of its time.
uv_install --compile-bytecode --require-hashes -r "requirements/$set_name.txt" ||
    fail "uv could not install requirements/$set_name.txt"
uv_install --no-deps --build-constraints requirements/build.txt --reinstall-package netwright --editable . ||
    fail "uv could not install netwright itself"

# Every set holds the core, in the core's versions.
digest_of core >.venv/.netwright-core
printf '%s\n' "$digest" >".venv/.netwright-$set_name"
rm -f "$unfinished"
say "ready in $(($(date +%s) - began)) s: .venv/bin/netwright"
