# SPDX-License-Identifier: Apache-2.0
"""Hosts on which a turn is about to publish, each rebuilt for every trial; and what must hold after one."""
import dataclasses
import datetime
import json
import os
import pathlib
import pwd
import re
import shutil

from children import adopt_orphans, end_adopted_children
from authority import Authority, Order, pem
from disk_state import DiskState
from host import Host
from published import Names, judge
from scripted_vault import answer, issued

TOKEN = "hvs.canary-of-the-gates"
ETCD = Names("etcd-member", "etc/etcd/certs",
             (("ca", "etcd-member-ca.pem"), ("certificate", "etcd-member.pem"), ("key", "etcd-member-key.pem"),
              ("response", "kube-bundle.certs")))
CLIENT = Names("client", "etc/etcd/certs",
               (("ca", "client-ca.pem"), ("certificate", "client.pem"), ("key", "client-key.pem")))
PROXY = Names("proxy", "var/lib/kubernetes",
              (("ca", "proxy-ca.pem"), ("certificate", "proxy.pem"), ("key", "proxy-key.pem")))
MINUTE = 60
MUCH = 65536
CONTROL = 25


def certificate_of(names, **more):
    return {"mount": f"kluster/pki/{names.certificate_name}", "role": "member", "common_name": "member.cluster.local",
            "ttl": "24h", "directory": "/" + names.directory, "files": dict(names.files), **more}


class Place:
    """A worker's own host, server and authorities."""

    def __init__(self, directory, vault, program=None):
        adopt_orphans()
        self.directory = pathlib.Path(directory)
        self.vault = vault
        self.authorities = [Authority("First CA"), Authority("Second CA")]
        self.serve(0)
        self.host = Host(self.directory, program)
        self.host.write_token(TOKEN)
        self.root = self.host.root
        self.seen = self.root / "seen"

    def serve(self, number):
        authority = self.authorities[number]
        self.vault.script = lambda request: answer(issued(authority, request))

    def consumer(self, names, part="certificate", **more):
        """A consumer that takes what it finds, as one would that re-reads its files."""
        source = names.path(self.root, part)
        return {"command": ["/bin/cp", str(source), str(self.seen / names.certificate_name)], **more}

    def configure(self, **values):
        auth = {"token_file": str(self.host.token_file)}
        access = {"address": self.vault.address, "auth": auth}
        if self.vault.ca_file:
            access["ca_cert"] = str(self.vault.ca_file)
        self.host.configure({"cluster": "kluster", "vault": access, **values})

    def command(self):
        return [self.host.program, "--config", self.host.config, "--root", self.root, "once", "--reload",
                "--timeout", "100s"]

    def once(self, **environment):
        """A turn without the child that waits out the grace: trials are nearer to each other than that."""
        outcome = self.host.run_bare(*self.command()[1:], **environment)
        end_adopted_children()
        return outcome


def pass_time(root, minutes=2):
    """As if the last turn had been so long ago: beyond the grace and the distance between two requests."""
    state = root / "var/lib/install-cert/state.json"
    if state.exists():
        state.write_text(re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lambda match: earlier(match[0], minutes),
                                state.read_text()))
    for current in root.glob("**/current"):
        then = current.lstat().st_mtime - minutes * MINUTE
        os.utime(current, (then, then), follow_symlinks=False)


def earlier(time, minutes):
    form = "%Y-%m-%dT%H:%M:%SZ"
    return (datetime.datetime.strptime(time, form) - datetime.timedelta(minutes=minutes)).strftime(form)


def pass_boot(root):
    """As if what is installed were of an earlier boot, so that all is due."""
    pass_time(root)
    for manifest in root.glob("**/.generation.json"):
        values = json.loads(manifest.read_text())
        assert values["boot_id"]
        manifest.write_text(json.dumps({**values, "boot_id": "00000000-0000-4000-8000-000000000000"}))


