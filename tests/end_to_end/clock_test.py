#!/usr/bin/python3
"""A server whose wall clock jumps by years, forward and back, while instances come in: nothing is lost, sequences rise, the
chain of the audit trail holds, and sign-in ends when its time is up and not when the clock is set. The clock is libfaketime's.
Ends with `N passed, N failed`."""
import contextlib
import datetime
import email.utils
import glob
import http.client
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "faults"))
from library import Instances, Library, check, get, hash_of, store  # noqa: E402
from lib.postgres import Postgres  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("clock")
FAKETIME = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
YEARS = (10, -10, 3, -3, 0)


class WallClock:
    """The wall clock of a process, moved by a file that it reads."""

    def __init__(self, folder):
        self.file = f"{folder}/clock"
        self.years = 0
        self.move(0)

    def move(self, years):
        self.years = years
        self.set(f"{years:+}y")

    def set(self, offset):
        """From the right time, as libfaketime writes it: `+10m`."""
        with open(f"{self.file}.new", "w", encoding="ascii") as file:
            file.write(f"{offset}\n")
        os.chmod(f"{self.file}.new", 0o644)  # PostgreSQL's user reads it too
        os.rename(f"{self.file}.new", self.file)

    def environment(self):
        return {"LD_PRELOAD": FAKETIME[0], "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}


def year_of(connection):
    """As the server sees it, in the Date of its answers; that is made anew once a second."""
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    answer.read()
    return email.utils.parsedate_to_datetime(answer.headers["Date"]).year


def moved(connection, clock, years):
    clock.move(years)
    wanted = datetime.datetime.now(datetime.timezone.utc).year + years
    deadline = time.monotonic() + 20
    while abs(year_of(connection) - wanted) > 1:
        assert time.monotonic() < deadline, f"the clock does not move: {year_of(connection)}, not {wanted}"


def status_of(connection, path, token=None):
    connection.request("GET", path, headers={"Authorization": f"Bearer {token}"} if token else {})
    answer = connection.getresponse()
    answer.read()
    return answer.status


def stop(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    process.stdout.close()


@scenarios.test
def a_clock_that_jumps_between_and_during_imports_loses_nothing(folder):
    library, instances, clock = Library(f"{folder}/library"), Instances(), WallClock(folder)
    number = 0
    for _ in range(2):  # the second start with the clock where the first one left it
        process, port, token = library.serve(environment=clock.environment())
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for years in YEARS:
            for step in range(8):
                if step == 4:
                    moved(connection, clock, years)
                # A token lives for some time and is not good later; it comes back with the right time.
                wanted = 200 if clock.years <= 0 else 401
                uid, content = instances.make(number)
                number += 1
                library.maybe.add(uid)
                status, answer = store(connection, token, content)
                assert status == wanted, f"{clock.years} years: {status} {answer[:200]!r}"
                if status == 200:
                    library.acknowledged[uid] = hash_of(content)
        clock.move(-20)
        stop(process)
    with contextlib.closing(sqlite3.connect(f"{library.folder}/library.sqlite")) as database:
        events = database.execute("SELECT sequence, time FROM events ORDER BY sequence").fetchall()
        versions = database.execute("SELECT image_set, version FROM image_set_versions").fetchall()
    assert [row[0] for row in events] == list(range(1, len(events) + 1)), "the sequence of events has gaps or falls"
    times = [time for _, time in events]
    assert times != sorted(times) and max(times) - min(times) > 5 * 365 * 86_400 * 10**6, "the clock was not moved"
    for image_set in {row[0] for row in versions}:
        numbers = [version for one, version in versions if one == image_set]
        assert sorted(numbers) == list(range(1, len(numbers) + 1)), f"versions of image set {image_set}: {numbers}"
    assert ": whole" in library.run("audit", "verify")
    assert len(library.acknowledged) > 40, len(library.acknowledged)
    check(library, list(library.acknowledged))


@scenarios.test
def a_sign_in_link_lives_ten_minutes_whatever_the_clock_says(folder):
    library, clock = Library(f"{folder}/library"), WallClock(folder)
    token = library.sign_in()
    process = subprocess.Popen([os.environ["LARMOR_BINARY"], "serve", "--library", library.folder, "--port", "0"],
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                               env={**os.environ, **clock.environment()})
    try:
        link = next(found.group(1) for line in process.stdout if (found := re.search(r"(http://\S+/signin\?code=\S+)", line)))
        port, path = re.match(r"http://[^:]+:(\d+)(/.*)", link).groups()
        connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
        assert status_of(connection, "/v1/session", token) == 200
        moved(connection, clock, 10)
        assert status_of(connection, "/v1/session", token) == 401, "a token has a last day"
        assert status_of(connection, path) == 303, "the link was made a moment ago"
        moved(connection, clock, -10)
        assert status_of(connection, "/v1/session", token) == 200, "it is good again with the right time"
        get(connection, token, "/metrics", "text/plain")
    finally:
        stop(process)


LEASE_S, DELAY_S = 3, 2


class Queue:
    """Of the server, from outside. Times are seconds that really passed."""

    def __init__(self, port, token):
        self.connection, self.token = http.client.HTTPConnection("127.0.0.1", port, timeout=60), token

    def ask(self, method, path, body):
        self.connection.request(method, f"/v1/queues/work{path}", json.dumps(body),
                                {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"})
        answer = self.connection.getresponse()
        text = answer.read()
        assert answer.status in (200, 201, 204), (path, answer.status, text)
        return json.loads(text) if text else None

    def receive(self, wait_s=0):
        return [(message["body"], message["receive_count"]) for message in
                self.ask("POST", "/receive", {"max": 10, "wait_s": wait_s})["messages"]]


def check_queue_keeps_time(queue, set_clock, offset):
    """A lease and a delay that began before the wall clock was set end when their time has really passed."""
    queue.ask("POST", "/messages", {"messages": [{"body": "now", "priority": 1}, {"body": "later", "delay_s": DELAY_S}]})
    began = time.monotonic()
    assert queue.receive() == [("now", 1)]
    set_clock(offset)
    assert queue.receive() == [], f"{offset}: the clock ended a lease or a delay"
    seen = {}
    while len(seen) < 2:
        for body, count in queue.receive(wait_s=10):
            seen.setdefault(body, (time.monotonic() - began, count))
        assert time.monotonic() - began < 5 * LEASE_S, f"{offset}: the clock prolonged a lease or a delay: {seen}"
    for body, least, count in (("later", DELAY_S, 1), ("now", LEASE_S, 2)):
        took, received = seen[body]
        assert least - 0.2 <= took < least + 4 and received == count, (offset, seen)
    queue.ask("POST", "/purge", {"what": "messages"})


@scenarios.test
def leases_and_delays_of_queues_last_as_long_as_they_should_whatever_the_clock_says(folder):
    library, clock = Library(f"{folder}/library"), WallClock(folder)
    process, port, token = library.serve(environment=clock.environment())
    queue = Queue(port, token)
    try:
        queue.ask("PUT", "", {"visibility_timeout_s": LEASE_S})
        # Less than a token lives: it must stay good.
        for offset in ("+10m", "-10m"):
            check_queue_keeps_time(queue, clock.set, offset)
    finally:
        stop(process)


@scenarios.test
def leases_and_delays_in_postgresql_last_as_long_as_they_should_whatever_its_clock_says(folder):
    os.chmod(folder, 0o755)
    clock = WallClock(folder)
    postgres = Postgres(environment=clock.environment())
    process = None
    try:
        os.environ["LARMOR_DB"] = postgres.make_database("clock")
        process, port, token = Library(f"{folder}/library").serve()
        queue = Queue(port, token)
        queue.ask("PUT", "", {"visibility_timeout_s": LEASE_S})

        def set_clock(offset):
            before = int(postgres.ask("clock", "SELECT extract(epoch FROM clock_timestamp())::bigint"))
            clock.set(offset)
            after = int(postgres.ask("clock", "SELECT extract(epoch FROM clock_timestamp())::bigint"))
            assert abs(after - before) > 500, "PostgreSQL's clock was not set"
        for offset in ("+10m", "-10m"):
            check_queue_keeps_time(queue, set_clock, offset)
    finally:
        del os.environ["LARMOR_DB"]
        if process:
            stop(process)
        postgres.end()


if __name__ == "__main__":
    if not FAKETIME:
        print("SKIPPED: libfaketime is not there")
        print("0 passed, 0 failed")
        sys.exit(0)
    sys.exit(scenarios.run())
