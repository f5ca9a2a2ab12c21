# SPDX-License-Identifier: Apache-2.0
"""The unit files as they lie in the tree: systemd's own verdict, and proof that it can be a bad one."""
import pathlib
import re
import subprocess

import pytest

SOURCE = pathlib.Path(__file__).parents[2]
UNITS = SOURCE / "systemd"
AGENT = UNITS / "install_cert.service"
GATE = UNITS / "install_cert-ready.service"
BOTH = pytest.mark.parametrize("unit", [AGENT, GATE], ids=lambda path: path.name)
# systemd-analyze counts in tenths: 2.5 of 10.
THRESHOLD = 25


def exposure_is_low(unit):
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--threshold={THRESHOLD}", str(unit)],
                          capture_output=True, text=True)
    assert "Overall exposure level" in done.stdout, done.stderr
    return done.returncode == 0


def without(unit, setting, directory):
    """A copy that lacks every line of the setting."""
    lines = unit.read_text().splitlines(keepends=True)
    kept = [line for line in lines if not line.startswith(setting + "=")]
    assert len(kept) < len(lines), f"{unit.name} has no {setting}="
    mutant = directory / unit.name
    mutant.write_text("".join(kept))
    return mutant


def complaints(unit, directory):
    """What `systemd-analyze verify` finds in a copy that needs nothing installed."""
    copy = directory / unit.name
    text = unit.read_text().replace("/usr/bin/install-cert", "/bin/true")
    copy.write_text(re.sub(r"(?m)^Documentation=.*\n", "", text))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", str(copy)], capture_output=True, text=True)
    return [line for line in (done.stdout + done.stderr).splitlines() if unit.name in line]


def settings(unit):
    """(section, line number, key, value) of each setting."""
    section = ""
    for number, line in enumerate(unit.read_text().splitlines(), 1):
        if line.startswith("["):
            section = line.strip("[]")
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            yield section, number, key, value


@BOTH
def test_exposure_is_below_the_threshold(unit):
    """Fault S13."""
    assert exposure_is_low(unit)


@pytest.mark.parametrize("setting", ["CapabilityBoundingSet", "SystemCallFilter"])
def test_the_threshold_catches_a_sandbox_with_a_hole(setting, tmp_path):
    assert not exposure_is_low(without(AGENT, setting, tmp_path))


@BOTH
def test_systemd_understands_every_line(unit, tmp_path):
    assert complaints(unit, tmp_path) == []


@pytest.mark.parametrize("line", ["ProtectSytem=strict", "WatchdogSec=3 minuets", "SystemCallFilter=@chwon"])
def test_a_misspelt_line_is_noticed(line, tmp_path):
    mutant = tmp_path / "mutant"
    mutant.mkdir()
    misspelt = mutant / AGENT.name
    misspelt.write_text(AGENT.read_text().replace("[Install]", line + "\n\n[Install]"))
    assert complaints(misspelt, tmp_path)


@BOTH
def test_each_line_of_the_sandbox_has_its_reason(unit):
    """Fault S13."""
    lines = unit.read_text().splitlines()
    sandbox = lines.index("# The sandbox.")
    bare = [lines[number - 1] for section, number, _, _ in settings(unit)
            if section == "Service" and number > sandbox and not lines[number - 2].startswith("# ")]
    assert bare == []


def test_the_gate_depends_on_no_agent():
    named = [value for section, _, _, value in settings(GATE) if section == "Unit" and "install_cert.service" in value]
    assert named == []


def values(unit, wanted):
    return [value for _, _, key, value in settings(unit) if key == wanted]


def test_the_agent_starts_after_users_and_directories_are_made():
    """Fault 88. sysinit.target, which systemd-sysusers and systemd-tmpfiles come before, by default."""
    assert "nss-user-lookup.target" in " ".join(values(AGENT, "After")).split()
    assert values(AGENT, "DefaultDependencies") == []


def test_a_crash_loop_is_slow_and_never_given_up():
    """Fault 90."""
    assert values(AGENT, "Restart") == ["always"]
    assert values(AGENT, "RestartSec") == ["5s"]
    assert values(AGENT, "StartLimitIntervalSec") == ["0"]