@dataclasses.dataclass
class Scenario:
    name: str
    sets: list
    configure: object
    prepare: object
    watched: str = "certificate"  # the part that the consumers take
    unwritten: int = MUCH  # megabytes of others; where there are few, the file system is synced as a whole


def configure_etcd(place):
    place.configure(role="etcd", certificates={"etcd-member": {"consumers": [place.consumer(ETCD)]}})


def configure_for_trust(place):
    consumer = place.consumer(ETCD, "ca", when="ca_change")
    place.configure(role="etcd", certificates={"etcd-member": {"consumers": [consumer]}})


def configure_three(place):
    place.configure(certificates={
        "etcd-member": certificate_of(ETCD, consumers=[place.consumer(ETCD)]),
        "client": certificate_of(CLIENT, method="sign", key_type="ec", consumers=[place.consumer(CLIENT)]),
        "proxy": certificate_of(PROXY, owner="daemon", group="daemon", consumers=[place.consumer(PROXY)])})


def nothing(place):
    place.seen.mkdir()


def installed(place):
    place.seen.mkdir()
    outcome = place.once()
    assert outcome.code == 0, outcome
    pass_boot(place.root)


def installed_before_the_ca_changed(place):
    installed(place)
    place.serve(1)


def another_tools_files(place):
    place.seen.mkdir()
    certificate, key = place.authorities[0].issue(Order("member.cluster.local", ("member.cluster.local",)))
    texts = {"ca": pem(place.authorities[0].certificate), "certificate": certificate, "key": key,
             "response": json.dumps({"data": {"certificate": certificate}})}
    ETCD.top(place.root).mkdir(parents=True)
    for part, name in ETCD.files:
        path = ETCD.top(place.root) / name
        path.touch(0o600 if part in ("key", "response") else 0o644)
        path.write_text(texts[part])


SCENARIOS = {scenario.name: scenario for scenario in [
    Scenario("first", [ETCD], configure_etcd, nothing),
    Scenario("renewal", [ETCD], configure_etcd, installed),
    Scenario("renewal, synced as a whole", [ETCD], configure_etcd, installed, unwritten=0),
    Scenario("three sets", [ETCD, CLIENT, PROXY], configure_three, installed, unwritten=0),
    Scenario("changed CA", [ETCD], configure_for_trust, installed_before_the_ca_changed, watched="ca"),
    Scenario("adoption", [ETCD], configure_etcd, another_tools_files),
]}


