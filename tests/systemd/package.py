# SPDX-License-Identifier: Apache-2.0
"""The Debian package of this tree, built once for all suites that need it."""
import fcntl
import os
import pathlib
import re
import subprocess

SOURCE = pathlib.Path(__file__).parents[2]
BUILT = SOURCE / "build" / "deb"
INPUTS = ("CMakeLists.txt", "agent", "lib", "cmake", "config", "systemd", "docs/man", "packaging")


def newest_input():
    """Of the program that is packed, of its sources, and of their directories, where files come and go."""
    paths = [pathlib.Path(os.environ["INSTALL_CERT"])]
    for name in INPUTS:
        paths += [SOURCE / name, *(SOURCE / name).rglob("*")]
    return max(path.stat().st_mtime for path in paths)


def built_package():
    """The path of the .deb; what was built after the last change is used again."""
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = sorted(BUILT.glob("install-cert_*.deb"))
        if len(found) != 1 or found[0].stat().st_mtime < newest_input():
            for old in BUILT.glob("install-cert_*"):
                old.unlink()
            # The programs that the other suites drive, packed: not others from the same source.
            programs = pathlib.Path(os.environ["INSTALL_CERT"]).parents[1]
            subprocess.run(["bash", str(SOURCE / "packaging/build-deb.sh"), str(BUILT), str(programs)], check=True,
                           env=os.environ | {"LC_ALL": "C.UTF-8"})
            found = sorted(BUILT.glob("install-cert_*.deb"))
        return found[0]


def next_version(package, directory):
    """The same package again, as a later version."""
    tree = directory / "tree"
    subprocess.run(["dpkg-deb", "--raw-extract", package, tree], check=True)
    control = tree / "DEBIAN/control"
    fields = control.read_text()
    version = re.search(r"^Version: (.+)$", fields, re.MULTILINE)[1]
    later = version + "+later"
    control.write_text(fields.replace(f"Version: {version}\n", f"Version: {later}\n"))
    made = directory / f"install-cert_{later}.deb"
    subprocess.run(["dpkg-deb", "--build", "--root-owner-group", tree, made], check=True, stdout=subprocess.DEVNULL)
    return made
