# SPDX-License-Identifier: Apache-2.0
"""Faults of docs/faults.md that no other suite shows: clocks, names, black holes, logs that nobody reads."""
import contextlib
import fcntl
import os
import pathlib
import signal
import socket
import subprocess
import threading
import time

import pytest
import yaml

from authority import Authority
from conftest import shipped
from host import snapshot
from openssl import assert_set
from scripted_vault import answer, issued
from test_files import mounted, out_of_inodes
from waiting import until

PKI = Authority("Scripted PKI")
FAKETIME = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


def faked(when):
    # Without the second line waits of the runtime's own would never end.
    return {"LD_PRELOAD": str(FAKETIME), "FAKETIME": when, "DONT_FAKE_MONOTONIC": "1"}


@pytest.fixture
def scripted_host(host, scripted):
    host.write_token("s.scripted")
    # No name of it asks for the address towards Vault, and so for Vault's own.
    certificate = {"common_name": "member", "alt_names": ["a.cluster.local"], "ip_sans": ["127.0.0.1"]}
    host.configure(shipped("etcd", host, scripted, certificates={"etcd-member": certificate}))
    scripted.script = lambda request: answer(issued(PKI, request))
    return host


def test_a_clock_at_1970_costs_nothing_and_is_named(etcd_host, bao):
    """Fault 4."""
    first = etcd_host.once("--timeout", "3s", **faked("@1970-01-02 00:00:00"))
    assert first.code == 69 and "clock" in first.err, first
    assert not list(etcd_host.certs.glob("*.pem"))
    installed = etcd_host.install()
    asked = len(bao.requests("/issue/"))
    again = etcd_host.run("once", "--timeout", "3s", **faked("@1970-01-02 00:00:00"))
    assert again.code == 0 and snapshot(etcd_host.certs) == installed, again
    assert len(bao.requests("/issue/")) == asked
    assert "clock" in etcd_host.run("once", "--dry-run", **faked("@1970-01-02 00:00:00")).out


def test_a_slow_clock_holds_the_answer_of_a_real_vault_until_it_is_valid(etcd_host, bao):
    """Fault 5. OpenBao dates certificates 30 s back; 5 s ahead of a clock are tolerated."""
    asked = len(bao.requests("/issue/"))
    started = time.monotonic()
    outcome = etcd_host.once(**faked("-38s"))
    assert outcome.code == 0, outcome
    assert 1 < time.monotonic() - started < 15
    assert "slow" in outcome.out + outcome.err
    assert len(bao.requests("/issue/")) == asked + 1
    assert_set(etcd_host.certs, "etcd-member")


@pytest.mark.parametrize("used", [False, True], ids=["not used yet", "used by somebody else"])
def test_a_wrapping_token_is_no_token_to_work_with(etcd_host, bao, used):
    """Fault 19."""
    wrapping = bao.wrap("auth/token/create-orphan", policies=["kluster-etcd-member"])
    if used:
        assert bao.call("POST", "sys/wrapping/unwrap", {}, token=wrapping)[0] == 200
    etcd_host.write_token(wrapping)
    outcome = etcd_host.once("--timeout", "2s")
    assert outcome.code == 77 and "unwrapped if it was wrapped" in outcome.err, outcome
    assert wrapping not in outcome.err + outcome.out
    assert not list(etcd_host.certs.glob("*.pem"))


def test_another_role_leaves_the_former_ones_files_alone_and_tells_of_them(etcd_host):
    """Fault 11. Once by the turn that meets the other role, and in the table for as long as they are there."""
    installed = etcd_host.install()
    etcd_host.change(role="worker")
    turns = [etcd_host.once("--timeout", "2s") for _ in range(2)]
    assert [("etcd-member in /etc/etcd/certs is no longer in the configuration" in turn.err) for turn in turns] == [True, False]
    assert snapshot(etcd_host.certs) == installed
    assert_set(etcd_host.certs, "etcd-member")

    rows = {row["name"]: row for row in etcd_host.run("status", "--json").json()["certificates"]}
    assert rows["etcd-member"]["health"] == "warning" and rows["etcd-member"]["not_after"]
    assert "wrong  no longer in the configuration: nobody renews it" in etcd_host.run("status").out
    assert etcd_host.run("remove", "etcd-member").code == 64

    assert etcd_host.run("remove", "--former", "--dry-run").out == "etcd-member: would be removed\n"
    assert snapshot(etcd_host.certs) == installed
    assert etcd_host.run("remove", "--former", "etcd-member").code == 0
    assert not list(etcd_host.certs.glob("*.pem"))
    assert "no longer in the configuration" not in etcd_host.run("status").out


