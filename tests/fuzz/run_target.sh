#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target:  run_target.sh all|corpus PROGRAM TARGET SEEDS
# First every input of its corpus and of its seeds; with `all`, then new inputs for FUZZ_SECONDS, where it is set.
# What breaks it is kept in SEEDS/../found/TARGET.
set -euo pipefail
what=$1 program=$2 target=$3 seeds=$4
here=$(dirname "$(readlink -f "$0")")
found=$seeds/../found/$target
mkdir -p "$found" "$seeds/$target" "$seeds/large/$target"

limits=(-timeout=10 -rss_limit_mb=1500 -artifact_prefix="$found/")
mapfile -t inputs < <(find "$here/corpus/$target" "$seeds/$target" "$seeds/large/$target" -type f | sort)
echo "$target: ${#inputs[@]} inputs of the corpus"
[ ${#inputs[@]} -gt 0 ]
"$program" "${limits[@]}" "${inputs[@]}" 2>&1 |
    sed -e '/^Running: /d' -e '/^Executed /d' -e '/^INFO: /d' -e '/^\*\*\*/d'

if [ "$what" = all ] && [ -n "${FUZZ_SECONDS:-}" ]; then
    new=$seeds/../new/$target
    mkdir -p "$new"
    options=("${limits[@]}" -max_total_time="$FUZZ_SECONDS" -max_len=8192 -print_final_stats=1 -verbosity=0)
    [ ! -f "$here/$target.dict" ] || options+=(-dict="$here/$target.dict")
    "$program" "${options[@]}" "$new" "$seeds/$target" "$here/corpus/$target" 2>&1
fi
