# SPDX-License-Identifier: Apache-2.0
"""Each event that the catalogue explains is told to the journal under its id, with the fields that the text names."""
import os
import pathlib
import re

import pytest

import kluster
from journal import journal

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
MOUNT = "kluster/pki/etcd-member"


def message_ids():
    text = (REPOSITORY / "agent/report/message_ids.h").read_text()
    return dict(re.findall(r"const char\* (\w+) =\s*\"([0-9a-f]{32})\"", text))


def explained():
    """{id: fields that the text of the catalogue inserts}"""
    text = (REPOSITORY / "systemd/install_cert.catalog").read_text()
    entries = re.split(r"(?m)^-- ([0-9a-f]{32})$", text)[1:]
    return {identity: set(re.findall(r"@(INSTALL_CERT_\w+)@", words))
            for identity, words in zip(entries[::2], entries[1::2])}


def events(host, directory, cause, *options, **environment):
    """{name of the event: its entry} of one turn of the daemon's worker."""
    by_id = {identity: name for name, identity in message_ids().items()}
    with journal(directory / f"journal-{len(list(directory.iterdir()))}") as kept:
        kept.start(host.program, "turn", "--cause", cause, *options, "--config", host.config, "--root", host.root,
                   **environment).wait(60)
    return {by_id[entry["MESSAGE_ID"]]: entry for entry in kept.entries()}


def test_every_id_is_used_and_explained():
    ids = message_ids()
    source = "".join(path.read_text() for path in (REPOSITORY / "agent").rglob("*.cc"))
    assert [name for name in ids if f"message_id::{name}" not in source] == []
    assert sorted(ids.values()) == sorted(explained())


def installed_at_start(host, bao, directory):
    return events(host, directory, "start")


def refused_by_policy(host, bao, directory):
    host.write_token(kluster.make_token(bao, "elsewhere", kluster.grants("elsewhere/issue/x")))
    return events(host, directory, "start")


def refused_token(host, bao, directory):
    host.write_token("s.nonsense")
    return events(host, directory, "start")


def refused_request(host, bao, directory):
    host.write_token(bao.root_token)
    host.change(certificates={"etcd-member": {"role": "nobody"}})
    return events(host, directory, "timer")


def clock_set(host, bao, directory):
    host.install()
    return events(host, directory, "clock")


def files_put_right(host, bao, directory):
    host.install()
    (host.certs / "etcd-member-key.pem").resolve().chmod(0o644)
    return events(host, directory, "timer")


def in_the_way(host, bao, directory):
    (host.certs / "etcd-member.pem").mkdir(parents=True)
    return events(host, directory, "start")


def last_tenth(host, bao, directory):
    host.install()
    host.token_file.unlink()
    faketime = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return events(host, directory, "timer", LD_PRELOAD=str(faketime), FAKETIME="+29d", DONT_FAKE_MONOTONIC="1")


def token_ending(host, bao, directory):
    policy = kluster.grants(f"{MOUNT}/issue/etcd-member")
    host.write_token(kluster.make_token(bao, "ending", policy, period=None, ttl="1h", explicit_max_ttl="1h",
                                        renewable=False))
    host.install()
    # An hour after its first use a token is looked at.
    state = host.root / "var/lib/install-cert/state.json"
    state.write_text(re.sub(r'("next_care": ?)"[^"]*"', r'\1"2026-01-01T00:00:00Z"', state.read_text()))
    return events(host, directory, "timer")


def broken_at_start(host, bao, directory):
    host.write_input(host.config, "role: 7\n")
    return events(host, directory, "start")


def broken_at_reload(host, bao, directory):
    events(host, directory, "start")
    host.write_input(host.config, "role: 7\n")
    return events(host, directory, "reload")


def reloaded(host, bao, directory):
    host.change(certificates={"etcd-member": {"consumers": [{"command": ["/bin/true"]}]}})
    return events(host, directory, "start", "--reload")


def reload_failed(host, bao, directory):
    host.change(certificates={"etcd-member": {"consumers": [{"command": ["/bin/false"]}]}})
    return events(host, directory, "start", "--reload")


EVENTS = [
    (installed_at_start, {"certificate_installed", "ready"}),
    (refused_by_policy, {"permission_missing", "not_ready"}),
    (refused_token, {"token_refused", "not_ready"}),
    (refused_request, {"renewal_failed", "not_ready"}),
    (clock_set, {"clock_stepped"}),
    (files_put_right, {"drift_repaired"}),
    (in_the_way, {"destination_not_writable", "not_ready"}),
    (last_tenth, {"expiring", "renewal_failed"}),
    (token_ending, {"token_ending"}),
    (broken_at_start, {"configuration_broken"}),
    (broken_at_reload, {"configuration_kept"}),
    (reloaded, {"reload_paid"}),
    (reload_failed, {"reload_failed"}),
]


@pytest.mark.parametrize("happening, told", EVENTS, ids=[happening.__name__ for happening, _ in EVENTS])
def test_an_event_is_told_under_its_id_with_what_its_explanation_needs(etcd_host, bao, tmp_path, happening, told):
    seen = happening(etcd_host, bao, tmp_path)
    assert told <= set(seen), sorted(seen)
    for name in told:
        assert explained()[message_ids()[name]] - {"INSTALL_CERT_WAY_OUT"} <= set(seen[name]), name
    # By which `journalctl -u` finds them: the unit is the supervisor's, which is us here.
    assert {entry["OBJECT_PID"] for entry in seen.values()} == {str(os.getpid())}
    if "not_ready" in told:
        assert "ready" not in seen
