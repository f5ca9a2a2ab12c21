#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fails where a mutant's patch does not fit the source any more:  check_patches.sh TOP PATCH...
set -euo pipefail
cd "$1"
shift
misfits=0
for patch in "$@"; do
    source=$(sed -n 's#^--- a/##p' "$patch")
    patch --dry-run --silent --forward --fuzz=0 --output=/dev/null "$source" "$patch" >/dev/null || {
        echo "$patch does not fit $source"
        misfits=$((misfits + 1))
    }
done
echo "$misfits of $# patches do not fit"
[ $misfits -eq 0 ] && [ $# -gt 0 ]
