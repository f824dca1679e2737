#!/usr/bin/python3
"""larmor fsck by its command line: what a person and a script see of a good and of a damaged library.
Ends with `N passed, N failed`."""
import glob
import json
import os
import sqlite3
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from command_line_test import FILES, end, larmor, serve  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("fsck")
test = scenarios.test
CT_UID = "1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"


def fsck(folder, *arguments):
    done = larmor(folder, "fsck", "--json", *arguments)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return done.returncode, lines[:-1], lines[-1]


def import_some(folder):
    done = larmor(folder, "import", f"{FILES}/CT_small.dcm", f"{FILES}/MR_small.dcm", f"{FILES}/rtplan.dcm")
    assert done.returncode == 0, done.stderr


@test
def a_good_library_exits_with_0_and_says_what_was_checked(folder):
    import_some(folder)
    code, findings, summary = fsck(folder)
    assert (code, findings) == (0, []), (code, findings)
    with sqlite3.connect(f"{folder}/larmor-library/library.sqlite") as database:
        objects, size = database.execute("SELECT count(*), sum(size_bytes) FROM objects").fetchone()
    assert (summary["instances"], summary["objects"], summary["bytes"]) == (3, objects, size), summary
    text = larmor(folder, "fsck")
    assert text.returncode == 0 and text.stdout.startswith("3 instances, "), text.stdout + text.stderr


@test
def one_flipped_byte_exits_with_1_and_is_named_by_segment_and_offset(folder):
    import_some(folder)
    library = f"{folder}/larmor-library"
    with sqlite3.connect(f"{library}/library.sqlite") as database:
        segment, offset, head = database.execute(
            "SELECT segment, record_offset, head_bytes FROM objects JOIN instances ON instances.object = objects.id"
            " WHERE sop_instance_uid = ?", (CT_UID,)).fetchone()
    with open(f"{library}/objects/segments/{segment:08}.segment", "r+b") as file:
        file.seek(offset + head + 1000)
        byte = file.read(1)[0]
        file.seek(offset + head + 1000)
        file.write(bytes([byte ^ 1]))
    code, findings, summary = fsck(folder)
    assert code == 1 and summary["errors"] == 1, (code, findings, summary)
    assert findings[0]["severity"] == "error" and findings[0]["where"] == f"segment {segment} at byte {offset}", findings
    assert CT_UID in findings[0]["what"], findings
    # A repair keeps the instance and goes on saying that its bytes are damaged.
    assert fsck(folder, "--repair")[0] == 1
    assert fsck(folder)[2]["instances"] == 3


@test
def wrong_counts_are_made_anew_and_leftovers_removed_only_on_request(folder):
    import_some(folder)
    library = f"{folder}/larmor-library"
    with sqlite3.connect(f"{library}/library.sqlite") as database:
        database.execute("UPDATE studies SET number_of_instances = number_of_instances + 1")
        database.commit()
    with open(f"{library}/objects/incoming/3.part", "wb"):
        pass
    for _ in range(2):
        code, findings, summary = fsck(folder)
        assert code == 1 and summary["errors"] == 3 and summary["notes"] == 1, (code, findings)
    assert fsck(folder, "--repair")[0] == 0
    assert fsck(folder)[:2] == (0, [])
    assert not glob.glob(f"{library}/objects/incoming/*")


@test
def a_library_that_a_server_has_open_is_refused_with_its_pid(folder):
    process, _, _ = serve(folder)
    try:
        done = larmor(folder, "fsck")
        assert done.returncode == 1 and f"process {process.pid}" in done.stderr, done.stderr
    finally:
        end(process)
    assert larmor(folder, "fsck").returncode == 0


@test
def compact_takes_a_closed_library_only_and_leaves_a_good_one_as_it_is(folder):
    import_some(folder)
    process, _, _ = serve(folder)
    try:
        refused = larmor(folder, "compact")
        assert refused.returncode == 1 and str(process.pid) in refused.stderr, refused.stderr
    finally:
        end(process)
    done = larmor(folder, "compact", "--min-dead", "10")
    assert done.returncode == 0 and done.stdout == "0 segments removed, 0 objects moved, 0 bytes written, 0 freed\n", done.stdout + done.stderr
    assert fsck(folder)[:2] == (0, [])
    missing = larmor(folder, "compact", "--library", "nothing")
    assert missing.returncode == 1 and "no library" in missing.stderr, missing.stderr


@test
def a_folder_without_a_library_is_an_error_and_stays_as_it_is(folder):
    done = larmor(folder, "fsck", "--library", "nothing")
    assert done.returncode == 1 and "no library" in done.stderr, done.stderr
    assert not os.path.exists(f"{folder}/nothing")


if __name__ == "__main__":
    sys.exit(scenarios.run())
