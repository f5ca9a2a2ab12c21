#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need, builds, and runs them:  bash tests/run.sh [LABEL...]
# Labels: unit integration systemd fuzz reliability (all of them when none is named), and bench.
# Unit tests run under ASan and UBSan; the other suites drive the hardened binary that is shipped.
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

bash packaging/install-dependencies.sh build test
# Results of an earlier run must not be counted as this one's.
results=build/test-results
rm -rf "$results"
mkdir -p "$results"
export CTEST_OUTPUT_ON_FAILURE=1 CMAKE_CXX_COMPILER_LAUNCHER=ccache

build() {
    echo "== build $1"
    cmake --preset "$1" --log-level=WARNING
    cmake --build --preset "$1" -- --quiet
}

broken=0
run_label() {
    local preset=release
    [ "$1" != unit ] || preset=dev
    echo "== $1"
    ctest --test-dir "build/$preset" --label-regex "^$1\$" --parallel "$(jobs_of "$1")" \
        --output-junit "$PWD/$results/$1.xml" --no-tests=error </dev/null || broken=1
}

# Only unit tests are made to share the machine; the others have deadlines, or count requests.
jobs_of() {
    case $1 in
        unit) nproc ;;
        *) echo 1 ;;
    esac
}

for preset in dev release; do
    for label in "${labels[@]}"; do
        if { [ "$label" = unit ] && [ $preset = dev ]; } || { [ "$label" != unit ] && [ $preset = release ]; }; then
            build $preset
            break
        fi
    done
done
for label in "${labels[@]}"; do
    run_label "$label"
done
/usr/bin/python3 tests/support/python/sum_results.py "$results" || broken=1
exit $broken
