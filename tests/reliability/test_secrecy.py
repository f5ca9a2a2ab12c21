# SPDX-License-Identifier: Apache-2.0
"""Tokens and keys are where they belong and nowhere else: not in what is printed, logged, remembered or handed to
consumers, nor in memory once they have been used."""
import contextlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

import canary
import kluster
from authority import Authority
from host import Host
from journal import journal
from openbao import OpenBao
from scripted_vault import Reply, ScriptedVault, answer, issued
from waiting import until

AGENT = pathlib.Path(os.environ["INSTALL_CERT"])
MUTANTS = pathlib.Path(os.environ["MUTANTS"])
SUM_RESULTS = pathlib.Path(__file__).resolve().parents[1] / "support/python/sum_results.py"
PKI = Authority("Scripted PKI")
TOKEN = "canary-0token1of2a3test4which5nobody6else7has8"
HOOK = """#!/bin/sh
{{ env; pwd; ls -l /proc/self/fd; tr '\\0' '\\n' </proc/$PPID/cmdline; }} >{inputs}/seen 2>&1
touch {inputs}/entered
exec cat {inputs}/gate >/dev/null
"""


@pytest.fixture(scope="module")
def authority():
    return Authority("Listener CA")


@pytest.fixture(scope="module")
def bao(tmp_path_factory, authority):
    with OpenBao(tmp_path_factory.mktemp("openbao"), authority) as server:
        kluster.set_up(server)
        for kind, bits in (("ec", 256), ("rsa", 2048)):
            kluster.make_role(server, "kluster/pki/etcd-member", kind, key_type=kind, key_bits=bits)
        policy = kluster.grants("kluster/pki/etcd-member/issue/*", "kluster/pki/etcd-member/sign/*")
        server.write("sys/policies/acl/canary", policy=policy)
        server.write("auth/token/create-orphan", id=TOKEN, policies=["canary"], period="768h")
        yield server


@pytest.fixture(scope="module")
def scripted(tmp_path_factory, authority):
    server = ScriptedVault(tmp_path_factory.mktemp("scripted"), authority)
    yield server
    server.stop()


@pytest.fixture
def make_host(tmp_path):
    """A host of the role etcd whose consumer is a command that looks around and then waits at a gate."""
    def make(server, program=AGENT, directory=None, **changes):
        directory = directory or tmp_path / "host"
        directory.mkdir(exist_ok=True)
        host = Host(directory, program)
        host.write_token(TOKEN)
        os.mkfifo(host.inputs / "gate")
        hook = host.write_input(host.inputs / "hook", HOOK.format(inputs=host.inputs), mode=0o755)
        host.configure({"role": "etcd", "cluster": "kluster",
                        "vault": {"address": server.address, "ca_cert": str(server.ca_file),
                                  "auth": {"token_file": str(host.token_file)}},
                        "certificates": {"etcd-member": {"common_name": "member", "alt_names": ["a.cluster.local"],
                                                         "consumers": [{"command": [str(hook)]}], **changes}}})
        return host
    return make


def open_gate(host):
    """Lets the consumer's command end."""
    with open(host.inputs / "gate", "w"):
        pass
    (host.inputs / "entered").unlink()


def at_the_gate(host):
    until((host.inputs / "entered").exists, 30, "the consumer's command to run")


def key_of(host):
    return (host.certs / "etcd-member-key.pem").read_text()


def secrets(host):
    return canary.token_forms(TOKEN) | canary.key_forms(key_of(host))


def visible(pid):
    """What everybody, or whoever looks into /proc as root, reads of a process beside its memory."""
    proc = pathlib.Path(f"/proc/{pid}")
    targets = [os.readlink(fd) for fd in (proc / "fd").iterdir()]
    return [(proc / "cmdline").read_bytes(), (proc / "environ").read_bytes(), "\n".join(targets).encode()]


def open_secrets(host, pid):
    """Descriptors of a process that lead to a file with a secret."""
    targets = {os.readlink(fd) for fd in pathlib.Path(f"/proc/{pid}/fd").iterdir()}
    belonging = {host.token_file, *((host.certs / name).resolve() for name in
                                    ("etcd-member-key.pem", "kube-bundle.certs"))}
    return targets & {str(path) for path in belonging}


