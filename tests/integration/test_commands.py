# SPDX-License-Identifier: Apache-2.0
"""What an operator types: status, inspect, renew, remove, usage; each with its exit code and its words."""
import datetime
import pathlib
import re
import subprocess
import tempfile

import pytest

from authority import MINUTE, Authority, Order, pem
from conftest import shipped
from host import Host, snapshot
from openssl import assert_set, leaf, serial
from waiting import until

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def break_key(host):
    host.install()
    (host.certs / "etcd-member-key.pem").resolve().unlink()


def break_certificate(host):
    host.install()
    (host.certs / "etcd-member.pem").resolve().write_text("garbage")


def broken_config(host):
    host.install()
    host.write_input(host.config, "role: etcd\nclutser: kluster\n")


STATES = [
    ("good", Host.install, 0, "ok"),
    ("nothing installed", lambda host: None, 2, "critical"),
    ("a missing key", break_key, 2, "critical"),
    ("a broken certificate", break_certificate, 2, "critical"),
    ("a broken configuration", broken_config, 3, None),
]


@pytest.mark.parametrize("arrange, code, health", [row[1:] for row in STATES], ids=[row[0] for row in STATES])
def test_status_tells_the_health_by_its_exit_code(etcd_host, arrange, code, health):
    arrange(etcd_host)
    before = snapshot(etcd_host.root)
    table, machine = etcd_host.run("status"), etcd_host.run("status", "--json")
    assert (table.code, machine.code) == (code, code), (table, machine)
    assert snapshot(etcd_host.root) == before
    if health:
        assert machine.json()["health"] == health
        assert "etcd-member" in table.out
    else:
        assert "clutser" in table.err and "cluster" in table.err


def test_status_as_json_has_every_field_for_machines(etcd_host):
    etcd_host.install()
    certificate = etcd_host.certs / "etcd-member.pem"
    report = etcd_host.run("status", "--json").json()
    assert report["version"] == 1 and isinstance(report["token"], dict)
    row, = report["certificates"]
    assert row.keys() >= {"name", "health", "paths", "common_name", "sans", "organization", "issuer", "serial",
                          "not_before", "not_after", "next_renewal", "last_error", "reloads_owed"}
    assert row["name"] == "etcd-member" and row["health"] == "ok" and row["last_error"] is None
    assert str(certificate) in row["paths"] and len(row["paths"]) == 4
    assert int(row["serial"].replace(":", ""), 16) == serial(certificate)
    assert "127.0.0.1" in row["sans"]
    assert all(RFC3339.fullmatch(row[name]) for name in ("not_before", "not_after", "next_renewal"))
    times = [datetime.datetime.fromisoformat(row[name].replace("Z", "+00:00"))
             for name in ("not_before", "next_renewal", "not_after")]
    assert times == sorted(times)
    assert times[2].replace(tzinfo=None) == leaf(certificate).not_valid_after


def test_status_remembers_the_last_error_and_forgets_it_when_it_is_over(etcd_host, tokens):
    etcd_host.install()
    etcd_host.write_token("s.nonsense")
    assert etcd_host.renew("--timeout", "2s").code == 77
    row, = etcd_host.run("status", "--json").json()["certificates"]
    assert "token" in row["last_error"] and "nonsense" not in row["last_error"]
    etcd_host.write_token(tokens["etcd-member"])
    assert etcd_host.renew().code == 0
    row, = etcd_host.run("status", "--json").json()["certificates"]
    assert row["last_error"] is None


def test_no_colour_where_no_terminal_is(etcd_host):
    etcd_host.install()
    for command in (["status"], ["inspect", etcd_host.certs], ["once"]):
        outcome = etcd_host.run(*command)
        assert "\x1b" not in outcome.out + outcome.err


PKI = Authority("By hand")


def pair(directory, stem="web", suffix="pem", **changes):
    certificate, key = PKI.issue(Order("web", ("web.example.com",), **changes))
    names = {"pem": (f"{stem}.pem", f"{stem}-key.pem"), "crt": (f"{stem}.crt", f"{stem}.key")}[suffix]
    for name, text in zip((*names, "ca.pem"), (certificate, key, pem(PKI.certificate))):
        (directory / name).write_text(text)


def foreign_key(directory):
    pair(directory)
    (directory / "web-key.pem").write_text(PKI.issue(Order("other"))[1])


def foreign_ca(directory):
    pair(directory)
    (directory / "ca.pem").write_text(pem(Authority("Stranger").certificate))


def foreign_key_of_a_ca(directory):
    (directory / "web.pem").write_text(pem(PKI.certificate))
    (directory / "web-key.pem").write_text(PKI.issue(Order("other"))[1])


