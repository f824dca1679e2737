"""A DICOM upper layer of a few lines (PS3.8), for messages that no well-behaved program sends."""
import socket
import struct

IMPLICIT = "1.2.840.10008.1.2"
VERIFICATION = "1.2.840.10008.1.1"
CT_STORAGE = "1.2.840.10008.5.1.4.1.1.2"


def item(kind, content):
    return struct.pack(">BBH", kind, 0, len(content)) + content


def pdu(kind, content):
    return struct.pack(">BBI", kind, 0, len(content)) + content


def associate_request(contexts=((VERIFICATION, IMPLICIT),), called="LARMOR", calling="HOSTILE", pdu_max=16384):
    body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode() + bytes(32)
    body += item(0x10, b"1.2.840.10008.3.1.1.1")
    for index, (abstract, transfer) in enumerate(contexts):
        body += item(0x20, bytes([2 * index + 1, 0, 0, 0]) + item(0x30, abstract.encode()) + item(0x40, transfer.encode()))
    body += item(0x50, item(0x51, struct.pack(">I", pdu_max)) + item(0x52, b"1.2.826.0.1.3680043.99"))
    return pdu(1, body)


def data(content, context=1, command=False, last=True):
    return pdu(4, struct.pack(">IBB", len(content) + 2, context, (1 if command else 0) | (2 if last else 0)) + content)


def element(group, number, value):
    return struct.pack("<HHI", group, number, len(value) + len(value) % 2) + value + b"\0" * (len(value) % 2)


def command(*elements):
    body = b"".join(elements)
    return element(0, 0, struct.pack("<I", len(body))) + body


def short(number, value):
    return element(0, number, struct.pack("<H", value))


def echo_request():
    return command(element(0, 2, VERIFICATION.encode()), short(0x100, 0x30), short(0x110, 1), short(0x800, 0x101))


def store_request(sop_instance_uid, sop_class_uid=CT_STORAGE, message_id=1):
    return command(element(0, 2, sop_class_uid.encode()), short(0x100, 1), short(0x110, message_id), short(0x700, 0), short(0x800, 1),
                   element(0, 0x1000, sop_instance_uid.encode()))


class Peer:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, content):
        self.socket.sendall(content)

    def receive(self):
        """(type, content) of the next PDU; nothing when the other end closed."""
        head = self._exactly(6)
        if head is None:
            return None
        kind, _, size = struct.unpack(">BBI", head)
        return kind, self._exactly(size)

    def _exactly(self, count):
        content = b""
        while len(content) < count:
            try:
                piece = self.socket.recv(count - len(content))
            except ConnectionError:
                return None
            if not piece:
                return None
            content += piece
        return content

    def associate(self, **arguments):
        self.send(associate_request(**arguments))
        answer = self.receive()
        assert answer and answer[0] == 2, answer
        return self

    def message(self):
        """The command set of the next message, as {element: value}."""
        kind, content = self.receive()
        assert kind == 4, kind
        found, at = {}, 6
        while at < len(content):
            _, number, size = struct.unpack_from("<HHI", content, at)
            found[number] = content[at + 8:at + 8 + size]
            at += 8 + size
        return found

    def ended(self):
        """True when the other end aborts or closes, whatever it says before."""
        while (answer := self.receive()) is not None:
            if answer[0] == 7:
                return True
        return True


def status_of(message):
    return struct.unpack("<H", message[0x900])[0]
