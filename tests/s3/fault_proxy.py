#!/usr/bin/env python3
"""Stands before a real S3 server and does what networks, busy servers and cold tiers do.

    fault_proxy.py UPSTREAM_URL [CERTIFICATE KEY]

With a certificate it takes TLS. Writes `proxy URL`, then reads one JSON command a line and answers each with one JSON line, until its input ends:

  {"do": "fault", "kind": KIND, "method": "GET", "match": "part of the target", "times": 1, "after": BYTES}
      reset        the connection is reset before the request is looked at
      status       `status` and `code` are answered, nothing is passed on
      error200     status 200, and an error with `code` in the body; nothing is passed on
      short        after so many bytes of the body the connection is closed
      reset_body   the same, by a reset
      short_length the answer is so many bytes long, and says so
      flip         one bit of the body is another one
      stall        so many bytes of the body come, and then no more
      slow         after so many bytes it stops for `seconds`, and then goes on
      lost_reply   the server does it, and the answer is lost by a reset
      hold         nothing is answered for as long as the client waits; with "done" the server does it
  "skip" lets so many requests pass before the first
  {"do": "cold", "prefix": "/bucket/cold/", "seconds": 0.5, "lasts": 3600, "step": 0, "storage_class": "GLACIER"}
      objects there can't be read until RestoreObject was asked for and so many seconds have passed, and
      `step` more for each that was asked for before it; asked for again, a copy lasts anew. Of the class
      INTELLIGENT_TIERING, which is cold in its archive tiers only, they say that they are in one
  {"do": "clear"}    no more faults, nothing is cold
  {"do": "counts"}   how many requests by method, connections, and requests at a time at most, faults that
                     are still to come, requests that were held, restores that were asked for by object, the
                     last such request, and how many objects were read while others were still being restored
"""
import asyncio
import json
import socket
import ssl
import struct
import sys
import time
import urllib.parse
from email.utils import formatdate

HEAD_MAX = 65536


def error_body(code, message="made by the proxy"):
    return (f'<?xml version="1.0" encoding="UTF-8"?><Error><Code>{code}</Code><Message>{message}</Message>'
            f"<RequestId>proxy-1</RequestId></Error>").encode()


