# SPDX-License-Identifier: Apache-2.0
"""Our programs have one thread, so they need no thread sanitizer: seen from outside, and in what they are linked from.

The one exception is libcurl's, which resolves a host name in a thread of its own (Debian builds it that way).
"""
import os
import pathlib
import re
import subprocess

import pytest

from authority import Authority
from host import Host
from scripted_vault import ScriptedVault, answer, issued

AGENT = pathlib.Path(os.environ["INSTALL_CERT"])
BUILD = AGENT.parent.parent
SUPERVISOR = BUILD / "libexec/install-cert/supervisor"
STARTS_THREADS = re.compile(r"\b(pthread_create|thrd_create|clone|clone3|std::thread|std::jthread|std::async)\b")

TWO_THREADS = r"""
#include <thread>
int main() {
    std::thread([] {}).join();
}
"""


@pytest.fixture
def threaded(tmp_path):
    """The planted counter-example, built as the agent is."""
    source, program = tmp_path / "threads.cc", tmp_path / "threads"
    source.write_text(TWO_THREADS)
    subprocess.run(["g++", "-O2", "-static-libstdc++", "-static-libgcc", "-o", program, source], check=True)
    return program


@pytest.fixture
def host(tmp_path):
    pki = Authority("PKI")
    vault = ScriptedVault(tmp_path, Authority("Server CA"))
    vault.script = lambda request: answer(issued(pki, request))
    host = Host(tmp_path / "host")
    host.write_token("a-token-of-no-value")
    host.configure({"cluster": "kluster", "vault": {"address": vault.address, "ca_cert": str(vault.ca_file),
                                                          "auth": {"token_file": str(host.token_file)}},
                    "certificates": {name: certificate(name) for name in ("first", "second", "third")}})
    yield host
    vault.stop()


def certificate(name):
    return {"mount": "pki", "role": "web", "common_name": f"{name}.example.com", "directory": f"/etc/{name}",
            "files": {"ca": "ca.pem", "certificate": "leaf.pem", "key": "key.pem"}}


def threads_of(arguments, trace):
    """(the run, the files that each thread opened, by its id): threads other than a process's first."""
    run = subprocess.run(["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=clone,clone3,openat", "-o", trace,
                          *arguments], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, stdin=subprocess.DEVNULL,
                         capture_output=True, text=True, timeout=120)
    text = trace.read_text()
    # pthread_create(3) alone asks for its id; fork and posix_spawn do not.
    made = re.findall(r"parent_tid=\[(\d+)\]", text)
    assert len(made) == text.count("CLONE_THREAD")
    return run, {thread: re.findall(rf'(?m)^{thread} +openat\(\w+, "([^"]+)"', text) for thread in made}


def undefined(*programs):
    """What they take from others, by name."""
    listed = subprocess.run(["nm", "--demangle", "--undefined-only", *programs], check=True, capture_output=True,
                            text=True).stdout
    return [line.split(" U ", 1)[-1].strip() for line in listed.splitlines() if " U " in line]


def starts_threads(symbols):
    return [symbol for symbol in symbols if STARTS_THREADS.search(symbol)]


def test_a_turn_with_vault_at_an_address_makes_no_thread(host, tmp_path):
    run, threads = threads_of([AGENT, "--config", host.config, "--root", host.root, "once"], tmp_path / "trace")
    assert run.returncode == 0, run.stderr
    assert threads == {}


def test_a_turn_with_vault_at_a_name_has_the_resolvers_threads_alone(host, tmp_path):
    host.change(vault={**host.values["vault"], "address": "https://vault.invalid:8200"})
    run, threads = threads_of([AGENT, "--config", host.config, "--root", host.root, "once", "--timeout", "10s"],
                              tmp_path / "trace")
    assert run.returncode in (69, 75), run.stderr
    assert threads
    for opened in threads.values():
        assert "/etc/hosts" in opened or "/etc/resolv.conf" in opened
        assert [path for path in opened if not path.startswith(("/etc/", "/lib/", "/usr/lib/", "/run/"))] == []


def test_what_we_are_linked_from_starts_no_thread():
    archives = [*BUILD.glob("lib/lib*.a"), *BUILD.glob("agent/lib*.a")]
    assert len(archives) > 8
    symbols = undefined(*archives)
    assert len(symbols) > 1000
    assert starts_threads(symbols) == []


@pytest.mark.parametrize("program", [AGENT, SUPERVISOR], ids=lambda path: path.name)
def test_what_is_shipped_cannot_start_a_thread_itself(program):
    listed = undefined("--dynamic", program)
    assert listed
    assert starts_threads(listed) == []


def test_a_program_with_a_second_thread_is_caught(threaded, tmp_path):
    assert starts_threads(undefined("--dynamic", threaded))
    run, threads = threads_of([threaded], tmp_path / "trace")
    assert run.returncode == 0 and len(threads) == 1
    assert "/etc/hosts" not in [path for opened in threads.values() for path in opened]
