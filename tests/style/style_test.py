#!/usr/bin/env python3
"""Rules of this code base that no tool knows: each is a function that yields `path:line: what is wrong`.
Ends with `N passed, N failed`."""
import re
import subprocess
import sys

import rules

LINES_SMELL, LINES_MAX = 400, 600
# A longer file needs its reason here.
LONG_FILES = {
    "src/dicom/dictionary_data.cc": "generated: one row for each attribute of the standard",
    "src/dicom/tags.h": "generated: one constant for each attribute of the standard",
}
# A header from outside belongs to the modules that hide it from everybody else.
WALLS = {
    # Not a dependency: src/http/README.md says why it is not even used there.
    r"boost/": (r"^$", ""),
    r"dcmtk/": (r"src/(pixels|dimse|reports)/|^bench/|/tests/|^tests/", ""),
    r"(openjpeg|openjpeg-[0-9.]+/openjpeg)\.h": (r"src/pixels/", ""),
    r"charls/": (r"src/pixels/", ""),
    r"openjph/": (r"src/pixels/", ""),
    r"(turbojpeg|jpeglib)\.h": (r"src/pixels/", ""),
    r"(gif_lib|ft2build|lcms2)\.h|webp/": (r"src/pixels/", ""),
    r"(png|tiffio)\.h": (r"src/reassembly/fuse/", r"\.cc$"),
    r"unicode/": (r"\.cc$", ""),
    r"vips/": (r"src/images/", ""),
    r"sqlite3\.h": (r"src/(db|objects)/sqlite/|src/db/|^bench/", ""),
    r"libpq-fe\.h": (r"src/db/postgres/", ""),
    r"(mysql|mysqld_error|errmsg)\.h": (r"src/index/mysql/", r"\.cc$"),
    r"duckdb\.h": (r"src/duckdb/|^bench/", r"\.cc$"),
    r"liburing\.h": (r"src/reassembly/reads/", r"\.cc$"),
    r"xxhash\.h": (r"src/(base|reassembly/uid_index)/", r"\.cc$"),
    r"(zstd|zdict)\.h": (r"src/(archive|http|reassembly/spool)/|/tests/|^bench/", r"\.cc$"),
    r"expat\.h": (r"src/(dicom|objects/s3)/", r"\.cc$"),
    r"curl/": (r"src/objects/s3/", r"\.cc$"),
    r"simdjson\.h": (r"(\.cc|_internal\.h)$", ""),
}
# A public header names none of these; those of a driver are seen by that driver only.
HEADER_BANS = re.compile(r'#include <(dcmtk|vips|simdjson|sqlite3|libpq-fe|curl)')
SQL = re.compile(r'"\s*(SELECT\b.+\bFROM\b|INSERT\s+(OR\s+\w+\s+)?INTO\b|UPDATE\s+\w+\s+SET\b|DELETE\s+FROM\b|CREATE\s+(TABLE|INDEX))')
SQL_HOME = re.compile(r"src/(db|objects|events|catalog|queue|index|auth|jobs)/|/tests/|^tests/|^bench/")
CODE_IN_COMMENT = re.compile(r"^\s*//(?![/!]).*(;|\{|\}\s*;?)\s*$")


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], check=True, capture_output=True).stdout
    return [path for path in listed.decode().split("\0") if path]


def lines_of(path):
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().splitlines()
    except (FileNotFoundError, UnicodeDecodeError):  # removed in the work tree; binary
        return []


CPP = {path: lines_of(path) for path in tracked("*.cc", "*.h")}
WEB = {path: lines_of(path) for path in tracked("web/*.ts", "web/*.tsx", "web/*.mjs")}
TEXT = {**CPP, **WEB, **{path: lines_of(path) for path in tracked("*.py", "*.sh", "*.cmake", "*.txt", "dev", ".ci/run")}}


def grep(files, pattern):
    found = re.compile(pattern)
    for path, lines in files.items():
        for number, line in enumerate(lines, 1):
            if found.search(line):
                yield path, number, line


def includes_start_at_the_root():
    for path, number, _ in grep(CPP, r'^\s*#\s*include\s+"\.\.?/'):
        yield f"{path}:{number}: an include starts at the root, not with ./ or ../"


def unfinished_work_is_an_issue():
    # Spelled apart so that this file passes its own test.
    for path, number, _ in grep(TEXT, r"\b(" + "TO" + "DO|FIX" + "ME|X" + "XX)\\b(?![:]?[-_.\\w]*UID)"):
        if "XX)" not in path:
            yield f"{path}:{number}: unfinished work belongs in an issue"


def no_commented_out_code():
    for path, lines in CPP.items():
        run = 0
        for number, line in enumerate(lines, 1):
            run = run + 1 if CODE_IN_COMMENT.match(line) else 0
            if run == 2:  # one line may quote a statement; two are code that was switched off
                yield f"{path}:{number}: commented-out code"


