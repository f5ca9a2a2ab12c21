#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From a clone to a controller's certificates, on this machine and in build/try-it only:
#   bash packaging/try-it.sh          a real OpenBao, a cluster's PKI, one host's files
#   bash packaging/try-it.sh --stop   stops OpenBao and takes build/try-it away
set -euo pipefail
cd "$(dirname "$0")/.."

if [ "${1:-}" = --stop ]; then
    exec /usr/bin/python3 -B packaging/try_it.py --stop
elif [ $# -gt 0 ]; then
    echo "usage: bash packaging/try-it.sh [--stop]" >&2
    exit 64
fi

bash packaging/install-dependencies.sh build try
echo "building (the first time takes some minutes)"
export CMAKE_CXX_COMPILER_LAUNCHER=ccache
# A new build directory goes without the tests and what they need; an existing one stays as it is.
options=()
[ -f build/release/CMakeCache.txt ] || options=(-DINSTALL_CERT_TESTS=OFF)
# On a terminal, ninja's one line of progress; elsewhere it would be a line for each file.
quiet=()
if [ ! -t 1 ] && ninja --help 2>&1 | grep -q -e --quiet; then
    quiet=(-- --quiet)
fi
cmake --preset release "${options[@]}" --log-level=WARNING >/dev/null
cmake --build --preset release --target install-cert "${quiet[@]}"
exec /usr/bin/python3 -B packaging/try_it.py build/release/agent/install-cert