INSPECTED = [
    ("a pair and its CA", pair, 0, "web"),
    ("named as .crt and .key", lambda directory: pair(directory, suffix="crt"), 0, "web"),
    ("expired", lambda directory: pair(directory, start=-60 * MINUTE, end=-MINUTE), 2, "expired"),
    ("in its last tenth", lambda directory: pair(directory, start=-1000 * MINUTE, end=MINUTE), 2, "web"),
    ("another key", foreign_key, 2, "key"),
    ("another key beside a CA", foreign_key_of_a_ca, 2, "key"),
    ("another CA", foreign_ca, 2, "web"),
    ("garbage", lambda directory: (directory / "web.pem").write_text("-----BEGIN CERTIFICATE-----\nx\n"), 2, "web.pem"),
]


@pytest.mark.parametrize("arrange, code, word", [row[1:] for row in INSPECTED], ids=[row[0] for row in INSPECTED])
def test_inspect_judges_any_files(host, tmp_path, arrange, code, word):
    directory = tmp_path / "pem"
    directory.mkdir()
    arrange(directory)
    outcome = host.run_bare("inspect", directory)
    assert outcome.code == code, outcome
    assert word in outcome.out + outcome.err, outcome
    machine = host.run_bare("inspect", "--json", directory)
    assert machine.code == code and machine.json()["version"] == 1
    assert len(machine.json()["certificates"]) >= 1


def test_inspect_needs_no_configuration_and_sees_what_we_installed(etcd_host):
    etcd_host.install()
    outcome = etcd_host.run_bare("inspect", etcd_host.certs)
    assert outcome.code == 0, outcome
    assert "etcd-member" in outcome.out


def test_inspect_of_nothing_is_unknown(host, tmp_path):
    assert host.run_bare("inspect", tmp_path / "nothing").code == 3


def test_remove_takes_ours_away_and_leaves_the_rest(etcd_host):
    etcd_host.certs.mkdir(parents=True)
    (etcd_host.certs / "theirs.pem").write_text("x")
    etcd_host.install()
    assert etcd_host.run("remove").code == 0
    assert [path.name for path in etcd_host.certs.iterdir()] == ["theirs.pem"]
    assert etcd_host.run("remove").code == 0


def test_remove_takes_only_what_is_named(host, bao, tokens):
    host.write_token(tokens["controller"])
    host.configure(shipped("controller", host, bao))
    assert host.once().code == 0
    assert host.run("remove", "kube-apiserver").code == 0
    assert_set(host.certs, "etcd-member")
    assert list(host.certs.glob("kube-apiserver*")) == []


def test_remove_can_revoke(etcd_host, bao):
    etcd_host.install()
    number = f"{serial(etcd_host.certs / 'etcd-member.pem'):x}"
    etcd_host.write_token(bao.root_token)
    outcome = etcd_host.run("remove", "--revoke")
    assert outcome.code == 0, outcome
    number = number.zfill(len(number) + len(number) % 2)
    path = ":".join(re.findall("..", number))
    assert bao.read(f"kluster/pki/etcd-member/cert/{path}")["data"]["revocation_time"] > 0


def test_a_revocation_that_is_refused_leaves_the_files(etcd_host):
    installed = etcd_host.install()
    outcome = etcd_host.run("remove", "--revoke")
    assert outcome.code == 77, outcome
    assert snapshot(etcd_host.certs) == installed


USAGE = [
    ("an unknown command", ["onec"], "once"),
    ("an unknown option", ["once", "--dryrun"], "--dry-run"),
    ("an unknown certificate", ["once", "etcd-membre"], "etcd-member"),
    ("an unknown certificate to renew", ["renew", "nobody"], "nobody"),
    ("an unknown certificate to remove", ["remove", "nobody"], "nobody"),
    ("a time-out that is no time", ["once", "--timeout", "soon"], "soon"),
    ("nothing to inspect", ["inspect"], "inspect"),
]


@pytest.mark.parametrize("arguments, word", [row[1:] for row in USAGE], ids=[row[0] for row in USAGE])
def test_a_wrong_command_line_is_64_and_names_the_right_one(etcd_host, arguments, word):
    outcome = etcd_host.run(*arguments)
    assert outcome.code == 64, outcome
    assert outcome.err.startswith("install-cert: ") and word in outcome.err, outcome
    assert snapshot(etcd_host.root) == {}


def test_global_options_stand_before_or_after_the_command(etcd_host):
    for arguments in (["--config", etcd_host.config, "once", "--root", etcd_host.root],
                      ["once", f"--config={etcd_host.config}", f"--root={etcd_host.root}"]):
        outcome = etcd_host.run_bare(*arguments)
        assert outcome.code == 0, outcome
    assert_set(etcd_host.certs, "etcd-member")


