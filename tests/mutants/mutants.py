#!/usr/bin/python3
"""./dev mutants [WORDS]: takes out, one after the other, the lines that mutants.toml names for each promise, and wants the test
that stands beside it to turn red. WORDS choose: a promise's number, or words of a file, a part or a test.

It works on a copy in build/mutants, with a build folder of its own, so nothing here is ever changed. Root sees the copy under the
path of the checkout, in a mount namespace of its own: paths are part of what ccache compares, so most of it need not be built
again. First each test is run as it is and must be green. A mutant whose line is gone, or that does not compile, is an error.
Ends with `N passed, N failed`."""
import itertools
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Set where the copy lies over the checkout.
INSIDE = os.environ.get("LARMOR_MUTANTS_INSIDE") == "yes"
COPY = ROOT if INSIDE else f"{ROOT}/build/mutants/tree"
BUILD = f"{COPY}/build/ci"
MARK = ".copy-of-a-checkout"
BUILD_S, TEST_S = 1800, 120  # a mutant that makes its test hang is dead too


class Mutant:
    def __init__(self, row):
        self.promise, self.part, self.file = row["promise"], row["part"], row["file"]
        self.line, self.instead = row["line"], row.get("with", "")
        self.test = Test(row["test"], row.get("only", ""), row.get("within_s", TEST_S))
        self.reason = None

    def matches(self, words):
        text = f"{self.promise} {self.part} {self.file} {self.test}"
        return all(word == str(self.promise) if word.isdigit() else word in text for word in words)

    def __str__(self):
        return f"promise {self.promise}, {self.part} ({self.file})"

    def mutated(self, text):
        """The file without the line; None where the line is not there once."""
        return text.replace(self.line, self.instead) if text.count(self.line) == 1 else None


class Test:
    """A GoogleTest program with a filter, or a script of this repository with the names of its scenarios."""

    def __init__(self, program, only, within_s):
        self.program, self.only, self.within_s = program, only, within_s
        self.is_script = "/" in program

    def __str__(self):
        return f"{self.program} {self.only}".strip()

    def __eq__(self, other):
        return str(self) == str(other)

    def __hash__(self):
        return hash(str(self))

    @property
    def targets(self):
        return ["larmor"] if self.is_script else [self.program]

    def command(self):
        if self.is_script:
            interpreter = "/usr/bin/python3" if self.program.endswith(".py") else "bash"
            return [interpreter, self.program, *self.only.split()]
        return [f"{BUILD}/bin/{self.program}", *([f"--gtest_filter={self.only}"] if self.only else [])]

    def run(self):
        """Whether it is green, None where it ran nothing, and what it said."""
        environment = {**os.environ, "LARMOR_BINARY": f"{BUILD}/bin/larmor"}
        try:
            done = subprocess.run(self.command(), cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                  text=True, errors="replace", timeout=self.within_s, check=False)
        except subprocess.TimeoutExpired:
            return False, f"it did not end within {self.within_s} s"
        ran = re.search(r"^\[==========\] ([1-9]\d*) tests? from" if not self.is_script else r"^([1-9]\d*) passed|^\d+ passed, [1-9]",
                        done.stdout, re.MULTILINE)
        skipped = re.search(r"^\[  SKIPPED \]", done.stdout, re.MULTILINE)
        if done.returncode == 0 and (not ran or skipped):
            return None, f"it ran nothing, or skipped something:\n{done.stdout}"
        return done.returncode == 0, done.stdout


