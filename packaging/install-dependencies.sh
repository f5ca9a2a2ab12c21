#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The one list of Debian packages. Installs those of the named purposes that are missing:
#   bash packaging/install-dependencies.sh build|try|package|test|develop...
# Root, or a user with sudo. With nothing missing it is quick and asks no network.
set -euo pipefail

build=(g++ cmake ninja-build pkg-config ccache ca-certificates
       libcurl4-openssl-dev libssl-dev libyaml-dev libsystemd-dev rapidjson-dev)
# OpenBao itself comes from PyPI (tests/support/python/openbao.py); its scripts need these.
try=(python3 python3-pip python3-cryptography python3-yaml openssl jq curl)
package=(debhelper dpkg-dev)
test=("${try[@]}" catch2 python3-pytest iproute2 etcd-server etcd-client
      debootstrap systemd-container "${package[@]}" lintian binutils
      strace gdb e2fsprogs xfsprogs libfaketime clang-19 libclang-rt-19-dev)
develop=(clang-format-19 clang-tidy-19)

wanted=()
for purpose in "$@"; do
    case $purpose in
        build) wanted+=("${build[@]}") ;;
        try) wanted+=("${try[@]}") ;;
        package) wanted+=("${package[@]}") ;;
        test) wanted+=("${test[@]}") ;;
        develop) wanted+=("${develop[@]}") ;;
        *) echo "usage: $0 build|try|package|test|develop..." >&2; exit 64 ;;
    esac
done

missing=()
for package in "${wanted[@]}"; do
    case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true) in
        installed) ;;
        *) missing+=("$package") ;;
    esac
done
if [ ${#missing[@]} -eq 0 ]; then
    exit 0
fi

as_root=()
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "install-dependencies: missing: ${missing[*]}; install them as root, since there is no sudo here" >&2
        exit 1
    fi
    as_root=(sudo)
fi

# The package starts an etcd of its own on the host; the tests start theirs on free addresses.
if [ -d /run/systemd/system ] && [[ " ${missing[*]} " == *" etcd-server "* ]]; then
    echo "etcd.service is masked, so that the package does not start it: systemctl unmask etcd brings it back"
    "${as_root[@]}" systemctl mask --quiet etcd.service
fi

echo "installing ${missing[*]}"
apt=(env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Acquire::Retries=3 -o Dpkg::Use-Pty=0)
"${as_root[@]}" "${apt[@]}" update
"${as_root[@]}" "${apt[@]}" install --yes --no-install-recommends "${missing[@]}" </dev/null >/dev/null
