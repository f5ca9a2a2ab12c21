# SPDX-License-Identifier: Apache-2.0
"""What a tree holds, told so that two runs which did the same tell the same: names, types, modes, owners, targets and
contents, in which times are told by their distance from now, and what is made anew in each run (keys, certificates,
digests, generations) by the order in which it is met."""
import datetime
import os
import re
import time

TOLD = re.compile(
    r"(?P<block>-----BEGIN (?P<kind>[A-Z ]+)-----.*?-----END (?P=kind)-----)"
    r"|(?P<made>\d{8}T\d{6}Z)-(?P<generation>[0-9a-f]{8})"
    r"|(?P<time>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)"
    r"|(?P<uuid>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"
    r"|(?P<hex>\b[0-9a-f]{32,}\b|\b(?:[0-9a-f]{2}:){15,}[0-9a-f]{2}\b)"
    r"|(?P<seconds>\b\d{10}\b)", re.DOTALL)
# Seconds. The program's own distances are minutes and hours, the runs' are fractions of one.
NEAR, FAR = 30, 3600


class DiskState:
    """Tells the states of trees; what the first one, the `model`, holds is called the same in all."""

    def __init__(self, model):
        self.known = {}
        self.known = self.names_in(model)

    def names_in(self, root):
        names = Names(self.known)
        told(root, names)
        return names.known

    def of(self, root):
        return told(root, Names(self.known))


class Names:
    def __init__(self, known):
        self.known = dict(known)
        self.now = time.time()

    def label(self, kind, value):
        return self.known.setdefault(value, f"<{kind} {len(self.known)}>")

    def distance(self, then):
        seconds = then - self.now
        return f"<{'about' if abs(seconds) < NEAR else 'near' if abs(seconds) < FAR else 'far'} {seconds >= NEAR}>"

    def tell(self, match):
        if match["block"]:
            return self.label(match["kind"], match["block"])
        if match["generation"]:
            return self.label("digest", match["generation"])
        if match["hex"]:
            return self.label("digest", match["hex"][:8])  # a generation is called by its beginning
        if match["uuid"]:
            return self.label("boot", match["uuid"])
        if match["time"]:
            then = datetime.datetime.strptime(match["time"] + "+0000", "%Y-%m-%dT%H:%M:%SZ%z")
            return self.distance(then.timestamp())
        return self.distance(int(match["seconds"]))

    def text(self, raw):
        return TOLD.sub(self.tell, raw.replace("\\n", "\n"))

    def is_known(self, name):
        match = TOLD.fullmatch(name)
        return not match or match["generation"] in self.known


def told(root, names):
    lines = []
    enter(os.fspath(root), "", names, lines)
    return "\n".join(lines)


def enter(directory, told_directory, names, lines):
    # What is new comes last, so that it is met in the same order whatever its digest is.
    for entry in sorted(os.scandir(directory), key=lambda entry: (not names.is_known(entry.name), entry.name)):
        status = entry.stat(follow_symlinks=False)
        path = f"{told_directory}/{names.text(entry.name)}"
        owned = f"{path} {status.st_mode:o} {status.st_uid}:{status.st_gid}"
        if entry.is_symlink():
            lines.append(f"{owned} -> {names.text(os.readlink(entry.path))}")
        elif entry.is_dir():
            lines.append(owned)
            enter(entry.path, path, names, lines)
        else:
            with open(entry.path, encoding="latin-1") as file:
                content = file.read()
            # The lock's is the number of the process that holds it.
            lines.append(f"{owned} {names.text(content) if entry.name != 'lock' else bool(content)}")