def remembered(host):
    """Every file that the agent wrote, but for keys and Vault's answers, which are told by their configured names."""
    return [path.read_bytes() for path in host.root.rglob("*") if path.is_file() and not path.is_symlink()
            and path.name not in ("etcd-member-key.pem", "kube-bundle.certs")]


def spilled_at_the_gate(host, process):
    """Where the secrets are while a consumer's command runs."""
    forms = secrets(host)
    return {"memory": canary.found(forms, *canary.writable_memory(process)),
            "/proc": canary.found(forms, *visible(process)), "descriptors": sorted(open_secrets(host, process)),
            "the command's surroundings": canary.found(forms, (host.inputs / "seen").read_bytes()),
            "files": canary.found(forms, *remembered(host))}


def spilled_by_a_turn(host):
    """Runs `once` to its end; everything that came to light on the way, nothing left out."""
    process = host.start("once", "--reload")
    at_the_gate(host)
    found = spilled_at_the_gate(host, process.pid)
    open_gate(host)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, (out, err)
    found["output"] = canary.found(secrets(host), out.encode(), err.encode())
    return {place: forms for place, forms in found.items() if forms}


@pytest.mark.parametrize("method, kind", [("issue", "ec"), ("issue", "rsa"), ("sign", "ec"), ("sign", "rsa")])
def test_nothing_is_left_of_token_and_key_when_a_consumer_is_told(bao, make_host, method, kind):
    """Faults S10, S11."""
    host = make_host(bao, method=method, role=kind, **({"key_type": kind} if method == "sign" else {}))
    assert spilled_by_a_turn(host) == {}
    surroundings = (host.inputs / "seen").read_text()
    assert "\n/\n" in surroundings and "VAULT" not in surroundings


@pytest.mark.parametrize("mutant, place", [("nothing_wiped", "memory"), ("freed_as_it_is", "memory"),
                                           ("token_kept", "memory"), ("token_in_an_error", "output")])
def test_a_program_that_spills_is_caught(bao, scripted, make_host, mutant, place):
    if place == "memory":
        assert place in spilled_by_a_turn(make_host(bao, MUTANTS / mutant))
        return
    scripted.script = lambda request: Reply(b'{"errors":["permission denied"]}', 403)
    outcome = make_host(scripted, MUTANTS / mutant).once("--timeout", "2s")
    assert outcome.code == 77 and canary.found(canary.token_forms(TOKEN), outcome.err.encode()), outcome