CONFIGURATIONS = [
    ("an unknown key", "vualt: {address: 'https://v'}", "vault"),
    ("a duplicate key", "cluster: a\ncluster: b", "cluster"),
    ("a second document", "---\ncluster: b", ""),
    ("an anchor", "variables: &x {a: b}", ""),
    ("a tab", "variables:\n\ta: b", ""),
    ("no UTF-8", b"variables: {a: \xff}", ""),
    ("more than a megabyte", "# " + "x" * (1 << 20), ""),
    ("a mode that is a number", "certificates: {etcd-member: {files: {key: {name: k.pem, mode: 0600}}}}", "0600"),
    ("a wide key", "certificates: {etcd-member: {files: {key: {name: k.pem, mode: '0644'}}}}", "0644"),
    ("an undefined variable", "certificates: {etcd-member: {common_name: '${nobody}'}}", "nobody"),
    ("a relative directory", "certificates: {etcd-member: {directory: etc}}", "directory"),
    ("a file name with a slash", "certificates: {etcd-member: {files: {ca: ../ca.pem}}}", "../ca.pem"),
    ("a ttl that is not positive", "certificates: {etcd-member: {ttl: 0s}}", "ttl"),
    ("rekey never with issue", "certificates: {etcd-member: {rekey: never}}", "rekey"),
]


@pytest.mark.parametrize("addition, word", [row[1:] for row in CONFIGURATIONS], ids=[row[0] for row in CONFIGURATIONS])
def test_a_bad_configuration_is_78_at_file_line_and_column(etcd_host, bao, addition, word):
    """Fault 91."""
    installed = etcd_host.install()
    text = etcd_host.config.read_bytes() + (addition if isinstance(addition, bytes) else addition.encode()) + b"\n"
    etcd_host.config.write_bytes(text)
    before = len(bao.requests(""))
    outcome = etcd_host.once()
    assert outcome.code == 78, outcome
    assert re.search(r"config\.yaml(:\d+:\d+)?: ", outcome.err) and word in outcome.err, outcome
    assert snapshot(etcd_host.certs) == installed
    assert len(bao.requests("")) == before


def test_a_configuration_that_others_may_write_is_refused(etcd_host):
    """Fault 101."""
    etcd_host.config.chmod(0o666)
    outcome = etcd_host.once()
    assert outcome.code == 78 and "config.yaml" in outcome.err, outcome


def test_a_missing_configuration_is_said(etcd_host):
    """Fault 91."""
    etcd_host.config.unlink()
    outcome = etcd_host.once()
    assert outcome.code == 78 and "config.yaml" in outcome.err, outcome


def test_every_error_is_told_at_once(etcd_host):
    etcd_host.write_input(etcd_host.config,
                          "role: etcd\nclutser: kluster\nrenewal: {at: tomorrow}\nvault: {adress: x}\n")
    outcome = etcd_host.once()
    assert outcome.code == 78
    assert [bool(re.search(rf"config\.yaml:{line}:\d+:", outcome.err)) for line in (2, 3, 4)] == [True] * 3, outcome


ASK = """import contextlib, socket, sys
control = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
control.connect(sys.argv[1])
with contextlib.suppress(BrokenPipeError, ConnectionResetError):
    control.send(b"renew\\0")
    sys.stdout.buffer.write(control.recv(100))
"""


def asked_by(user, control):
    """What the daemon answers to a request for a renewal; nothing where it hangs up."""
    return subprocess.run(["/usr/bin/python3", "-c", ASK, control], user=user, group=user, extra_groups=[],
                          stdout=subprocess.PIPE, check=True, timeout=20).stdout


def test_the_daemon_hears_root_alone_even_where_its_socket_is_open(scripted):
    """Fault S14."""
    # pytest's own directories are closed to others.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        host = Host(pathlib.Path(directory))
        host.write_token("s.scripted")
        host.configure(shipped("etcd", host, scripted))
        daemon = host.start("run")
        try:
            control = host.root / "run/install-cert/control"
            until(control.exists, 20, "the daemon to listen")
            assert asked_by(0, control) == b"0"
            for path in (control, *control.parents[:-3]):
                path.chmod(0o777)
            assert asked_by(65534, control) == b""
        finally:
            daemon.terminate()
            daemon.communicate(timeout=20)


def test_an_operators_requests_keep_ten_seconds_apart(etcd_host, bao):
    """Fault 100."""
    etcd_host.install()
    before = len(bao.requests("/issue/"))
    outcome = etcd_host.run("renew", "--timeout", "1s")
    assert outcome.code == 75, outcome
    assert len(bao.requests("/issue/")) == before
