#!/usr/bin/env python3
"""clang-tidy on what changed in the last 30 commits: at most 60 files and 4 minutes, newest first; names what
it skipped. `--all` takes every file and all the time it needs, and so do files that are named. A changed header is checked through the .cc
beside it. Reads the compile commands of the preset `tidy` (clang, no precompiled headers)."""
import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import time

BUILD = "build/tidy"
COMMITS, FILES_MAX, SECONDS_MAX, JOBS = 30, 60, 240, 2


def lines_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def compiled_files():
    with open(f"{BUILD}/compile_commands.json", encoding="utf-8") as file:
        paths = {os.path.relpath(entry["file"]) for entry in json.load(file)}
    return {path for path in paths if not path.startswith("build/")}


def changed_files(compiled):
    """Compiled files that the newest commits or the work tree touched, the newest first."""
    touched = lines_of("git", "diff", "--name-only", "HEAD")
    touched += lines_of("git", "log", f"-{COMMITS}", "--name-only", "--format=")
    as_source = (path[:-2] + ".cc" if path.endswith(".h") else path for path in touched)
    newest_first = dict.fromkeys(path for path in as_source if path in compiled)
    # Where the time is too short for all, it goes to the product.
    return sorted(newest_first, key=lambda path: "tests/" in path)


def tidy(path, deadline):
    if time.monotonic() > deadline:
        return path, None, ""
    # What the build gives every file as its precompiled header.
    header = "cmake/pch_test.h" if "/tests/" in path or path.startswith("tests/") else "cmake/pch.h"
    # Our headers are reached through the include root that each module has in the build folder.
    run = subprocess.run(
        ["clang-tidy-19", "-p", BUILD, "--quiet", f"--header-filter={os.getcwd()}/(build/tidy/include|src|apps)/.*",
         "--extra-arg=-include", f"--extra-arg={os.path.abspath(header)}", path],
        capture_output=True, text=True, check=False)
    return path, run.returncode == 0, run.stdout


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--all", action="store_true")
    parser.add_argument("paths", nargs="*", help="these files instead of the changed ones")
    options = parser.parse_args()

    compiled = compiled_files()
    if options.all or options.paths:
        named = dict.fromkeys(path[:-2] + ".cc" if path.endswith(".h") else path for path in options.paths)
        wanted = [path for path in named if path in compiled] if options.paths else sorted(compiled)
        skipped, seconds_max = [], 1e9
    else:
        changed = changed_files(compiled)
        wanted, skipped, seconds_max = changed[:FILES_MAX], changed[FILES_MAX:], SECONDS_MAX

    started = time.monotonic()
    failed = checked = 0
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        for path, clean, output in pool.map(lambda path: tidy(path, started + seconds_max), wanted):
            if clean is None:
                skipped.append(path)
                continue
            checked += 1
            if not clean:
                failed += 1
                print(f"tidy: {path}\n{output}", flush=True)
    for path in skipped:
        print(f"tidy: skipped {path} (past {FILES_MAX} files or {SECONDS_MAX} s)")
    print(f"tidy: {checked} files in {time.monotonic() - started:.0f} s, {failed} with findings, {len(skipped)} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
