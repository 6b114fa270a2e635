#!/bin/sh
# Writes requirements/*.txt anew from pyproject.toml and requirements/*.in:  make lock
# Releases younger than a week are passed over, because most bad ones are found and withdrawn by then; EXCLUDE_NEWER= takes
# the newest, and serves where the package index does not date its files.
set -eu
cd "$(dirname "$0")/.."
if uv --version >/dev/null 2>&1; then uv=uv; else uv=.venv/bin/uv; fi

cool_down=${EXCLUDE_NEWER-7 days}
compile() {
    "$uv" pip compile --quiet --universal --generate-hashes --no-emit-index-url --python-version 3.11 --upgrade \
        ${cool_down:+--exclude-newer "$cool_down"} --custom-compile-command "make lock" "$@"
}

compile requirements/uv.in -o requirements/uv.txt
compile requirements/build.in -o requirements/build.txt
compile pyproject.toml -o requirements/core.txt
compile pyproject.toml --group test --group check -c requirements/core.txt -c requirements/build.txt -o requirements/dev.txt
compile pyproject.toml --group docs -c requirements/core.txt -c requirements/dev.txt -o requirements/docs.txt
