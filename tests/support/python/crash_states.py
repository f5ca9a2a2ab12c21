# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after a power cut, by a log of the changes that a program made (tests/reliability/fs_change.h).

The disk is any file system that keeps to these rules and promises nothing else:
- A change is an entry of a directory (make, link, remove, rename), or of one file its size, a piece of its content,
  its mode or its owner. Each reaches the disk on its own, whole, in any order, or not at all.
- A size comes before the bytes within it, which are zeros until then. Of one file the sizes keep their order, and so
  do the modes and the owners; of one name of a directory its entries do.
- A rename is one change, and an entry of the directory that it leads to.
- fsync of a file: its size, content, mode and owner; not its name. fsync of a directory: its entries, mode and owner.
  syncfs: everything so far.
- What happened after the cut is not there; what was synced before it is.
"""
import dataclasses
import itertools
import os
import stat


@dataclasses.dataclass
class Node:
    """A file, directory or link of one state."""
    kind: str
    mode: int
    owner: tuple = (0, 0)
    content: bytes = b""  # of a link, its target
    entries: dict = dataclasses.field(default_factory=dict)  # name: number of a node

    def copy(self):
        return Node(self.kind, self.mode, self.owner, self.content, dict(self.entries))


@dataclasses.dataclass(frozen=True)
class Change:
    position: int  # of the line in the log
    number: int  # of the node
    verb: str  # set, move, unset; size, bytes, mode, owner
    arguments: tuple
    after: tuple  # the changes that come before it on any disk
    path: str  # that the log names


def load(top):
    """The nodes of a directory tree as it lies on disk; number 0 is `top`."""
    nodes = []

    def add(path):
        status = path.lstat()
        kind = {stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}.get(stat.S_IFMT(status.st_mode), "file")
        node = Node(kind, stat.S_IMODE(status.st_mode), (status.st_uid, status.st_gid))
        number = len(nodes)
        nodes.append(node)
        if kind == "link":
            node.content = str(path.readlink()).encode()
        elif kind == "file":
            node.content = path.read_bytes()
        else:
            node.entries = {child.name: add(child) for child in sorted(path.iterdir())}
        return number

    add(top)
    return nodes


class History:
    """Changes and syncs of a log, from the tree that `top` was (loaded before the run), all of it durable."""

    def __init__(self, nodes, top, lines):
        self.first = nodes
        self.births = [node.copy() for node in nodes]  # with what they are when they begin
        self.top = str(top)
        self.now = [node.copy() for node in nodes]
        self.changes = []
        self.syncs = []  # (position, number of the node or None for all)
        self.latest = {}  # what a later change comes after: key -> index in changes
        self.lines = lines
        for position, line in enumerate(lines):
            fields = line.split("\t")
            self.path = fields[2] if fields[0] in ("symlink", "rename") else fields[1]
            getattr(self, "do_" + fields[0])(position, *fields[1:])

    def parts(self, path):
        return [part for part in path.removeprefix(self.top).split("/") if part]

    def find(self, path):
        number = 0
        for part in self.parts(path):
            number = self.now[number].entries[part]
        return number

    def place(self, path):
        parent, _, name = path.rpartition("/")
        return self.find(parent), name

    def note(self, position, number, verb, arguments, keys):
        after = tuple(dict.fromkeys(self.latest[key] for key in keys if key in self.latest))
        for key in keys:
            self.latest[key] = len(self.changes)
        change = Change(position, number, verb, arguments, after, self.path)
        self.changes.append(change)
        apply(self.now, change)

    def make(self, position, path, kind, mode, content=b""):
        parent, name = self.place(path)
        for nodes in (self.births, self.now):
            nodes.append(Node(kind, mode, content=content))
        number = len(self.now) - 1
        self.note(position, parent, "set", (name, number), [(parent, name)])

    def do_create(self, position, path):
        self.make(position, path, "file", 0o600)

    def do_mkdir(self, position, path):
        self.make(position, path, "directory", 0o700)

    def do_symlink(self, position, target, path):
        self.make(position, path, "link", 0o777, target.encode())

    def do_rename(self, position, path, new_path):
        (source, name), (parent, new_name) = self.place(path), self.place(new_path)
        number = self.now[source].entries[name]
        self.note(position, parent, "move", (source, name, new_name, number), [(source, name), (parent, new_name)])

    def do_unlink(self, position, path):
        parent, name = self.place(path)
        self.note(position, parent, "unset", (name,), [(parent, name)])

    def do_empty(self, position, path):
        self.resize(position, self.find(path), 0)

    def resize(self, position, number, size):
        self.note(position, number, "size", (size,), [(number, "size")])

    def do_truncate(self, position, path, _, size, *__):
        self.resize(position, self.find(path), int(size))

    def do_pwrite(self, *_):
        pass  # a lock's content, which nobody reads

    def do_write(self, position, path, digits):
        number, data = self.find(path), bytes.fromhex(digits)
        start = len(self.now[number].content)
        self.resize(position, number, start + len(data))
        self.note(position, number, "bytes", (start, data), [(number, "size"), (number, "bytes", start)])
        self.latest[(number, "size")] = len(self.changes) - 2  # the next size need not wait for the bytes

    def do_chmod(self, position, path, octal, *_):
        self.note(position, self.find(path), "mode", (int(octal, 8),), [(self.find(path), "mode")])

    def do_chmodat(self, *_):
        pass  # directories above the state, which nobody but root has to pass

    def do_chown(self, position, path, _, uid, gid):
        self.note(position, self.find(path), "owner", ((int(uid), int(gid)),), [(self.find(path), "owner")])

    def do_removexattr(self, *_):
        pass  # there are none in these trees

    def do_report(self, *_):
        pass

    def do_fsync(self, position, path, *_):
        self.syncs.append((position, self.find(path)))

    def do_syncfs(self, position, *_):
        self.syncs.append((position, None))

    def durable(self, length):
        """Indices of the changes that a cut after `length` lines cannot take away."""
        kept = set()
        for index, change in enumerate(self.changes):
            if any(change.position < position < length and number in (None, change.number)
                   for position, number in self.syncs):
                kept.add(index)
        for index in sorted(kept, reverse=True):  # what it comes after is there, too
            kept.update(self.changes[index].after)
        return kept

    def pending(self, length, durable):
        """Those that it may."""
        return [index for index, change in enumerate(self.changes) if change.position < length and index not in durable]

    def state(self, kept):
        """The nodes of the disk that holds these changes."""
        nodes = list(self.births)
        touched = set()
        for index in sorted(kept):
            apply(nodes, self.changes[index], touched)
        return nodes


def apply(nodes, change, touched=None):
    """In place; with `touched`, nodes that are not in it are copied first."""
    def own(number):
        if touched is not None and number not in touched:
            nodes[number] = nodes[number].copy()
            touched.add(number)
        return nodes[number]

    node = own(change.number)
    if change.verb == "set":
        node.entries[change.arguments[0]] = change.arguments[1]
    elif change.verb == "unset":
        node.entries.pop(change.arguments[0], None)
    elif change.verb == "move":
        source, name, new_name, number = change.arguments
        own(source).entries.pop(name, None)
        own(change.number).entries[new_name] = number
    elif change.verb == "size":
        size = change.arguments[0]
        node.content = node.content[:size].ljust(size, b"\0")
    elif change.verb == "bytes":
        start, data = change.arguments
        node.content = node.content[:start] + data + node.content[start + len(data):]
    elif change.verb == "mode":
        node.mode = change.arguments[0]
    else:
        node.owner = change.arguments[0]


def subsets(changes, pending, most):
    """Sets of `pending` that may have reached the disk: all of them, or, where there are more than `most`, those that
    lack one change (and what comes after it) or have one (and what comes before it); two, where that is not too many
    either."""
    everything = closed_subsets(changes, pending, most)
    if everything is not None:
        return everything
    outside, lacking, having = set(pending), {}, {}
    for index in pending:
        having[index] = frozenset([index]).union(*(having[a] for a in changes[index].after if a in outside))
    for index in reversed(pending):
        later = [other for other in pending if index in changes[other].after]
        lacking[index] = frozenset([index]).union(*(lacking[other] for other in later))
    pairs = itertools.combinations_with_replacement(pending, 2)
    if len(pending) ** 2 > most:
        pairs = zip(pending, pending)
    whole = frozenset(pending)
    found = {whole, frozenset()}
    for one, other in pairs:
        found.add(whole - lacking[one] - lacking[other])
        found.add(having[one] | having[other])
    return found


def closed_subsets(changes, pending, most):
    found = [frozenset()]
    outside = set(pending)
    for index in pending:
        needs = [before for before in changes[index].after if before in outside]
        found += [kept | {index} for kept in found if all(before in kept for before in needs)]
        if len(found) > most:
            return None
    return found


def lay_out(nodes, top):
    """The tree that `nodes` are, as the content of the directory `top`."""
    def put(number, path):
        node = nodes[number]
        if node.kind == "link":
            os.symlink(node.content, path)
            return
        if node.kind == "directory":
            path.mkdir()
            for name, child in node.entries.items():
                put(child, path / name)
        else:
            path.write_bytes(node.content)
        os.chown(path, *node.owner)
        path.chmod(node.mode)

    for name, number in nodes[0].entries.items():
        put(number, top / name)


def random_subset(changes, pending, random):
    kept, outside = set(), set(pending)
    for index in pending:
        if random.random() < 0.7 and all(before in kept or before not in outside for before in changes[index].after):
            kept.add(index)
    return kept