def test_nothing_ties_the_agent_to_a_consumer():
    keys = {key for section, _, key, _ in settings(AGENT) if section in ("Unit", "Install")}
    assert keys & {"Before", "PartOf", "BindsTo", "RequiredBy", "Requires", "Conflicts"} == set()


@pytest.mark.parametrize("consumer", ["etcd", "kube-apiserver", "kubelet"])
def test_a_consumer_is_held_by_the_gate_and_never_stopped_by_it(consumer):
    drop_in = UNITS / f"examples/{consumer}.service.d/50-install-cert-ready.conf"
    assert [(section, key, value) for section, _, key, value in settings(drop_in)] == [
        ("Unit", "Wants", "install_cert-ready.service"),
        ("Unit", "After", "install_cert-ready.service")]


@pytest.mark.parametrize("drop_in", sorted(UNITS.glob("examples/install_cert.service.d/*.conf")), ids=lambda p: p.name)
def test_the_agents_drop_ins_are_understood(drop_in, tmp_path):
    for place in (tmp_path, tmp_path / "whole"):
        place.mkdir(exist_ok=True)
    whole = tmp_path / "whole" / AGENT.name
    whole.write_text(AGENT.read_text() + "\n" + drop_in.read_text())
    assert complaints(whole, tmp_path) == []


def test_tmpfiles_leaves_what_exists_alone(tmp_path):
    existing = tmp_path / "etc/etcd"
    existing.mkdir(parents=True)
    existing.chmod(0o750)
    subprocess.run(["systemd-tmpfiles", f"--root={tmp_path}", "--create", str(UNITS / "tmpfiles.conf")], check=True)
    assert existing.stat().st_mode & 0o7777 == 0o750
    made = tmp_path / "var/lib/kubernetes"
    assert made.stat().st_mode & 0o7777 == 0o755


def opened_by_the_sandbox():
    return next(value for _, _, key, value in settings(AGENT) if key == "ReadWritePaths").split()


def made_by_tmpfiles():
    return re.findall(r"(?m)^d (\S+)", (UNITS / "tmpfiles.conf").read_text())


def test_tmpfiles_makes_only_what_the_sandbox_opens():
    assert {"-" + path for path in made_by_tmpfiles()} <= set(opened_by_the_sandbox())


def directories_of(role):
    return re.findall(r"(?m)^\s*directory: (\S+)", (SOURCE / f"config/roles/{role}.yaml").read_text())


def lies_below(directory, parents):
    return any((directory + "/").startswith(parent + "/") for parent in parents)


# A pod has no systemd; its role is for `once`.
@pytest.mark.parametrize("role", sorted(path.stem for path in SOURCE.glob("config/roles/*.yaml") if path.stem != "pod"))
def test_the_sandbox_lets_a_shipped_role_write(role):
    opened = [path.removeprefix("-") for path in opened_by_the_sandbox()]
    assert [directory for directory in directories_of(role) if not lies_below(directory, opened)] == []


@pytest.mark.parametrize("role", ["etcd", "controller", "worker"])
def test_a_fresh_host_has_the_parents_of_a_roles_directories(role):
    """Fault 88."""
    assert directories_of(role)
    assert [directory for directory in directories_of(role) if not lies_below(directory, made_by_tmpfiles())] == []


def message_ids():
    text = (SOURCE / "agent/report/message_ids.h").read_text()
    return dict((match[1], match[0]) for match in re.findall(r"const char\* (\w+) =\s*\"([0-9a-f]{32})\"", text))


def test_the_catalogue_explains_each_message_and_no_other():
    explained = re.findall(r"(?m)^-- ([0-9a-f]{32})$", (UNITS / "install_cert.catalog").read_text())
    assert sorted(explained) == sorted(message_ids())


def test_journalctl_reads_the_catalogue(tmp_path):
    place = tmp_path / "usr/lib/systemd/catalog"
    place.mkdir(parents=True)
    (place / "install_cert.catalog").write_text((UNITS / "install_cert.catalog").read_text())
    subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], check=True)
    listed = subprocess.run(["journalctl", f"--root={tmp_path}", "--list-catalog"], check=True,
                            capture_output=True, text=True).stdout
    for identity, name in message_ids().items():
        assert f"{identity} install-cert: " in listed, name
