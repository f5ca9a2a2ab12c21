#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds, and runs them:  bash tests/run.sh [LABEL...]
# Labels: unit integration systemd fuzz reliability (all that there are when none is named), and bench.
# Unit tests and fuzz targets run under ASan and UBSan; the other suites drive the hardened binary that is shipped.
# FUZZ_SECONDS: how long each fuzz target looks for new inputs, after those of its corpus (not at all).
set -euo pipefail
cd "$(dirname "$0")/.."

every_label=(unit)
for suite in integration systemd fuzz reliability; do
    [ ! -f tests/$suite/CMakeLists.txt ] || every_label+=("$suite")
done
labels=("$@")
[ ${#labels[@]} -gt 0 ] || labels=("${every_label[@]}")
for label in "${labels[@]}"; do
    if [[ ! " ${every_label[*]} bench " == *" $label "* ]]; then
        echo "run.sh: no label '$label'; there are: ${every_label[*]} bench" >&2
        exit 64
    fi
done

preset_of() {
    case $1 in
        unit) echo dev ;;
        fuzz) echo fuzz ;;
        *) echo release ;;
    esac
}

build() {
    local options=(-DINSTALL_CERT_TESTS=ON)
    if [ "$1" = dev ]; then
        options+=(-DINSTALL_CERT_PRECOMPILE=ON)
    else
        options+=(-DINSTALL_CERT_UNIT_TESTS=OFF)
    fi
    echo "== build $1"
    cmake --preset "$1" "${options[@]}" --log-level=WARNING >/dev/null
    cmake --build --preset "$1"
}

# Suites that mount, give files away and boot containers are root's. The results stay the user's.
as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
        return
    fi
    local outcome=0
    sudo env CTEST_OUTPUT_ON_FAILURE=1 "$@" || outcome=$?
    # But for the machines, whose files have owners of their own.
    find build -mindepth 1 -maxdepth 1 ! -name machine -exec sudo chown -R "$(id -u):$(id -g)" {} +
    return $outcome
}

run_label() {
    local tests=(ctest --test-dir "build/$(preset_of "$1")" --label-regex "^$1\$"
                 --output-junit "$PWD/$results/$1.xml" --no-tests=error
                 # What a test prints is searched for secrets, to its last line.
                 --test-output-size-passed 100000000 --test-output-size-failed 100000000)
    echo "== $1"
    case $1 in
        # In memory: they sync thousands of files, and the disk is none of their business.
        unit) TMPDIR=$([ -w /dev/shm ] && echo /dev/shm || echo /tmp) "${tests[@]}" --parallel "$(nproc)" </dev/null ;;
        fuzz) "${tests[@]}" --parallel "$(nproc)" </dev/null ;;
        # Those that would disturb each other say so.
        reliability) as_root "${tests[@]}" --parallel "$(nproc)" </dev/null ;;
        # One after the other: they have deadlines, and count what a server was asked for.
        *) as_root "${tests[@]}" </dev/null ;;
    esac
}

bash packaging/install-dependencies.sh build test
# Before the tests, whose time is limited: the download of a server.
/usr/bin/python3 -B tests/support/python/openbao.py >/dev/null
# Results of an earlier run must not be counted as this one's.
results=build/test-results
rm -rf "$results"
mkdir -p "$results"
export CTEST_OUTPUT_ON_FAILURE=1 CMAKE_CXX_COMPILER_LAUNCHER=ccache CCACHE_SLOPPINESS=pch_defines,time_macros

has() { [[ " ${labels[*]} " == *" $1 "* ]]; }

build_and_run() {
    local broken=0
    for label in "$@"; do
        build "$(preset_of "$label")" || return
        run_label "$label" || broken=1
    done
    return $broken
}

# Machines that boot leave the processors idle: what is built and run for sanitizers is so meanwhile.
beside=()
rest=()
for label in "${labels[@]}"; do
    case $label in
        unit | fuzz) beside+=("$label") ;;
        systemd) ;;
        *) rest+=("$label") ;;
    esac
done
broken=0
if has systemd; then
    build release
    build_and_run "${beside[@]}" >"$results/beside.log" 2>&1 &
    run_label systemd || broken=1
    wait $! || broken=1
    cat "$results/beside.log"
    build_and_run "${rest[@]}" || broken=1
else
    build_and_run "${beside[@]}" "${rest[@]}" || broken=1
fi
/usr/bin/python3 -B tests/support/python/sum_results.py "$results" || broken=1
exit $broken