def test_a_certificate_that_keeps_its_files_under_another_name_says_what_to_remove(etcd_host):
    values = etcd_host.values
    etcd_host.install()
    role = yaml.safe_load((etcd_host.inputs / "roles/etcd.yaml").read_text())
    etcd_host.configure({**{name: value for name, value in values.items() if name != "role"},
                         "certificates": {"member": role["certificates"]["etcd-member"]}})
    refused = etcd_host.once()
    assert refused.code == 73 and "install-cert remove --former etcd-member" in refused.err, refused
    assert etcd_host.run("remove", "--former", "etcd-member").code == 0
    assert etcd_host.once().code == 0
    assert_set(etcd_host.certs, "etcd-member")


def test_the_record_knows_to_whom_a_directory_may_belong(etcd_host):
    """The gate, which waits for ever where it judges wrong, and the removal of a set that was taken out."""
    etcd_host.change(certificates={"etcd-member": {"owner": "nobody", "group": "65533"}})
    etcd_host.install()
    os.chown(etcd_host.certs, 65534, 65533)
    etcd_host.certs.chmod(0o775)
    assert etcd_host.run("status", "--wait").code == 0
    etcd_host.change(role="worker", certificates={})
    etcd_host.once("--timeout", "2s")
    assert etcd_host.run("remove", "--former").code == 0
    assert not list(etcd_host.certs.iterdir())


# A name server of our own, in a mount namespace of the program's.
NAME_SERVER = "127.0.0.99"
ENTER = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'