def head_of(status, headers, length):
    lines = [f"HTTP/1.1 {status} X", *(f"{name}: {value}" for name, value in headers), f"Content-Length: {length}"]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def reset(writer):
    """Closes so that the other side sees ECONNRESET."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


def undo_chunks(body):
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        count = int(size.split(b";")[0], 16)
        whole, body = whole + body[:count], body[count + 2:]
        if count == 0:
            break
    return whole


class ColdTier:
    def __init__(self):
        self.prefix, self.seconds, self.lasts, self.step = None, 0.0, 3600.0, 0.0
        self.storage_class = "GLACIER"
        self.ready, self.ends = {}, {}  # path -> when it can be read, and until when
        self.asked, self.last_request, self.read_early = {}, None, set()

    def covers(self, path):
        return self.prefix is not None and path.startswith(self.prefix)

    def state(self, path):
        """(may be read, value of x-amz-restore or None)"""
        ready, now = self.ready.get(path), time.monotonic()
        if ready is None or now >= self.ends[path]:
            return False, None
        if now < ready:
            return False, 'ongoing-request="true"'
        until = formatdate(time.time() + self.ends[path] - now, usegmt=True)
        return True, f'ongoing-request="false", expiry-date="{until}"'

    def restore(self, path, body):
        self.asked[path], self.last_request = self.asked.get(path, 0) + 1, body.decode()
        readable, state = self.state(path)
        now = time.monotonic()
        if readable:
            self.ends[path] = now + self.lasts
            return 200, b""
        if state is not None:
            return 409, error_body("RestoreAlreadyInProgress")
        self.ready[path] = now + self.seconds + self.step * len(self.ready)
        self.ends[path] = self.ready[path] + self.lasts
        return 202, b""

    def may_read(self, path):
        if not self.state(path)[0]:
            return False
        if any(time.monotonic() < ready for ready in self.ready.values()):
            self.read_early.add(path)
        return True

    def as_listed(self, bucket, body):
        """A listing says the storage class of each object."""
        parts = body.decode().split("<Contents>")
        for number, part in enumerate(parts):
            key = urllib.parse.unquote(part.partition("<Key>")[2].partition("</Key>")[0])
            if number > 0 and self.covers(f"/{bucket}/{key}"):
                parts[number] = part.replace("<StorageClass>STANDARD<", f"<StorageClass>{self.storage_class}<")
        return "<Contents>".join(parts).encode()


class Proxy:
    def __init__(self, upstream):
        parts = urllib.parse.urlsplit(upstream)
        self.host, self.port = parts.hostname, parts.port
        self.faults = []
        self.cold = ColdTier()
        self.requests, self.connections, self.now, self.now_max, self.held = {}, 0, 0, 0, 0

    def fault_for(self, method, target):
        for fault in self.faults:
            if fault.get("method", method) == method and fault.get("match", "") in target and fault["times"] > 0:
                if fault.get("skip", 0) > 0:
                    fault["skip"] -= 1
                    continue
                fault["times"] -= 1
                return fault
        return None

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while await self.one_request(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client, the server or the test is done
        finally:
            writer.close()

    async def one_request(self, reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = [tuple(line.split(": ", 1)) if ": " in line else (line.rstrip(":"), "") for line in lines[1:] if line]
        length = next((int(value) for name, value in headers if name.lower() == "content-length"), 0)
        self.requests[method] = self.requests.get(method, 0) + 1
        self.now += 1
        self.now_max = max(self.now_max, self.now)
        try:
            fault = self.fault_for(method, target) or {"kind": None}
            if fault["kind"] == "reset":
                reset(writer)
                return False
            body = await reader.readexactly(length)
            if fault["kind"] == "hold":
                if fault.get("done"):
                    await self.pass_on(method, target, headers, body)
                self.held += 1
                await reader.read(1)
                return False
            status, answer_headers, answer, declared = await self.answer(method, target, headers, body, fault)
            return await self.send(reader, writer, status, answer_headers, answer, declared, fault)
        finally:
            self.now -= 1

    async def answer(self, method, target, headers, body, fault):
        """(status, headers, body, length of the body as the server said)"""
        xml = [("Content-Type", "application/xml")]
        if fault["kind"] in ("status", "error200"):
            answer = error_body(fault["code"])
            return fault.get("status", 200), xml, answer, len(answer)
        path, _, query = target.partition("?")
        cold = self.cold.covers(path)
        if cold and method == "POST" and query.split("=")[0] == "restore":
            status, answer = self.cold.restore(path, body)
            return status, xml, answer, len(answer)
        if cold and method == "GET" and not self.cold.may_read(path):
            answer = error_body("InvalidObjectState")
            return 403, xml, answer, len(answer)
        status, answer_headers, answer, declared = await self.pass_on(method, target, headers, body)
        if self.cold.prefix and method == "GET" and "list-type=2" in query and status == 200:
            answer = self.cold.as_listed(path.split("/")[1], answer)
            declared = len(answer)
        if cold and method in ("GET", "HEAD") and status < 300:
            answer_headers.append(("x-amz-storage-class", self.cold.storage_class))
            if self.cold.storage_class == "INTELLIGENT_TIERING" and not self.cold.state(path)[0]:
                answer_headers.append(("x-amz-archive-status", "ARCHIVE_ACCESS"))
            if self.cold.state(path)[1]:
                answer_headers.append(("x-amz-restore", self.cold.state(path)[1]))
        return status, answer_headers, answer, declared

    async def pass_on(self, method, target, headers, body):
        reader, writer = await asyncio.open_connection(self.host, self.port)
        kept = [(name, value) for name, value in headers if name.lower() not in ("connection", "expect")]
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in kept), "Connection: close"]
        writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
        answer = await reader.read(-1)
        writer.close()
        head, _, answer = answer.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        answer_headers = [tuple(line.split(": ", 1)) for line in lines[1:] if ": " in line]
        named = {name.lower(): value for name, value in answer_headers}
        if named.get("transfer-encoding") == "chunked":
            answer = undo_chunks(answer)
        declared = int(named.get("content-length", len(answer)))
        dropped = ("content-length", "transfer-encoding", "connection")
        answer_headers = [(name, value) for name, value in answer_headers if name.lower() not in dropped]
        return int(lines[0].split(" ")[1]), answer_headers, answer, declared

    async def send(self, reader, writer, status, headers, answer, declared, fault):
        kind, after = fault["kind"], fault.get("after", 0)
        if kind == "lost_reply":
            reset(writer)
            return False
        if kind == "flip" and answer:
            at = min(after, len(answer) - 1)
            answer = answer[:at] + bytes([answer[at] ^ 1]) + answer[at + 1:]
        if kind == "short_length":
            answer = answer[:after]
            declared = len(answer)
        cut = kind in ("short", "reset_body", "stall")
        writer.write(head_of(status, headers, declared) + (answer[:after] if cut or kind == "slow" else answer))
        await writer.drain()
        if kind == "slow":
            await asyncio.sleep(fault["seconds"])
            writer.write(answer[after:])
            await writer.drain()
        if kind == "stall":
            await asyncio.wait_for(reader.read(1), 60)  # until the client has had enough
        if kind == "reset_body":
            # What was written must arrive before the reset, which would overtake it.
            await asyncio.sleep(0.05)
            reset(writer)
        return not cut

    def obey(self, command):
        if command["do"] == "fault":
            self.faults.append({"times": 1, **command})
        elif command["do"] == "cold":
            self.cold = ColdTier()
            self.cold.prefix, self.cold.seconds = command["prefix"], command["seconds"]
            self.cold.lasts, self.cold.step = command.get("lasts", 3600.0), command.get("step", 0.0)
            self.cold.storage_class = command.get("storage_class", "GLACIER")
        elif command["do"] == "clear":
            self.faults, self.cold = [], ColdTier()
            self.requests, self.connections, self.now_max, self.held = {}, 0, 0, 0
        return {"requests": self.requests, "connections": self.connections, "at_a_time_max": self.now_max,
                "faults_left": sum(fault["times"] for fault in self.faults), "held": self.held,
                "asked": self.cold.asked, "last_restore": self.cold.last_request, "read_early": len(self.cold.read_early)}


async def main():
    proxy = Proxy(sys.argv[1])
    context = None
    if len(sys.argv) > 2:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(sys.argv[2], sys.argv[3])
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0, limit=HEAD_MAX, ssl=context)
    print(f"proxy http{'s' if context else ''}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    commands = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(commands), sys.stdin)
    async for line in commands:
        print(json.dumps(proxy.obey(json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