class Stage:
    """A scenario in a place: the same host before every trial."""

    def __init__(self, scenario, place):
        self.scenario = scenario
        self.place = place
        self.root = place.root
        self.template = place.directory / "template"
        scenario.configure(place)
        scenario.prepare(place)
        shutil.copytree(self.root, self.template, symlinks=True)
        own_alike(self.template, self.root)
        self.old = {names: names.read(self.root) for names in scenario.sets}
        self.disk = DiskState(self.template)
        self.recoveries = {}  # state: what was wrong with the turn that followed
        self.trials = self.recovered = 0

    def reset(self):
        shutil.rmtree(self.root)
        shutil.copytree(self.template, self.root, symlinks=True)
        own_alike(self.root, self.template)

    def verdicts(self):
        return [judge(names.read(self.root), self.old[names]) for names in self.scenario.sets]

    def faults(self):
        return [verdict for verdict in self.verdicts() if verdict not in ("old", "new", "none")]

    def faults_of_recovery(self):
        """Of the next turn after whatever happened. From a state that was met before it is the same turn, with what
        was found then; one in CONTROL is run all the same."""
        self.trials += 1
        state = self.disk.of(self.root)
        if state not in self.recoveries or self.trials % CONTROL == 0:
            self.recovered += 1
            self.recoveries[state] = self.recoveries.get(state, []) + self.faults_of_next_turn()
        return self.recoveries[state]

    def faults_of_next_turn(self):
        """It ends well, with whole sets, served consumers, no litter."""
        pass_time(self.root)
        before = [self.generation(names) for names in self.scenario.sets]
        outcome = self.place.once()
        if outcome.code != 0:
            return [f"the next turn ended with {outcome.code}: {outcome.err}"]
        found = [f"after the next turn: {verdict}" for verdict in self.verdicts() if verdict not in ("old", "new")]
        for names, generation in zip(self.scenario.sets, before):
            found += self.litter(names, at_most=1 if generation == self.generation(names) else 2)
            taken = self.root / "seen" / names.certificate_name
            if not self.is_kept(names) and (not taken.exists() or taken.read_bytes() !=
                                            names.path(self.root, self.scenario.watched).read_bytes()):
                found.append(f"a reload of {names.certificate_name} was lost")
        return found

    def is_kept(self, names):
        """What consumers took before is still there."""
        return any(self.old[names].values()) and names.read(self.root)[self.scenario.watched] == \
            self.old[names][self.scenario.watched]

    def generation(self, names):
        current = names.home(self.root) / "current"
        return os.readlink(current) if current.is_symlink() else None

    def litter(self, names, at_most):
        """What is left over: more than `at_most` generations, temporary names, and what nobody configured."""
        home = names.home(self.root)
        generations = [path.name for path in home.iterdir() if path.name not in ("current", "adopted")]
        expected = {name for _, name in names.files} | {f".{names.certificate_name}"}
        others = {name for other in self.scenario.sets if other.directory == names.directory
                  for name in [*dict(other.files).values(), f".{other.certificate_name}"]}
        left = [path.name for path in names.top(self.root).iterdir() if path.name not in expected | others]
        state = self.root / "var/lib/install-cert"
        left += [path.name for path in state.iterdir() if path.name not in ("lock", "state.json", "recorded.json", "accepted.json")]
        left += generations if len(generations) > at_most else []
        left += [name for name in generations if not re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{8}(-\d+)?", name)]
        return [f"litter: {' '.join(left)}"] if left else []


def own_alike(tree, model):
    """copytree() makes all root's."""
    for path in model.rglob("*"):
        status = path.lstat()
        if status.st_uid or status.st_gid:
            os.chown(tree / path.relative_to(model), status.st_uid, status.st_gid, follow_symlinks=False)


class SecrecyAudit:
    """Looks at every file below a directory at every stop: what ever holds a secret must never be open to others."""

    def __init__(self, top, allowed=("root", "daemon")):
        self.top = str(top)
        self.allowed = {pwd.getpwnam(name).pw_uid for name in allowed}
        self.read = {}  # inode: what it was like then
        self.secrets = set()
        self.open_to_others = {}
        self.stops = 0

    def look(self):
        self.stops += 1
        self.enter(self.top, True)

    def enter(self, directory, others_reach):
        for entry in os.scandir(directory):
            status = entry.stat(follow_symlinks=False)
            if entry.is_dir(follow_symlinks=False):
                self.enter(entry.path, others_reach and bool(status.st_mode & 0o001))
            elif entry.is_file(follow_symlinks=False):
                self.judge(entry.path, status, others_reach)

    def judge(self, path, status, others_reach):
        if self.read.get(status.st_ino) != (status.st_size, status.st_mtime_ns):
            self.read[status.st_ino] = status.st_size, status.st_mtime_ns
            with open(path, "rb") as file:
                content = file.read()
            if b"PRIVATE KEY" in content or TOKEN.encode() in content:
                self.secrets.add(status.st_ino)
        if status.st_uid not in self.allowed or status.st_mode & 0o040 and status.st_gid not in self.allowed or \
                others_reach and status.st_mode & 0o004:
            self.open_to_others.setdefault(status.st_ino, f"{path} mode {status.st_mode & 0o7777:o}")

    def faults(self):
        """A file that was open before the secret came into it counts: whoever opened it then reads it now."""
        return [self.open_to_others[inode] for inode in self.secrets & self.open_to_others.keys()]