def test_the_scan_finds_the_token_while_it_is_in_use(scripted, make_host):
    """Else an empty finding would prove nothing. What is in use is in memory alone, and nobody may look there."""
    host = make_host(scripted)
    entered, release = scripted.hold()
    process = host.start("once", VAULT_TOKEN=TOKEN + "other")
    assert entered(20)
    forms = canary.token_forms(TOKEN)
    assert "the token" in canary.found(forms, *canary.writable_memory(process.pid))
    assert canary.found(forms, *visible(process.pid)) == []
    assert open_secrets(host, process.pid) == set()
    limits = pathlib.Path(f"/proc/{process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    release()
    process.communicate(timeout=30)


def core_of(pid, directory):
    """What gdb writes of a process for root; for anybody else it may not."""
    subprocess.run(["gcore", "-o", directory / "core", str(pid)], check=True, capture_output=True)
    return (directory / f"core.{pid}").read_bytes()


def test_a_core_that_root_takes_holds_secrets_only_while_they_are_in_use(scripted, make_host, tmp_path):
    """Fault S11."""
    host = make_host(scripted)
    entered, release = scripted.hold()
    held = scripted.script
    scripted.script = lambda request: held(request) and answer(issued(PKI, request))
    process = host.start("once", "--reload")
    assert entered(20)
    assert "the token" in canary.found(canary.token_forms(TOKEN), core_of(process.pid, tmp_path))
    release()
    at_the_gate(host)
    core = core_of(process.pid, tmp_path)
    assert canary.found({"the hook's path": bytes(host.inputs / "hook")}, core)
    assert canary.found(secrets(host), core) == []
    open_gate(host)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, (out, err)


def test_a_user_may_not_look_into_a_process_of_his_own(scripted, make_host):
    """Faults 76, S11."""
    nobody = {"user": 65534, "group": 65534, "extra_groups": []}
    # pytest's own directories are closed to others.
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        os.chmod(directory, 0o755)
        host = make_host(scripted, directory=pathlib.Path(directory), owner="nobody", group="nogroup")
        for path in (host.token_file, host.root):
            os.chown(path, 65534, 65534)
        program = shutil.copy(AGENT, directory)
        ca_file = host.write_input(host.inputs / "ca.pem", scripted.ca_file.read_text(), mode=0o644)
        host.change(vault={**host.values["vault"], "ca_cert": str(ca_file)})
        host.config.chmod(0o644)
        entered, release = scripted.hold()
        process = subprocess.Popen([program, "--config", host.config, "--root", host.root, "once"], **nobody,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   env={"PATH": "/usr/bin:/bin"})
        try:
            assert entered(10), process.communicate(timeout=20)
            peek = subprocess.run(["head", "-c", "1", f"/proc/{process.pid}/environ"], **nobody, capture_output=True,
                                  text=True)
            assert peek.returncode != 0 and "Permission denied" in peek.stderr, peek
            # proc(5): root's where the process is not dumpable.
            assert os.stat(f"/proc/{process.pid}/environ").st_uid == 0
        finally:
            release()
            process.communicate(timeout=30)


# Whatever is asked, and whatever a server answers to it.
def quoting(request):
    """A proxy that shows the developer what it got."""
    return Reply(f"<pre>X-Vault-Token: {TOKEN}</pre>".encode(), 502, "text/html")


def quoting_as_vault(request):
    return Reply(json.dumps({"errors": [f"bad token {TOKEN}"]}).encode(), 400)


def with_key(transform):
    return lambda request: transform(answer(issued(PKI, request, key=KEY)).body)


KEY = Authority("whose key everybody here knows").key
ANSWERS = [
    ("good", lambda request: answer(issued(PKI, request))),
    ("a key of another certificate", lambda request: answer(issued(PKI, request, key=KEY))),
    ("cut in its key", with_key(lambda body: Reply(body[:body.index(b"PRIVATE") + 300], missing=500))),
    ("half of it", with_key(lambda body: Reply(body[:body.index(b"PRIVATE") + 300]))),
    ("as an error", with_key(lambda body: Reply(body, 400))),
    ("as a page", with_key(lambda body: Reply(body, 200, "text/html"))),
    ("with a key for a certificate", lambda request: answer(
        issued(PKI, request) | {"certificate": canary.text_of(KEY)})),
    ("with a key for a CA", lambda request: answer(issued(PKI, request) | {"issuing_ca": canary.text_of(KEY),
                                                                          "ca_chain": [canary.text_of(KEY)]})),
    ("a page that quotes", quoting),
    ("an error that quotes", quoting_as_vault),
    ("refused", lambda request: Reply(b'{"errors":["permission denied"]}', 403)),
    ("throttled", lambda request: Reply(b'{"errors":["slow down"]}', 429, headers={"Retry-After": "3600"})),
    ("sealed", lambda request: Reply(b'{"errors":["Vault is sealed"]}', 503)),
]
COMMANDS = [("once",), ("renew",), ("renew", "--dry-run"), ("status",), ("status", "--json"), ("check",),
            ("check", "--offline"), ("policy",), ("remove", "--revoke"), ("once", "nobody"), ("once", "--no-such")]


@pytest.mark.parametrize("script", [row[1] for row in ANSWERS], ids=[row[0] for row in ANSWERS])
def test_no_command_says_or_keeps_a_secret(scripted, make_host, script):
    """Faults S12, S15."""
    host = make_host(scripted)
    scripted.script = script
    forms = canary.token_forms(TOKEN) | canary.key_forms(canary.text_of(KEY))
    for command in COMMANDS:
        outcome = host.run(*command, "--timeout", "1s") if command[0] in ("once", "renew") else host.run(*command)
        if (host.certs / "etcd-member-key.pem").exists():
            forms |= canary.key_forms(key_of(host))
        assert canary.found(forms, outcome.out.encode(), outcome.err.encode()) == [], (command, outcome.code)
        assert canary.found(forms, *remembered(host)) == [], command
    inspected = host.run_bare("inspect", host.certs, host.inputs)
    assert canary.found(forms, inspected.out.encode(), inspected.err.encode()) == []


SPOILT = [
    ("a token of two lines", lambda host: host.write_token(f"{TOKEN}\n{TOKEN}")),
    ("a token for everybody", lambda host: host.token_file.chmod(0o644)),
    ("a token with a control character", lambda host: host.write_token(f"\x1b{TOKEN}")),
]


@pytest.mark.parametrize("spoil", [row[1] for row in SPOILT], ids=[row[0] for row in SPOILT])
def test_a_token_file_that_is_refused_is_not_quoted(scripted, make_host, spoil):
    host = make_host(scripted)
    spoil(host)
    for command in ("once", "check", "status"):
        outcome = host.run(command)
        assert canary.found(canary.token_forms(TOKEN), outcome.out.encode(), outcome.err.encode()) == [], command


REPORT = """<testsuite><testcase name="good" status="run"><system-out>fine</system-out></testcase>
<testcase name="chatty" status="run"><system-out>{}</system-out></testcase></testsuite>"""


@pytest.mark.parametrize("said, code", [
    ("nothing of interest", 0), (TOKEN, 1), ("with s.AbCdEfGhIjKlMnOpQrStUvWx in it", 1), (canary.text_of(KEY), 1)])
def test_a_test_whose_output_holds_a_secret_has_failed(tmp_path, said, code):
    """Fault S12."""
    (tmp_path / "unit.xml").write_text(REPORT.format(said))
    done = subprocess.run(["/usr/bin/python3", "-B", SUM_RESULTS, tmp_path], capture_output=True, text=True)
    assert done.returncode == code, done
    assert ("failed: unit: chatty: its output holds a secret" in done.stdout) == bool(code)


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_the_daemon_keeps_no_secret_between_its_turns_nor_tells_the_journal(bao, make_host, tmp_path):
    """Fault S11."""
    host = make_host(bao, method="issue", role="ec")
    with journal(tmp_path / "journal") as kept:
        daemon = kept.start(AGENT, "run", "--reload", "--config", host.config, "--root", host.root, VAULT_TOKEN=TOKEN)
        try:
            at_the_gate(host)
            worker, = children(daemon.pid)
            assert not any(spilled_at_the_gate(host, worker).values())
            open_gate(host)
            until(lambda: worker not in children(daemon.pid), 20, "the turn to end")
            forms = secrets(host)
            # Without its state the worker keeps no distance to the request before.
            (host.root / "var/lib/install-cert/state.json").unlink()
            # By now what is renewed has a predecessor, which another process waits to remove.
            renewal = host.start("renew", "--wait", "--timeout", "20s")
            at_the_gate(host)
            forms |= secrets(host)
            open_gate(host)
            out, err = renewal.communicate(timeout=30)
            assert renewal.returncode == 0, (out, err)
            for process in {daemon.pid, *retiring(AGENT, host)}:
                assert canary.found(forms, *canary.writable_memory(process), *visible(process)) == [], process
            assert canary.found(forms, *remembered(host)) == []
            until(lambda: any(b"installed" in message for message in kept.messages), 10, "the journal")
        finally:
            daemon.terminate()
            daemon.wait(20)
    assert canary.found(forms, *kept.messages, kept.stderr.read_bytes(), out.encode(), err.encode()) == []


def retiring(program, host):
    """The process that waits out the grace of a superseded generation."""
    found = []
    for proc in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(proc / "exe") == str(program) and str(host.root).encode() in (proc / "cmdline").read_bytes():
                found.append(int(proc.name))
    assert found, "nobody waits to remove the superseded generation"
    return found
