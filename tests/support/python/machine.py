# SPDX-License-Identifier: Apache-2.0
"""A Debian machine that systemd boots: a container of systemd-nspawn that shares the network of the host."""
import ctypes
import fcntl
import functools
import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess

from children import die_with_parent
from waiting import until

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
CACHE = REPOSITORY / "build" / "machine"
SUITE = "bookworm"
PACKAGES = ("ca-certificates", "dbus", "etcd-server", "libcurl4", "libssl3", "libsystemd0", "libyaml-0-2", "procps",
            "systemd", "systemd-sysv")
# They make a boot slower and nothing truer.
MASKED = ("apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "dpkg-db-backup.timer",
          "systemd-logind.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-resolved.service",
          "systemd-timesyncd.service", "e2scrub_all.timer", "fstrim.timer", "getty.target")
CLONE_NEWNS = 0x00020000  # unshare(2)


def mirror():
    """Where this host's own apt gets Debian from; Debian's own where it has no lists."""
    listed = subprocess.run(["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
                             f"Codename: {SUITE}", "Component: main", "Origin: Debian"],
                            check=True, capture_output=True, text=True).stdout.split()
    return listed[0] if listed else "http://deb.debian.org/debian"


def base():
    """A root directory with the packages in it; made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    made = CACHE / hashlib.sha256(" ".join((SUITE, *PACKAGES)).encode()).hexdigest()[:16]
    with open(CACHE / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            scratch = CACHE / "scratch"
            shutil.rmtree(scratch, ignore_errors=True)
            log = CACHE / "debootstrap.log"
            with open(log, "wb") as output:
                done = subprocess.run(["debootstrap", "--variant=minbase", f"--include={','.join(PACKAGES)}", SUITE,
                                       str(scratch), mirror()], stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            if done.returncode != 0:
                raise RuntimeError(f"debootstrap failed: {log.read_text()[-2000:]}")
            for path in ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale"):
                shutil.rmtree(scratch / path, ignore_errors=True)
            scratch.rename(made)
    return made


@functools.cache
def keep_mounts_private():
    """What this process mounts is seen by its children alone, and goes when they are all gone, however they end."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "a machine needs a mount namespace")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class Machine:
    """Its root directory is base() with what is written laid over it in memory; nothing is left after remove()."""

    def __init__(self, directory):
        if os.geteuid() != 0:
            raise RuntimeError("a machine can only be booted by root")
        self.root = directory / "root"
        self.layers = directory / "layers"
        self.console = directory / "console.log"
        self.process = None
        self.leader = None
        self.mount_root()
        for name in MASKED:
            (self.root / "etc/systemd/system" / name).symlink_to("/dev/null")

    def mount_root(self):
        keep_mounts_private()
        self.root.mkdir()
        self.layers.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=0755", "layers", str(self.layers)], check=True)
        for name in ("upper", "work"):
            (self.layers / name).mkdir()
        layers = f"lowerdir={base()},upperdir={self.layers}/upper,workdir={self.layers}/work"
        subprocess.run(["mount", "-t", "overlay", "-o", layers, "machine", str(self.root)], check=True)

    def write(self, path, text, mode=0o644):
        """A file of root's, replaced as a whole."""
        file = self.path(path)
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_name(f".{file.name}.new")
        scratch.touch(mode=0o600)
        scratch.write_text(text)
        scratch.chmod(mode)
        scratch.rename(file)

    def path(self, path):
        """As processes of the machine see it, with what is mounted there."""
        top = pathlib.Path(f"/proc/{self.leader}/root") if self.leader else self.root
        return top / path.lstrip("/")

    def boot(self):
        with open(self.console, "ab") as console:
            self.process = subprocess.Popen(
                ["systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--directory", str(self.root)],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console, start_new_session=True,
                preexec_fn=die_with_parent)
        self.leader = until(self.find_leader, 30, f"systemd-nspawn to start its first process; see {self.console}")
        until(lambda: self.run("systemctl", "is-active", "dbus.socket").returncode == 0, 60,
              f"systemd to boot; see {self.console}")
        return self

    def find_leader(self):
        """The process that is number 1 inside."""
        if self.process.poll() is not None:
            raise RuntimeError(f"systemd-nspawn cannot run here: {self.console.read_text(errors='replace')[-2000:]}")
        own = self.process.pid
        for child in pathlib.Path(f"/proc/{own}/task/{own}/children").read_text().split():
            try:
                status = pathlib.Path(f"/proc/{child}/status").read_text()
                name = pathlib.Path(f"/proc/{child}/comm").read_text().strip()
            except OSError:  # it ended
                continue
            numbers = next(line for line in status.splitlines() if line.startswith("NSpid:")).split()
            if numbers[-1] == "1" and name == "systemd":
                return int(child)
        return None

    def run(self, *command, timeout=60):
        """Runs to its end inside, as root."""
        return subprocess.run(["nsenter", f"--target={self.leader}", "--mount", "--uts", "--ipc", "--pid", "--cgroup",
                               "--root", "--wd", "--", *command], env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=timeout)

    def check(self, *command, timeout=60):
        """What it prints; it has to succeed."""
        done = self.run(*command, timeout=timeout)
        assert done.returncode == 0, (command, done)
        return done.stdout

    def systemctl(self, *arguments):
        return self.check("systemctl", *arguments)

    def show(self, unit, name):
        return self.systemctl("show", "--value", f"--property={name}", unit).strip()

    def await_state(self, unit, state, seconds=60):
        until(lambda: self.show(unit, "ActiveState") == state, seconds, f"{unit} to be {state}")

    def entries(self, match):
        """What the journal of this boot has that matches (FIELD=VALUE, --unit=NAME), as mappings."""
        return [json.loads(line) for line in self.journalctl("--output=json", match).splitlines()]

    def journalctl(self, *arguments):
        """Of this boot, with what was told before this call."""
        self.check("journalctl", "--sync")
        return self.check("journalctl", "--boot", *arguments)

    def journal(self, unit):
        return self.entries(f"--unit={unit}")

    def reboot(self, meanwhile=lambda: None):
        """Orderly; `meanwhile` is called while it is down."""
        self.systemctl("--no-block", "reboot")
        self.process.wait(90)
        self.leader = None
        meanwhile()
        return self.boot()

    def stop(self):
        """As a power cut."""
        if self.leader:
            os.kill(self.leader, signal.SIGKILL)
            self.leader = None
        if self.process:
            self.process.wait(30)
            self.process = None

    def remove(self):
        self.stop()
        for mounted in (self.root, self.layers):
            subprocess.run(["umount", "--lazy", str(mounted)], check=True)
            mounted.rmdir()
