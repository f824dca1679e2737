#!/usr/bin/python3
"""kill -9 of processes that send to and work on a queue, at random points under load, on both drivers; PostgreSQL restarted
as by a power cut; processes held past their messages' visibility timeout, several at a time; poison that aborts, uses up all memory or hangs.
Then what is left is worked off, and the history that all of them wrote is judged together with the rows: nothing lost, nothing
stuck, everything done once, poison alone in the dead letters (tests/faults/queue/). Ends with `N passed, N failed`.

A campaign is a queue with some kills. On SQLite one process has the library: it sends and works, and is the one that is killed.
On PostgreSQL one sends, which is the server's part, and three work: each kill is of one of them."""
import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "end_to_end", "lib"))
from postgres import Postgres  # noqa: E402

PROGRAM = os.environ.get("LARMOR_QUEUE_FAULTS", f"{os.path.dirname(os.path.dirname(HERE))}/build/ci/bin/queue_faults")
KILLS_A_CAMPAIGN = 10
VISIBILITY_TIMEOUT_S = 2  # of main.cc
WORKERS = 3
# Poison that kills has five starts, and each may end one process while another is killed.
DRAINS_MAX = 20
DRAIN_S = 300


class Campaign:
    def __init__(self, folder, driver, chance, postgres):
        self.folder, self.driver, self.chance, self.postgres = folder, driver, chance, postgres
        os.makedirs(folder)
        if driver == "sqlite":
            self.database = f"{folder}/library.sqlite"
        else:
            self.database = postgres.make_database(os.path.basename(folder).replace("-", "_"))
        self.started = 0
        self.running = {}  # what it does, and which one of them, to the process
        self.deaths = 0  # by poison
        self.held = 0
        self.drained_s = 0
        self.parts = ["serve"] if driver == "sqlite" else ["send", *(f"work {i}" for i in range(WORKERS))]

    def program(self, verb):
        self.started += 1
        return [PROGRAM, verb, self.database, f"{self.folder}/history-{self.started}", str(self.started)]

    def start(self, part):
        with open(f"{self.folder}/errors", "ab") as errors:
            process = subprocess.Popen(self.program(part.split()[0]), stdout=subprocess.PIPE, stderr=errors)
        self.running[part] = process
        # One whose poison is quick is gone before it says so.
        process.stdout.readline()

    def start_missing(self):
        for part in self.parts:
            process = self.running.get(part)
            if process is not None and process.poll() is not None:
                self.bury(process)
                del self.running[part]
            if part not in self.running:
                self.start(part)

    def bury(self, process):
        process.stdout.close()
        assert process.returncode == -signal.SIGABRT, f"a process ended with {process.returncode}: see {self.folder}/errors"
        self.deaths += 1

    def kill(self):
        """Whether somebody was killed: poison may have been first."""
        self.start_missing()
        time.sleep(self.chance.uniform(0, 0.5))
        part = self.chance.choice(self.parts)
        process = self.running.pop(part)
        process.kill()
        code = process.wait()
        if code != -signal.SIGKILL:
            self.bury(process)
            return False
        process.stdout.close()
        return True

    def hold(self):
        """Workers, all but one where there are several, stopped in the middle until what they work on belongs to somebody else."""
        self.start_missing()
        time.sleep(self.chance.uniform(0.1, 0.4))
        held = [self.running[part] for part in self.parts[2:] or self.parts]
        for process in held:
            process.send_signal(signal.SIGSTOP)
        time.sleep(VISIBILITY_TIMEOUT_S + 0.5)
        for process in held:
            process.send_signal(signal.SIGCONT)
        # They act on what they held, and others on what came back.
        time.sleep(0.3)
        self.held += len(held)

    def restart_server(self):
        self.start_missing()
        time.sleep(self.chance.uniform(0, 0.3))
        self.postgres.stop(signal.SIGQUIT)  # as `pg_ctl stop -m immediate`
        time.sleep(self.chance.uniform(0, 0.3))
        self.postgres.start()

    def end(self):
        for process in self.running.values():
            process.kill()
            process.wait()
            process.stdout.close()
        self.running.clear()

    def drain(self):
        began = time.monotonic()
        deadline = began + DRAIN_S
        for _ in range(DRAINS_MAX):
            with open(f"{self.folder}/errors", "ab") as errors, subprocess.Popen(
                    self.program("drain"), stdout=subprocess.DEVNULL, stderr=errors) as process:
                try:
                    code = process.wait(max(1, deadline - time.monotonic()))
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise AssertionError(f"something is stuck: the queue is not empty after {DRAIN_S} s") from None
            if code == 0:
                self.drained_s = time.monotonic() - began
                return
            assert code == -signal.SIGABRT, f"the last worker ended with {code}: see {self.folder}/errors"
            self.deaths += 1
        raise AssertionError(f"poison killed {DRAINS_MAX} workers in a row")

    def check(self):
        histories = [f"{self.folder}/{name}" for name in os.listdir(self.folder) if name.startswith("history-")]
        done = subprocess.run([PROGRAM, "check", self.database, *histories], capture_output=True, text=True, check=False,
                              timeout=120)
        assert done.returncode == 0, done.stdout[:4000] + done.stderr[:500]
        return done.stdout.strip()


def run(campaign, kills, restarts):
    """(kills, restarts) that took place, and what the judge said."""
    subprocess.run(campaign.program("prepare"), check=True, timeout=60)
    killed = 0
    # In between the kills, not all at one end.
    acts = ["kill"] * kills + ["restart"] * restarts + ["hold"]
    campaign.chance.shuffle(acts)
    try:
        for act in acts:
            if act == "kill":
                while not campaign.kill():
                    pass
                killed += 1
            elif act == "hold":
                campaign.hold()
            else:
                campaign.restart_server()
    finally:
        campaign.end()
    campaign.drain()
    return killed, campaign.check()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}", flush=True)
    chance = random.Random(options.seed)
    root = tempfile.mkdtemp(prefix="larmor-queue-")
    postgres = Postgres()
    passed = failed = killed = restarted = refused = 0
    campaigns = max(2, round(options.kills / KILLS_A_CAMPAIGN))
    kills = [options.kills * (i + 1) // campaigns - options.kills * i // campaigns for i in range(campaigns)]
    of_postgres = campaigns // 2
    try:
        for i in range(campaigns):
            driver = "postgres" if i % 2 else "sqlite"
            turn = i // 2
            restarts = 0
            if driver == "postgres":
                restarts = options.restarts * (turn + 1) // of_postgres - options.restarts * turn // of_postgres
            campaign = Campaign(f"{root}/{driver}-{i}", driver, chance, postgres)
            began = time.monotonic()
            try:
                done, judged = run(campaign, kills[i], restarts)
                passed += 1
                killed += done
                restarted += restarts
                refused += int(re.search(r"(\d+) failed", judged).group(1))
                print(f"{driver}: {done} kills, {restarts} restarts of the server, {campaign.held} held, {campaign.deaths} died of poison: "
                      f"{judged} ({time.monotonic() - began:.0f} s, {campaign.drained_s:.0f} s of them to the end)", flush=True)
                shutil.rmtree(campaign.folder)
            except (AssertionError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"{driver}: {error}\nsee {campaign.folder}", flush=True)
    finally:
        postgres.end()
        if failed == 0:
            shutil.rmtree(root)
    print(f"{killed} kills and {restarted} restarts of PostgreSQL; {refused} calls were refused")
    if refused == 0:
        failed += 1
        print("no call of one that was held came too late: this tested nothing")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
