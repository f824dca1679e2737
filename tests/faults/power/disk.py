"""What a disk may hold after a power cut: the files that recorder.cc saw, of which only what was synced is certain.

Nothing is assumed of the file system beyond POSIX: what was written since the last sync of a file is there or not, page by
page and out of order, and a page may be torn between sectors; a name is certain only when its directory was synced since.
A rename happens whole or not at all. That is worse than ext4 or XFS will do."""
import enum
import os
import struct

PAGE, SECTOR = 4096, 512
HEADER = struct.Struct("<BBHIQQ")


class Op(enum.IntEnum):
    OPEN, WRITE, TRUNCATE, ALLOCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MAKE_DIRECTORY, OUTPUT = range(1, 11)


def read_log(path):
    """(op, flags, offset, number, name, other) of each record, in order; a last one that was cut is left out."""
    with open(path, "rb") as file:
        data = file.read()
    at = 0
    while at + HEADER.size <= len(data):
        op, flags, name_bytes, other_bytes, offset, number = HEADER.unpack_from(data, at)
        at += HEADER.size
        if at + name_bytes + other_bytes > len(data):
            return
        name = data[at:at + name_bytes].decode()
        yield Op(op), flags, offset, number, name, memoryview(data)[at + name_bytes:at + name_bytes + other_bytes]
        at += name_bytes + other_bytes


def class_of(path, is_directory):
    """Which promise a sync of this file keeps."""
    if is_directory:
        return "directory"
    for end, name in (("-wal", "log"), ("-journal", "journal"), (".segment", "segment"), (".jsonl", "audit"), (".sqlite", "database")):
        if path.endswith(end):
            return name
    return "object file"


class Node:
    """A file or directory: what is certain of its content, and what is not: (sequence, kind, offset, bytes)."""

    def __init__(self, is_directory=False):
        self.is_directory = is_directory
        self.certain = bytearray()
        self.pending = []

    def sync(self, sequence):
        for change in self.pending:
            if change[0] <= sequence:
                apply(self.certain, change)
        self.pending = [change for change in self.pending if change[0] > sequence]


def apply(content, change):
    _, kind, offset, data = change
    if kind == Op.WRITE:
        if len(content) < offset:
            content.extend(bytes(offset - len(content)))
        content[offset:offset + len(data)] = data
    elif kind == Op.TRUNCATE:
        if offset < len(content):
            del content[offset:]
        else:
            content.extend(bytes(offset - len(content)))
    elif offset > len(content):  # ALLOCATE
        content.extend(bytes(offset - len(content)))


class Disk:
    """Follows a log; `without` names a class of syncs that are taken for not done."""

    def __init__(self, root, without=None):
        self.root = root
        self.without = without
        self.names = {root: Node(is_directory=True)}  # as the program sees them
        self.certain_names = dict(self.names)
        self.pending_names = []  # (sequence, paths, function that makes it)
        self.open_files = {}
        self.begun = {}
        self.sequence = 0

    def new_process(self):
        self.open_files, self.begun = {}, {}

    def change_names(self, paths, change):
        change(self.names)
        self.pending_names.append((self.sequence, paths, change))

    def feed(self, record):
        op, flags, offset, number, name, other = record
        self.sequence += 1
        if op == Op.OPEN:
            node = self.names.get(name)
            if node is None:
                if not flags & 2:
                    node = Node(is_directory=True)  # made before the recording began
                else:
                    node = Node()
                self.change_names({name}, lambda names: names.__setitem__(name, node))
            elif flags & 1:
                node.pending.append((self.sequence, Op.TRUNCATE, 0, b""))
            self.open_files[str(number)] = (node, name)
        elif op in (Op.WRITE, Op.TRUNCATE, Op.ALLOCATE):
            self.open_files[name][0].pending.append((self.sequence, op, offset, bytes(other)))
        elif op == Op.SYNC_BEGIN:
            self.begun[number] = self.sequence
        elif op == Op.SYNC_END:
            self.sync(*self.open_files[name], self.begun.pop(number))
        elif op == Op.RENAME:
            self.rename(name, bytes(other).decode())
        elif op == Op.UNLINK:
            self.change_names({name}, lambda names: names.pop(name, None))
        elif op == Op.MAKE_DIRECTORY:
            node = Node(is_directory=True)
            self.change_names({name}, lambda names: names.__setitem__(name, node))

    def rename(self, source, target):
        def change(names):
            if source in names:
                names[target] = names.pop(source)
        self.change_names({source, target}, change)

    def sync(self, node, path, sequence):
        if class_of(path, node.is_directory) == self.without:
            return
        node.sync(sequence)
        if node.is_directory:
            self.sync_names(path, sequence)

    def sync_names(self, directory, sequence):
        """What happened to names in this directory is certain, and so is what happened to the same names before."""
        touched, certain = set(), []
        for change in reversed(self.pending_names):
            inside = any(os.path.dirname(path) == directory for path in change[1])
            if change[0] <= sequence and (inside or touched & change[1]):
                touched |= change[1]
                certain.append(change)
        for change in reversed(certain):
            change[2](self.certain_names)
        self.pending_names = [change for change in self.pending_names if change not in certain]

    def after_power_cut(self, chance):
        """{path: bytes, or None for a directory}: one of the disks that may be left."""
        share = chance.choice((0.0, 0.0, 0.1, 0.5, 0.9, 1.0))
        names = dict(self.certain_names)
        cuts = {}  # per directory: what is not certain of it happened up to here
        for _, paths, change in self.pending_names:
            directories = {os.path.dirname(path) for path in paths}
            if all(cuts.setdefault(directory, chance.random()) < share for directory in directories):
                change(names)
            else:
                cuts.update(dict.fromkeys(directories, 2.0))
        files = {}
        for path in sorted(names):
            # A name below a directory that is gone is gone.
            if path != self.root and os.path.dirname(path) not in files:
                continue
            node = names[path]
            files[path] = None if node.is_directory else content_after_power_cut(node, share, chance)
        return files


def content_after_power_cut(node, share, chance):
    content = bytearray(node.certain)
    for sequence, kind, offset, data in node.pending:
        if kind != Op.WRITE:
            if chance.random() < share:
                apply(content, (sequence, kind, offset, data))
            continue
        at = 0
        while at < len(data):
            end = min(len(data), at + PAGE - (offset + at) % PAGE)
            piece = data[at:end]
            if chance.random() < share:
                if chance.random() < 0.05 and len(piece) > SECTOR:  # torn
                    piece = piece[:SECTOR * chance.randrange(1, (len(piece) - 1) // SECTOR + 1)]
                apply(content, (sequence, Op.WRITE, offset + at, piece))
            at = end
    return content


def write_out(files, root, folder):
    for path, content in files.items():
        target = folder + path[len(root):]
        if content is None:
            os.makedirs(target, exist_ok=True)
        else:
            # Modes are not recorded; what is for its owner alone is refused under any other.
            with open(target, "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
                file.write(content)
