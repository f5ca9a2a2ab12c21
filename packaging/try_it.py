# SPDX-License-Identifier: Apache-2.0
"""What packaging/try-it.sh shows: a cluster's PKI on a real OpenBao, and one controller that gets its files from it."""
import grp
import json
import os
import pathlib
import pwd
import shlex
import shutil
import signal
import stat
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests/support/python"))

import kluster  # noqa: E402
from authority import Authority  # noqa: E402
from openbao import OpenBao, binary  # noqa: E402
from waiting import until  # noqa: E402

PLACE = REPOSITORY / "build/try-it"
HOST = PLACE / "host"
CONFIG = PLACE / "config/config.yaml"
KEPT = PLACE / "openbao.json"
# The program with this host's --config and --root.
COMMAND = PLACE / "install-cert"
BAO = PLACE / "bao"


def say(text, code="1"):
    print(f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() else text, flush=True)


def running_server():
    """What an earlier run left running, or None."""
    if not KEPT.exists():
        return None
    kept = json.loads(KEPT.read_text())
    try:
        command = pathlib.Path(f"/proc/{kept['pid']}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return kept if str(PLACE).encode() in b" ".join(command) else None


def start_server():
    """OpenBao with the two mounts of PRODUCT's cluster `kluster` and a token for a controller."""
    shutil.rmtree(PLACE, ignore_errors=True)
    PLACE.mkdir(parents=True, mode=0o755)
    bao = OpenBao(PLACE / "openbao", Authority("try-it CA"))
    bao.lasting = True
    bao.start()
    try:
        token = kluster.set_up(bao)["controller"]
        CONFIG.parent.mkdir()
        write_private(CONFIG.with_name("token"), token + "\n")
        kept = {"pid": bao.process.pid, "address": bao.address, "ca_file": str(bao.ca_file),
                "unseal_key": bao.keys["keys"][0], "root_token": bao.root_token}
        write_private(KEPT, json.dumps(kept))
    except BaseException:  # Ctrl-C, too: nobody would find it again
        bao.stop()
        raise
    return kept


def write_private(path, text):
    path.touch(mode=0o600)
    path.write_text(text)


def write_config(server):
    owner = ""
    if os.getuid() != 0:
        # Only root may give files away; the shipped roles give them to root.
        ours = f"{{owner: {pwd.getpwuid(os.getuid()).pw_name}, group: {grp.getgrgid(os.getgid()).gr_name}}}"
        owner = f"certificates: {{etcd-member: {ours}, kube-apiserver: {ours}}}\n"
    write_private(CONFIG, f"""role: controller
cluster: kluster
vault:
  address: {server['address']}
  ca_cert: {server['ca_file']}
  auth: {{token_file: {CONFIG.with_name('token')}}}
{owner}""")
    roles = CONFIG.with_name("roles")
    shutil.rmtree(roles, ignore_errors=True)
    shutil.copytree(REPOSITORY / "config/roles", roles)


def write_command(path, *words, **environment):
    """A script for the words that are always the same."""
    settings = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in environment.items())
    write_private(path, f"#!/bin/sh\n{settings}exec {shlex.join(map(str, words))} \"$@\"\n")
    path.chmod(0o700)


def show_files():
    for path in sorted((HOST / "etc/etcd/certs").iterdir()):
        if path.name[0] != ".":
            status = path.stat()
            print(f"  {stat.filemode(status.st_mode)} {path.owner():8} {status.st_size:5}  {path.relative_to(HOST)}"
                  f" -> {os.readlink(path)}")


def show(verb):
    say(f"\n$ {relative(COMMAND)} {verb}", "1;36")
    return subprocess.run([COMMAND, verb]).returncode


def tell_what_next():
    command, bao = relative(COMMAND), relative(BAO)
    say("\nTry next:")
    for text, lines in [
        ("what would be done, and why", [f"{command} renew --dry-run"]),
        ("new certificates now", [f"{command} renew"]),
        ("judge any PEM files, ours or not", [f"{command} inspect {relative(HOST)}/etc/etcd/certs"]),
        ("the health table for machines", [f"{command} status --json"]),
        ("the least that a token must be allowed", [f"{command} policy"]),
        ("seal OpenBao, and see that nothing is lost",
         [f"{bao} operator seal", f"{command} renew", f"{command} status"]),
        ("and bring it back", [f"{bao} operator unseal $(jq -r .unseal_key {relative(KEPT)})"]),
        ("stop OpenBao and take build/try-it away", ["bash packaging/try-it.sh --stop"]),
    ]:
        print(f"  # {text}", *lines, sep="\n  ")


def relative(path):
    return os.path.relpath(path, REPOSITORY)


def stop():
    server = running_server()
    if server:
        os.kill(server["pid"], signal.SIGTERM)
        until(lambda: not running_server(), 30, "OpenBao to stop")
    shutil.rmtree(PLACE, ignore_errors=True)
    print("stopped; build/try-it is gone")


def main(program):
    os.chdir(REPOSITORY)
    os.umask(0o022)
    server = running_server()
    say("OpenBao runs already" if server else "starting OpenBao with the PKI of a cluster `kluster`")
    server = server or start_server()
    write_config(server)
    HOST.mkdir(exist_ok=True)
    write_command(COMMAND, pathlib.Path(program).resolve(), "--config", CONFIG, "--root", HOST)
    write_command(BAO, binary(), BAO_ADDR=server["address"], BAO_CACERT=server["ca_file"],
                  BAO_TOKEN=server["root_token"])
    code = show("once")
    if code:
        return code
    say("\nA controller's files:")
    show_files()
    code = show("status")
    tell_what_next()
    return code


if __name__ == "__main__":
    if sys.argv[1:] == ["--stop"]:
        stop()
    else:
        sys.exit(main(sys.argv[1]))
