#!/usr/bin/python3
"""Peers that break the protocol, flood, stop in the middle or keep silent: each costs its own association, the
server goes on and nothing is left behind. Ends with `N passed, N failed`."""
import contextlib
import glob
import os
import random
import struct
import sys

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, Server, run, wait_until  # noqa: E402
from upper_layer import (CT_STORAGE, IMPLICIT, VERIFICATION, Peer, associate_request, command, data, echo_request, element, pdu,  # noqa: E402
                         short, status_of, store_request)
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("dimse")
test = scenarios.test
STORE = ((CT_STORAGE, IMPLICIT), (VERIFICATION, IMPLICIT))


def goes_on(server):
    assert server.process.poll() is None, server.logged()
    code, said = run("echoscu", "-aec", "LARMOR", "127.0.0.1", server.port)
    assert code == 0, said


def resources(server):
    process = f"/proc/{server.process.pid}"
    return len(os.listdir(f"{process}/fd")), len(os.listdir(f"{process}/task"))


def associations(server):
    return server.metric("larmor_dimse_associations")


@test
def garbage_is_answered_by_an_end(folder):
    server = Server(folder)
    chance = random.Random(4258)
    for _ in range(40):
        with Peer(server.port) as peer:
            peer.send(chance.randbytes(chance.randrange(1, 300)))
            peer.socket.shutdown(1)
            assert peer.ended()
    good = associate_request()
    for _ in range(60):  # a good request with a byte changed, and cut
        broken = bytearray(good)
        broken[chance.randrange(len(broken))] = chance.randrange(256)
        with Peer(server.port) as peer, contextlib.suppress(ConnectionError):
            peer.send(bytes(broken[:chance.randrange(len(broken))]))
            peer.socket.shutdown(1)
            assert peer.ended()
    goes_on(server)
    server.end()


@test
def lengths_that_lie_are_refused_without_being_believed(folder):
    server = Server(folder)
    for content in (struct.pack(">BBI", 1, 0, 0xffffffff), struct.pack(">BBI", 1, 0, 64 << 20)):
        with Peer(server.port) as peer:
            peer.send(content)
            assert peer.ended()
    for content in (struct.pack(">BBI", 4, 0, 0xffffffff), struct.pack(">BBI", 4, 0, 200_000),
                    pdu(4, struct.pack(">IBB", 0xffffffff, 1, 3)), pdu(4, struct.pack(">I", 0)), pdu(4, b""),
                    pdu(4, struct.pack(">IB", 1, 1)), pdu(9, b"?")):
        with Peer(server.port) as peer, contextlib.suppress(ConnectionError):
            peer.associate().send(content)
            assert peer.ended(), content
    goes_on(server)
    with open(f"/proc/{server.process.pid}/status", encoding="utf-8") as file:
        resident = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    assert resident < 400_000, f"{resident} KiB resident"
    server.end()


@test
def commands_that_are_none_end_the_association(folder):
    server = Server(folder)
    chance = random.Random(25)
    wrong = [b"", b"\0" * 7, chance.randbytes(200), command(short(0x100, 0x30)), command(short(0x110, 1)),
             command(element(8, 0x16, b"1.2")), element(0, 0, b"\xff\xff\xff\x7f") + b"\xff" * 100, bytes(20_000)]
    for content in wrong:
        with Peer(server.port) as peer, contextlib.suppress(ConnectionError):
            peer.associate().send(data(content, command=True))
            assert peer.ended(), content[:40]
    with Peer(server.port) as peer:  # a data set, or a context that was not accepted
        peer.associate().send(data(b"1234"))
        assert peer.ended()
    with Peer(server.port) as peer:
        peer.associate().send(data(echo_request(), context=99, command=True))
        assert peer.ended()
    goes_on(server)
    server.end()


@test
def an_operation_that_is_not_ours_is_answered_and_the_association_goes_on(folder):
    server = Server(folder)
    with Peer(server.port) as peer:
        peer.associate().send(data(command(element(0, 2, VERIFICATION.encode()), short(0x100, 0x140), short(0x110, 9),
                                           short(0x800, 0x101)), command=True))
        assert status_of(peer.message()) == 0x0211
        peer.send(data(echo_request(), command=True))
        assert status_of(peer.message()) == 0
    server.end()