@contextlib.contextmanager
def name_server(reply):
    """Answers each query by reply(query), not at all where that is None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((NAME_SERVER, 53))
        server.settimeout(0.1)
        over = threading.Event()

        def serve():
            while not over.is_set():
                with contextlib.suppress(TimeoutError):
                    query, peer = server.recvfrom(512)
                    if (said := reply(query)) is not None:
                        server.sendto(said, peer)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def header(query, flags, answers):
    """RFC 1035, 4.1.1, and the question again."""
    return query[:2] + flags.to_bytes(2, "big") + b"\0\1" + answers.to_bytes(2, "big") + b"\0\0\0\0"


def question(query):
    return query[12:query.index(b"\0", 12) + 5]


def no_such_name(query):
    return header(query, 0x8183, 0) + question(query)


def server_failure(query):
    return header(query, 0x8182, 0) + question(query)


def loopback(query):
    """::1, where nobody listens and which is tried first, and 127.0.0.1."""
    kind = question(query)[-4:-2]
    address = {b"\0\x1c": b"\0" * 15 + b"\1", b"\0\1": b"\x7f\0\0\1"}.get(kind)
    if address is None:
        return header(query, 0x8180, 0) + question(query)
    record = b"\xc0\x0c" + kind + b"\0\1\0\0\0\1" + len(address).to_bytes(2, "big") + address
    return header(query, 0x8180, 1) + question(query) + record


@pytest.mark.parametrize("reply, code", [(no_such_name, 69), (server_failure, 69), (lambda query: None, 69)],
                         ids=["no such name", "the server's failure", "silence"])
def test_a_name_that_does_not_resolve_is_waited_for_no_longer_than_the_time_out(scripted_host, scripted, reply, code):
    """Fault 31. The next turn asks for the name again, and goes through its addresses."""
    port = scripted.address.rpartition(":")[2]
    scripted_host.change(vault={**scripted_host.values["vault"], "address": f"https://vault.test:{port}",
                                "tls_server_name": "localhost"})
    resolver = scripted_host.write_input(scripted_host.inputs / "resolv.conf", f"nameserver {NAME_SERVER}\n", 0o644)
    switch = scripted_host.write_input(scripted_host.inputs / "nsswitch.conf", "hosts: dns\npasswd: files\n", 0o644)

    def once():
        started = time.monotonic()
        done = subprocess.run(["unshare", "--mount", "sh", "-c", ENTER, "sh", resolver, switch, scripted_host.program,
                               "once", "--timeout", "2s", "--config", scripted_host.config, "--root",
                               scripted_host.root], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        return done, time.monotonic() - started
    with name_server(reply):
        done, seconds = once()
    assert done.returncode == code and "vault.test" in done.stderr, done
    assert seconds < 5, seconds
    with name_server(loopback):
        done, _ = once()
    assert done.returncode == 0, done
    assert_set(scripted_host.certs, "etcd-member")


@pytest.mark.parametrize("patience, least, most", [("1s", 0.9, 4), ("20s", 4.9, 10)])
def test_a_black_hole_costs_five_seconds_and_no_more_than_the_time_out(scripted_host, patience, least, most):
    """Fault 32. A listener whose queue is full answers no further SYN."""
    with contextlib.ExitStack() as open_sockets:
        listener = open_sockets.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            waiting = open_sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        scripted_host.change(vault={**scripted_host.values["vault"],
                                    "address": f"https://127.0.0.1:{listener.getsockname()[1]}"})
        started = time.monotonic()
        outcome = scripted_host.once("--timeout", patience)
    assert outcome.code == 69 and "127.0.0.1" in outcome.err, outcome
    assert least < time.monotonic() - started < most


@pytest.mark.parametrize("kind", ["tmpfs", "overlay"])
def test_any_writable_file_system_will_do(scripted_host, tmp_path, kind):
    """Fault 64."""
    scripted_host.certs.mkdir(parents=True)
    options = "noexec,nosuid,nodev"
    if kind == "overlay":
        # An upper directory must not lie on an overlay itself, as a container's root does.
        layers = tmp_path / "layers"
        layers.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "tmpfs", layers], check=True)
        for name in ("lower", "upper", "work"):
            (layers / name).mkdir()
        options += f",lowerdir={layers}/lower,upperdir={layers}/upper,workdir={layers}/work"
    subprocess.run(["mount", "-t", kind, "-o", options, kind, scripted_host.certs], check=True)
    try:
        scripted_host.install()
        assert scripted_host.renew().code == 0
        assert_set(scripted_host.certs, "etcd-member")
    finally:
        subprocess.run(["umount", "--lazy", scripted_host.certs], check=True)
        if kind == "overlay":
            subprocess.run(["umount", "--lazy", tmp_path / "layers"], check=True)


def test_a_daemon_that_is_told_to_stop_in_mid_turn_is_gone_at_once(scripted_host, scripted):
    """Faults 70, 87. It runs without NOTIFY_SOCKET."""
    installed = scripted_host.install()
    scripted_host.change(certificates={"etcd-member": {"common_name": "renamed", "alt_names": [], "ip_sans": []}})
    entered, release = scripted.hold()
    daemon = scripted_host.start("run")
    try:
        assert entered(20)
        worker, = map(int, pathlib.Path(f"/proc/{daemon.pid}/task/{daemon.pid}/children").read_text().split())
        started = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        _, err = daemon.communicate(timeout=20)
    finally:
        release()
    assert daemon.returncode == 0, err
    assert time.monotonic() - started < 5
    assert not pathlib.Path(f"/proc/{worker}").exists()
    assert snapshot(scripted_host.certs) == installed


def test_a_log_that_nobody_reads_keeps_no_certificate_back(scripted_host):
    """Fault 89."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETFL, os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while os.write(writer, b"x" * 4096):
            pass
    fcntl.fcntl(writer, fcntl.F_SETFL, 0)
    process = subprocess.Popen([scripted_host.program, "--config", scripted_host.config, "--root", scripted_host.root,
                                "once"], stdin=subprocess.DEVNULL, stdout=writer, stderr=writer)
    os.close(writer)
    try:
        until((scripted_host.certs / "etcd-member.pem").exists, 20, "the set to be published")
        assert_set(scripted_host.certs, "etcd-member")
        assert process.poll() is None, "it was expected to wait for its reader"
    finally:
        with open(reader, "rb") as pipe:
            pipe.read()
    assert process.wait(20) == 0


def test_a_disk_that_others_fill_while_the_server_answers_costs_no_more_than_the_budget(scripted_host, scripted):
    """Faults 55, 90. It was proven to have room before."""
    scripted_host.change(renewal={"on_boot": "when_due"})
    with mounted(scripted_host.certs, "-t", "tmpfs", "-o", "nr_inodes=64", "tmpfs"):
        installed = scripted_host.install()
        certificate = {**scripted_host.values["certificates"]["etcd-member"], "ttl": "240h"}
        scripted_host.change(certificates={"etcd-member": certificate})
        before, codes = len(scripted.requests), []
        for _ in range(14):
            with contextlib.ExitStack() as others:
                def fill(request):
                    others.enter_context(out_of_inodes(scripted_host))
                    return answer(issued(PKI, request))
                scripted.script = fill
                codes.append(scripted_host.once("--timeout", "1s").code)
            assert snapshot(scripted_host.certs) == installed
        asked = [request for request in scripted.requests[before:] if "/issue/" in request.path]
        assert 2 <= len(asked) <= 10, codes
        assert codes[0] == 73 and codes[-1] == 75, codes
