# SPDX-License-Identifier: Apache-2.0
"""The Debian package as a file: what lintian says, what is in it, what its scripts would do."""
import os
import pathlib
import re
import subprocess

import pytest

from package import built_package


@pytest.fixture(scope="module")
def package():
    return built_package()


def contents(package):
    listed = subprocess.run(["dpkg-deb", "--contents", package], check=True, capture_output=True, text=True).stdout
    return {line.split()[5].removeprefix("."): line.split()[0] for line in listed.splitlines()}


def scripts(package, directory):
    subprocess.run(["dpkg-deb", "--control", package, directory], check=True)
    return {path.name: path.read_text() for path in directory.iterdir() if path.name in ("preinst", "postinst", "prerm", "postrm")}


def test_lintian_has_no_complaint(package):
    changes = next(package.parent.glob("install-cert_*.changes"))
    done = subprocess.run(["lintian", "--allow-root", "--fail-on", "error,warning", str(changes)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", [
    "/usr/bin/install-cert",
    "/lib/systemd/system/install_cert.service",
    "/lib/systemd/system/install_cert-ready.service",
    "/usr/lib/systemd/catalog/install_cert.catalog",
    "/usr/lib/tmpfiles.d/install-cert.conf",
    "/usr/share/install-cert/roles/etcd.yaml",
    "/usr/share/install-cert/roles/controller.yaml",
    "/usr/share/install-cert/roles/worker.yaml",
    "/usr/share/doc/install-cert/examples/config.yaml.example",
    "/usr/share/man/man1/install-cert.1.gz",
    "/usr/share/man/man5/install-cert.yaml.5.gz",
])
def test_it_holds_what_a_host_needs(package, path):
    assert path in contents(package)


def test_it_holds_what_an_installation_from_source_puts_on_a_host(package, tmp_path):
    """The machines of the other files have this package; with `cmake --install` a host has the same."""
    build = pathlib.Path(os.environ["INSTALL_CERT"]).resolve().parents[1]
    subprocess.run(["cmake", "--install", str(build), "--prefix", "/usr"], check=True,
                   env=os.environ | {"DESTDIR": str(tmp_path)}, stdout=subprocess.DEVNULL)
    installed = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    packed = {path.lstrip("/") for path, mode in contents(package).items() if mode.startswith("-")}
    # Debian's own: pages are compressed, and a package comes with papers.
    papers = r"/doc/install-cert/(changelog|copyright)|/lintian/overrides/"
    packed = {path.removesuffix(".gz") for path in packed if not re.search(papers, path)}
    assert packed == {re.sub("^usr/(lib/systemd/system/)", r"\1", path) for path in installed}


def test_it_depends_on_what_it_loads_only_when_needed(package):
    """libcurl is opened by dlopen(3), which dpkg-shlibdeps cannot see."""
    depends = subprocess.run(["dpkg-deb", "--field", package, "Depends"], check=True, capture_output=True, text=True).stdout
    assert re.search(r"\blibcurl4\b", depends)


def test_nothing_of_it_binds_a_consumer(package):
    """Drop-ins are shipped to be copied; configuration is the operator's."""
    files = [path for path, mode in contents(package).items() if mode.startswith("-")]
    assert [path for path in files if path.startswith("/etc/")] == []
    drop_ins = [path for path in files if ".service.d/" in path]
    assert drop_ins
    assert all(path.startswith("/usr/share/doc/install-cert/examples/systemd/") for path in drop_ins)


def test_no_script_waits_for_the_agent_to_start(package, tmp_path):
    starts = [line.strip() for text in scripts(package, tmp_path).values() for line in text.splitlines()
              if re.search(r"systemctl.*\s(start|restart|try-restart|reload)\s|deb-systemd-invoke(?!.* stop )", line)]
    assert starts
    assert [line for line in starts if "--no-block" not in line] == []


def test_no_script_touches_the_gate(package, tmp_path):
    assert [name for name, text in scripts(package, tmp_path).items() if "install_cert-ready" in text] == []


def test_only_a_purge_removes_state_and_none_removes_certificates(package, tmp_path):
    found = scripts(package, tmp_path)
    removals = [(name, line.strip()) for name, text in found.items() for line in text.splitlines() if re.match(r"\s*rm ", line)]
    assert removals == [("postrm", "rm -rf /var/lib/install-cert /run/install-cert")]
    assert re.search(r'if \[ "\$1" = purge \]; then\s+rm -rf', found["postrm"])