@test
def what_does_not_fit_its_command_is_not_stored(folder):
    server = Server(folder)
    data_set = pydicom.dcmread(f"{PYDICOM_FILES}/CT_small.dcm")
    data_set.is_implicit_VR = True
    data_set.file_meta.TransferSyntaxUID = IMPLICIT
    data_set.save_as(f"{folder}/implicit.dcm")
    with open(f"{folder}/implicit.dcm", "rb") as file:
        content = file.read()
    content = content[144 + int.from_bytes(content[140:144], "little"):]
    with Peer(server.port) as peer:
        peer.associate(contexts=STORE)
        for uid, wanted in (("1.2.3", 0xa900), ("../../etc/passwd", 0xc000), (data_set.SOPInstanceUID, 0)):
            peer.send(data(store_request(uid), command=True))
            for at in range(0, len(content), 8000):
                peer.send(data(content[at:at + 8000], last=at + 8000 >= len(content)))
            assert status_of(peer.message()) == wanted, uid
        peer.send(data(store_request(data_set.SOPInstanceUID), command=True) + data(content[:5000]))
        assert status_of(peer.message()) == 0xc000
    assert len(server.search("instances")) == 1
    server.end()


@test
def an_end_in_the_middle_of_an_instance_leaves_nothing(folder):
    server = Server(folder)
    before = resources(server)
    for ending in (b"", pdu(7, bytes(4)), pdu(5, bytes(4)), data(echo_request(), command=True)):
        for size in (1000, 3 << 20):  # in memory, and in a file of its own
            with Peer(server.port) as peer, contextlib.suppress(ConnectionError):
                peer.associate(contexts=STORE, pdu_max=16384)
                peer.send(data(store_request("1.2.3.4"), command=True))
                for _ in range(0, size, 100_000):
                    peer.send(data(bytes(min(size, 100_000)), last=False))
                peer.send(ending)
                if ending:
                    assert peer.ended()
    wait_until(lambda: associations(server) == 0)
    wait_until(lambda: resources(server)[1] <= before[1] + 2)
    goes_on(server)
    assert server.search("instances") == []
    assert not glob.glob(f"{server.library}/objects/incoming/*")
    server.end()


@test
def a_flood_is_rejected_and_ends_with_the_flood(folder):
    server = Server(folder, "--dimse-associations", "4")
    goes_on(server)
    before = resources(server)
    with contextlib.ExitStack() as stack:
        standing = [stack.enter_context(Peer(server.port)).associate() for _ in range(4)]
        with Peer(server.port) as peer:
            peer.send(associate_request())
            kind, content = peer.receive()
            assert (kind, content) == (3, bytes([0, 2, 3, 2])), (kind, content)  # transient, local limit exceeded
        silent = [stack.enter_context(Peer(server.port)) for _ in range(60)]
        wait_until(lambda: server.metric('larmor_dimse_associations_total{end="refused"}') >= 60 - 16)
        standing[0].send(data(echo_request(), command=True))
        assert status_of(standing[0].message()) == 0
        assert resources(server)[1] <= before[1] + 4 + 16
        assert len(silent) == 60
    wait_until(lambda: associations(server) == 0)
    goes_on(server)
    wait_until(lambda: resources(server)[0] <= before[0] + 2)
    server.end()


@test
def silence_ends_an_association(folder):
    server = Server(folder, "--dimse-idle", "1")
    with Peer(server.port) as peer:
        peer.associate()
        assert peer.ended()
    wait_until(lambda: associations(server) == 0)
    assert "took too long" in server.logged()
    server.end()


@test
def the_server_stops_while_peers_are_there(folder):
    server = Server(folder)
    with Peer(server.port) as idle, Peer(server.port) as sending, Peer(server.port) as silent:
        idle.associate()
        sending.associate(contexts=STORE)
        sending.send(data(store_request("1.2.3.4"), command=True) + data(bytes(1000), last=False))
        wait_until(lambda: associations(server) == 2)
        server.end()
        assert idle.ended() and sending.ended() and silent.ended()


if __name__ == "__main__":
    sys.exit(scenarios.run())