def no_braced_temporary_is_awaited():
    # g++ 12 destroys it twice when the coroutine resumes (GCC bug 98401 and its kin): name it first.
    braced = re.compile(r"co_await\s[^;{}]*\(\s*\{[^}]*[^}\s{]")
    for path, lines in CPP.items():
        text = "\n".join(re.sub(r"//.*", "", line) for line in lines)
        for found in braced.finditer(text):
            yield f"{path}:{text.count(chr(10), 0, found.start()) + 1}: a braced temporary in co_await: name it"


def awaited_lambdas_capture_by_reference():
    # The same with what a lambda captures by value: our frame waits, so a reference is as good.
    awaited, capture = re.compile(r"\bco_await\b|\bCO_TRY(_VOID)?\("), re.compile(r"(?<![\w\])])\[([^\[\]]*)\]\s*(?:[({]|mutable)")
    for path, lines in CPP.items():
        text = "\n".join(re.sub(r"//.*", "", line) for line in lines)
        for found in awaited.finditer(text):
            depth, end = 0, found.end()
            while end < len(text) and not (text[end] in ";{" and depth <= 0):
                depth += (text[end] in "([") - (text[end] in ")]")
                if text[end] == "{":  # a body: what is inside of it is no temporary of this statement
                    inside = 0
                    while end < len(text):
                        inside += (text[end] == "{") - (text[end] == "}")
                        if inside == 0:
                            break
                        end += 1
                end += 1
                if captured := capture.match(text, end):
                    names = [name.strip() for name in captured[1].split(",") if name.strip()]
                    if any(name != "this" and not name.startswith("&") for name in names):
                        yield f"{path}:{text.count(chr(10), 0, end) + 1}: an awaited lambda captures by value: [{captured[1]}]"


def files_stay_short():
    for path, lines in {**CPP, **WEB}.items():
        if len(lines) > LINES_MAX and path not in LONG_FILES:
            yield f"{path}: {len(lines)} lines (at most {LINES_MAX}, or a reason in LONG_FILES)"
        elif len(lines) > LINES_SMELL and path not in LONG_FILES:
            print(f"smell: {path} has {len(lines)} lines: look for the second concept inside")


def libraries_stay_behind_their_walls():
    for header, (home, ending) in WALLS.items():
        for path, number, _ in grep(CPP, rf"#\s*include\s*<{header}"):
            if not re.search(home, path) or (ending and not re.search(ending, path)):
                yield f"{path}:{number}: <{header}> belongs behind the wall {home}"


def headers_are_lean():
    private = re.compile(r"/(detail|internal|sqlite|postgres|local|codecs)/|_internal\.h$|/tests/|^tests/|^bench/|cmake/")
    for path, lines in CPP.items():
        if not path.endswith(".h") or private.search(path):
            continue
        for number, line in enumerate(lines, 1):
            if HEADER_BANS.search(line):
                yield f"{path}:{number}: a heavy header in a header (a private one is named *_internal.h)"


def sql_lives_in_stores_and_catalog():
    for path, lines in CPP.items():
        if SQL_HOME.search(path):
            continue
        for number, line in enumerate(lines, 1):
            if SQL.search(line):
                yield f"{path}:{number}: SQL outside db, objects, events, catalog"


def migrations_are_written_for_both_databases():
    files = set(tracked("src/*/migrations/*.sql"))
    for path in sorted(files):
        stem = re.sub(r"(\.postgres)?\.sql$", "", path)
        for other in (f"{stem}.sql", f"{stem}.postgres.sql"):
            if other not in files:
                yield f"{path}:1: without {other}"


def cornerstone_lives_in_imaging():
    for path, number, _ in grep(WEB, r"""from ['"]@cornerstonejs|import\(['"]@cornerstonejs"""):
        if not path.startswith("web/src/imaging/"):
            yield f"{path}:{number}: Cornerstone is imported in web/src/imaging only"


def typescript_has_no_any():
    for path, number, _ in grep(WEB, r"(:|\bas|<)\s*any\b(?!where)"):
        if path.endswith((".ts", ".tsx")):
            yield f"{path}:{number}: no any"


def no_path_of_one_machine():
    for path, number, _ in grep({**TEXT, **{p: lines_of(p) for p in tracked("*.md", "*.json")}}, r"(?<![\w.])/" + r"work/(main|shared|scratch)"):
        yield f"{path}:{number}: a path that only one machine has"


RULES = [
    includes_start_at_the_root, unfinished_work_is_an_issue, no_commented_out_code,
    no_braced_temporary_is_awaited, awaited_lambdas_capture_by_reference, files_stay_short,
    libraries_stay_behind_their_walls, headers_are_lean, sql_lives_in_stores_and_catalog,
    migrations_are_written_for_both_databases,
    cornerstone_lives_in_imaging, typescript_has_no_any, no_path_of_one_machine,
]


if __name__ == "__main__":
    sys.exit(rules.run(RULES))
