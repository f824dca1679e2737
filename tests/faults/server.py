#!/usr/bin/python3
"""kill -9 of `larmor serve` itself, at random points under load, on both drivers; beside PostgreSQL also of a worker, and
PostgreSQL restarted as by a power cut. Clients send to a queue over HTTP, others receive and remove, imports run as jobs, and
a rule sends a message for each image set. Afterwards: every message whose send was acknowledged was received, none again after
its removal was acknowledged, nothing is left; every job ended with what it was to import; each image set has its message, once;
fsck finds nothing. Ends with `N passed, N failed`."""
import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
# In place of this folder, whose `queue` is another one than Python's.
sys.path[0] = os.path.join(os.path.dirname(HERE), "end_to_end", "lib")
from dimse import LARMOR, PYDICOM_FILES  # noqa: E402
from postgres import Postgres  # noqa: E402

FILES_A_JOB = 150
DRAIN_S = 120
UNREACHED = (urllib.error.URLError, ConnectionError, TimeoutError, OSError, ValueError)


class Refused(Exception):
    """An answer that is no success: nothing was changed, but for 5xx that say that nobody knows."""


class Program:
    """`larmor serve` over one library, started again and again."""

    def __init__(self, folder, database):
        self.folder, self.library = folder, f"{folder}/library"
        self.environment = {**os.environ, "LARMOR_DB": database}
        self.token = self.run("token", "create", "--role", "admin", "--library", self.library).strip()
        self.errors = open(f"{folder}/errors", "ab")
        self.process = self.worker = None
        self.url = ""
        self.is_up = threading.Event()

    def run(self, *arguments):
        done = subprocess.run([LARMOR, *arguments], env=self.environment, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, (arguments, done.stdout[-1000:] + done.stderr[-1000:])
        return done.stdout

    def start(self, role="all"):
        self.process = subprocess.Popen([LARMOR, "serve", "--library", self.library, "--port", "0", "--role", role],
                                        env=self.environment, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        for line in self.process.stdout:
            if found := re.search(r"at (https?://\S+)", line):
                self.url = found.group(1).rstrip("/")
                break
        else:
            raise AssertionError(f"larmor serve ended with {self.process.wait()}: see {self.folder}/errors")
        self.is_up.set()

    def start_worker(self):
        self.worker = subprocess.Popen([LARMOR, "serve", "--role", "worker", "--library", self.library], env=self.environment,
                                       stdout=subprocess.PIPE, stderr=self.errors, text=True)
        assert self.worker.stdout.readline(), f"the worker ended with {self.worker.wait()}: see {self.folder}/errors"

    def kill(self):
        self.is_up.clear()
        end_now(self.process)

    def kill_worker(self):
        end_now(self.worker)

    def end(self):
        for process in (self.worker, self.process):
            if process is not None and process.poll() is None:
                process.send_signal(signal.SIGTERM)
                assert process.wait(60) == 0, f"it did not stop well: see {self.folder}/errors"
                process.stdout.close()

    def ask(self, method, path, body=None, headers=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data=data, method=method, headers={
            "Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **(headers or {})})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            raise Refused(f"{error.code}: {error.read()[:300]}") from None


def end_now(process):
    process.kill()
    process.wait()
    process.stdout.close()


class Load:
    """Clients, each a thread, that write down what was acknowledged."""

    def __init__(self, program, folder):
        self.program, self.folder = program, folder
        self.stopping = threading.Event()
        self.lock = threading.Lock()
        self.sent, self.received, self.removed = set(), set(), set()
        self.again, self.jobs = [], {}
        self.refused = 0
        self.threads = [threading.Thread(target=self.forever, args=(part, number))
                        for part, number in ((self.send, 0), (self.send, 1), (self.work, 2), (self.work, 3), (self.work, 4),
                                             (self.start_job, 5))]
        for thread in self.threads:
            thread.start()

    def forever(self, part, number):
        turn = 0
        while not self.stopping.is_set():
            self.program.is_up.wait(1)
            try:
                part(number, turn)
                turn += 1
            except UNREACHED:
                # Killed, or being started: the same again, as a client does.
                self.stopping.wait(0.02)
            except Refused:
                self.refused += 1
                self.stopping.wait(0.05)

    def send(self, number, turn):
        bodies = [f"{number}-{turn}-{i}" for i in range(1 + turn % 7)]
        self.program.ask("POST", "/v1/queues/work/messages", {
            "messages": [{"body": body, "deduplication_id": body} for body in bodies]})
        with self.lock:
            self.sent.update(bodies)

    def work(self, _number, _turn):
        got = self.program.ask("POST", "/v1/queues/work/receive", {"max": 4, "wait_s": 1, "visibility_timeout_s": 5})
        for message in got["messages"]:
            body = message["body"]
            with self.lock:
                self.received.add(body)
                if body in self.removed:
                    self.again.append(body)
            try:
                self.program.ask("POST", "/v1/queues/work/remove", {"receipt_handles": [message["receipt_handle"]]})
            except Refused:
                continue  # it came too late
            with self.lock:
                self.removed.add(body)

    def start_job(self, _number, turn):
        if len(self.jobs) > turn:
            return
        if len(self.jobs) >= 2:  # some run at a time, not all
            states = [self.program.ask("GET", f"/v1/jobs/{job}")["state"] for job in list(self.jobs)[-2:]]
            if any(state in ("queued", "running") for state in states):
                self.stopping.wait(0.1)
                raise Refused("later")
        folder = make_series(self.folder, turn)
        job = self.program.ask("POST", "/v1/jobs", {"kind": "import", "parameters": {"paths": [folder]}},
                               {"Idempotency-Key": f"job-{turn}"})
        self.jobs[job["id"]] = turn

    def stop_sending(self):
        self.stopping.set()
        for thread in self.threads:
            thread.join(90)
            assert not thread.is_alive(), "a client hangs"

    def drain(self):
        """How much there is depends on how fast the machine was: stuck is what gets no shorter, or a job that does not end."""
        fewest, until = None, 0
        while True:
            queue = self.program.ask("GET", "/v1/queues/work")
            if queue["depth"] == 0:
                break
            if fewest is None or queue["depth"] < fewest:
                fewest, until = queue["depth"], time.monotonic() + DRAIN_S
            assert time.monotonic() < until, f"something is stuck: {queue}"
            try:
                self.work(0, 0)
            except Refused:
                self.refused += 1
        for job in self.jobs:
            until = time.monotonic() + DRAIN_S
            while self.program.ask("GET", f"/v1/jobs/{job}", headers={"Prefer": "wait=5"})["state"] in ("queued", "running"):
                assert time.monotonic() < until, f"job {job} does not end"


def make_series(folder, number):
    """A series of its own, in files. Once: where the answer to a job's request was lost, the job may be reading them."""
    target = f"{folder}/series-{number}"
    if os.path.exists(target):
        return target
    with open(f"{PYDICOM_FILES}/CT_small.dcm", "rb") as file:
        content = file.read()
    for uid in (b"1.3.6.1.4.1.5962.1.3.1.1.20040119072730.12322",):  # of the series
        assert uid in content
        content = content.replace(uid, uid[:-5] + b"%05d" % number)
    instance = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    os.makedirs(f"{target}.made")
    for i in range(FILES_A_JOB):
        with open(f"{target}.made/{i:04}.dcm", "wb") as file:
            file.write(content.replace(instance, instance[:-14] + b"%06d.%05d" % (number, i) + b".1"))
    os.rename(f"{target}.made", target)
    return target


def check(program, load):
    """What is wrong, a line each."""
    wrong = []
    if missing := load.sent - load.received:
        wrong.append(f"{len(missing)} messages were acknowledged and never received, {sorted(missing)[:3]}")
    if load.again:
        wrong.append(f"{len(load.again)} messages came again after their removal, {load.again[:3]}")
    for job, turn in load.jobs.items():
        ended = program.ask("GET", f"/v1/jobs/{job}")
        result = ended.get("result") or {}
        done = result.get("imported", 0) + result.get("duplicates", 0)
        if ended["state"] != "succeeded" or done != FILES_A_JOB:
            wrong.append(f"job {job}, series {turn}: {ended}")
    stored = program.ask("GET", "/dicomweb/instances?limit=1&includefield=00080018") and len(
        program.ask("GET", f"/dicomweb/series?limit={len(load.jobs) + 10}") or [])
    if stored != len(load.jobs):
        wrong.append(f"{stored} series, {len(load.jobs)} were acknowledged as jobs")
    queue = program.ask("GET", "/v1/queues/image-sets")
    if queue["depth"] != stored or queue["dead"] != 0:
        wrong.append(f"{stored} image sets and {queue['depth']} messages, {queue['dead']} dead")
    return wrong


def campaign(name, folder, kills, restarts, chance, postgres):
    database = postgres.make_database("larmor") if postgres else ""
    program = Program(folder, database)
    role = "server" if postgres else "all"
    program.run("rule", "put", "image-sets", "--library", program.library, "--pattern",
                '{"detail-type": ["Image Set Created"]}', "--queue", "image-sets")
    program.run("queue", "create", "work", "--library", program.library, "--visibility-timeout", "5")
    program.start(role)
    if postgres:
        program.start_worker()
    load = Load(program, folder)
    try:
        acts = ["kill"] * kills + ["restart"] * restarts
        chance.shuffle(acts)
        for act in acts:
            time.sleep(chance.uniform(0.1, 1.2))  # when is the point
            if act == "restart":
                postgres.stop(signal.SIGQUIT)  # as `pg_ctl stop -m immediate`
                time.sleep(chance.uniform(0, 0.3))
                postgres.start()
            elif postgres and chance.random() < 0.3:
                program.kill_worker()
                program.start_worker()
            else:
                program.kill()
                program.start(role)
            assert program.process.poll() is None, f"larmor serve ended by itself: see {folder}/errors"
    finally:
        load.stop_sending()
    load.drain()
    wrong = check(program, load)
    program.end()
    if not postgres:
        program.run("fsck", "--library", program.library)
    said = (f"{name}: {kills} kills, {restarts} restarts; {len(load.sent)} sends, {len(load.removed)} removals and {len(load.jobs)} "
            f"jobs acknowledged, {load.refused} requests refused meanwhile")
    return said, wrong


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200, help="of larmor serve, on both drivers together")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    options = parser.parse_args()
    chance = random.Random(options.seed)
    print(f"seed {options.seed}", flush=True)
    passed = failed = 0
    half = max(1, options.kills // 2)
    for name in ("sqlite", "postgres"):
        folder = tempfile.mkdtemp(prefix=f"larmor-server-{name}-")
        postgres = Postgres(fsync=True) if name == "postgres" else None
        try:
            said, wrong = campaign(name, folder, half, half // 5 if postgres else 0, chance, postgres)
            print(f"{'FAILED  ' if wrong else 'ok      '}{said}", *wrong, sep="\n        ", flush=True)
            passed, failed = passed + (not wrong), failed + bool(wrong)
        except AssertionError as error:
            print(f"FAILED  {name}: {error}", flush=True)
            failed += 1
        finally:
            if postgres:
                postgres.end()
            if not failed:
                shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