def copy_sources():
    """What git knows here, with changes that are not committed; files that are equal keep their time, so little is built."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, check=True,
                            capture_output=True).stdout.decode().split("\0")
    wanted = {path for path in listed if path and os.path.isfile(f"{ROOT}/{path}")}
    for path in wanted:
        source, target = f"{ROOT}/{path}", f"{COPY}/{path}"
        with open(source, "rb") as file:
            content = file.read()
        if os.path.isfile(target):
            with open(target, "rb") as file:
                if file.read() == content:
                    continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target)
    for folder, folders, names in os.walk(COPY):
        if folder == COPY:
            folders[:] = [name for name in folders if name not in ("build", ".cache")]
            names = [name for name in names if name != MARK]
        for name in names:
            path = os.path.relpath(f"{folder}/{name}", COPY)
            if path not in wanted:
                os.unlink(f"{COPY}/{path}")

    # What ./dev setup brought and Parquet is written with.
    os.makedirs(f"{COPY}/.cache/duckdb", exist_ok=True)
    for name in ("duckdb.h", "libduckdb.so"):
        source, target = f"{ROOT}/.cache/duckdb/{name}", f"{COPY}/.cache/duckdb/{name}"
        if os.path.exists(source) and not os.path.exists(target):
            shutil.copy(source, target)


def build(targets, log):
    jobs = os.environ.get("LARMOR_JOBS", str(os.cpu_count()))
    with open(log, "wb") as file:
        return subprocess.run(["ninja", "-C", BUILD, "-j", jobs, *sorted(targets)], stdout=file, stderr=subprocess.STDOUT,
                              timeout=BUILD_S, check=False).returncode == 0


def tail(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if "error" in line.lower()]
    return "".join(lines[:10])


def read(path):
    if not os.path.exists(path):
        return None
    with open(path, encoding="utf-8") as file:
        return file.read()


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def try_mutant(mutant, log):
    """None when its test turned red, else what is wrong."""
    path = f"{COPY}/{mutant.file}"
    text = read(path)
    mutated = mutant.mutated(text)
    if mutated is None:
        return f"the line is there {text.count(mutant.line)} times: write it anew in mutants.toml"
    write(path, mutated)
    try:
        if not build(mutant.test.targets, log):
            return f"does not compile:\n{tail(log)}"
        green, said = mutant.test.run()
    finally:
        # With a new time, so that it is built again.
        write(path, text)
    write(log, said)
    if green is None:
        return f"{mutant.test}: {said[-1000:]}"
    return f"{mutant.test} stays green" if green else None


def try_group(mutants, log):
    """Mutants of one test program: how many were killed, and how much was wrong."""
    if not build(mutants[0].test.targets, log):
        print(f"{mutants[0].test.program} does not build as it is:\n{tail(log)}", flush=True)
        return 0, len(mutants)
    killed = wrong = 0
    red = set()
    for test in {mutant.test for mutant in mutants}:
        green, said = test.run()
        if not green:
            red.add(test)
            wrong += 1
            print(f"not green without any mutant: {test}\n{said[-2000:]}", flush=True)
    for mutant in mutants:
        if mutant.test in red:
            continue
        began = time.monotonic()
        alive = try_mutant(mutant, log)
        seconds = f"{time.monotonic() - began:.0f} s"
        if alive:
            wrong += 1
            print(f"ALIVE   {mutant}: {alive} ({seconds})", flush=True)
        else:
            killed += 1
            print(f"killed  {mutant} by {mutant.test} ({seconds})", flush=True)
    return killed, wrong


def go_inside():
    """Runs this again where the copy lies over the checkout; gives its exit code, or None where that may not be done."""
    if os.geteuid() != 0:
        return None
    namespace = ["unshare", "--mount", "--propagation", "private", "sh", "-c"]
    over = f"mount --bind '{COPY}' '{ROOT}' && cd '{ROOT}'"
    if subprocess.run([*namespace, over], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return None
    return subprocess.run([*namespace, f'{over} && exec /usr/bin/python3 tests/mutants/mutants.py "$@"', "sh", *sys.argv[1:]],
                          env={**os.environ, "LARMOR_MUTANTS_INSIDE": "yes"}, check=False).returncode


def main():
    if not INSIDE:
        os.makedirs(COPY, exist_ok=True)
        copy_sources()
        write(f"{COPY}/{MARK}", "")
        code = go_inside()
        if code is not None:
            return code
    # Whatever went wrong before: the checkout itself is never touched.
    assert os.path.exists(f"{COPY}/{MARK}"), f"{COPY} is no copy"
    with open(f"{COPY}/tests/mutants/mutants.toml", "rb") as file:
        table = tomllib.load(file)
    mutants = [mutant for mutant in map(Mutant, table["mutant"]) if mutant.matches(sys.argv[1:])]
    if not mutants:
        sys.exit("no mutant matches")
    os.makedirs(f"{COPY}/build", exist_ok=True)
    log = f"{COPY}/build/mutants.log"
    configured = f"{BUILD}/configured-as"  # a build folder that was moved is of no use
    if read(configured) != COPY:
        shutil.rmtree(BUILD, ignore_errors=True)
        with open(log, "wb") as file:
            subprocess.run(["cmake", "--preset", "ci"], cwd=COPY, stdout=file, stderr=subprocess.STDOUT, check=True, timeout=300)
        write(configured, COPY)
    passed = failed = 0
    # What changes a header comes last: everything is built again after it.
    mutants.sort(key=lambda one: (one.file.endswith(".h"), one.test.program, one.file))
    for _, group in itertools.groupby(mutants, key=lambda one: (one.file.endswith(".h"), one.test.program)):
        killed, wrong = try_group(list(group), log)
        passed += killed
        failed += wrong
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
