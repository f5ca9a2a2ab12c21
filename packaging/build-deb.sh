#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Builds the Debian package of this tree:  bash packaging/build-deb.sh OUTDIR [BUILD_DIR]
# The tree itself is left alone: what is built is a copy with packaging/debian at its top. With BUILD_DIR, of
# the preset `release`, nothing is compiled: the package holds the very programs that were tested there.
set -euo pipefail

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: bash packaging/build-deb.sh OUTDIR [BUILD_DIR]" >&2
    exit 64
fi
if [ $# -eq 2 ]; then
    INSTALL_CERT_BUILT=$(realpath "$2")
    export INSTALL_CERT_BUILT
fi
mkdir -p "$1"
out=$(realpath "$1")
cd "$(dirname "$0")/.."

bash packaging/install-dependencies.sh build package

# Always the same place, so that ccache knows the files again.
work=$PWD/build/package
tree=$work/install-cert
mkdir -p build
exec {lock}>build/package.lock
flock "$lock"
rm -rf "$work"
mkdir -p "$tree"
# Everything but what is built: a tree without git builds as well.
tar --exclude=./build --exclude=./.git --exclude=./.cache -cf - . | tar -xf - -C "$tree"
cp -r packaging/debian "$tree/debian"

log=$out/build.log
cd "$tree"
export CMAKE_CXX_COMPILER_LAUNCHER=ccache
export DEB_BUILD_OPTIONS="${DEB_BUILD_OPTIONS:-noautodbgsym parallel=$(nproc)}"
if ! dpkg-buildpackage --unsigned-source --unsigned-changes --build=binary >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "build-deb.sh: the build failed; all of its output is in $log" >&2
    exit 1
fi
cp "$work"/install-cert_*.deb "$work"/install-cert_*.changes "$work"/install-cert_*.buildinfo "$out"
ls "$out"/install-cert_*.deb
