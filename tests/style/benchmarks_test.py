#!/usr/bin/env python3
"""What it costs is known: each benchmark that keeps its figures has a section of bench/RESULTS.md, which says where it was
measured and compares its figures with a peer's or with what was asked. Ends with `N passed, N failed`."""
import os
import re
import sys

import rules

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(path):
    with open(f"{ROOT}/{path}", encoding="utf-8") as file:
        return file.read()


def benchmarks():
    """Those of ./dev bench that write a section, by name."""
    for name in sorted(os.listdir(f"{ROOT}/bench")):
        script = f"bench/{name}/run"
        if os.path.exists(f"{ROOT}/{script}") and "write_section(" in read(script):
            yield name
    # In process: their figures are brought here by hand.
    yield from ("json", "rules")


SECTIONS = dict(re.findall(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", read("bench/RESULTS.md"), re.MULTILINE | re.DOTALL))


def every_benchmark_has_its_section():
    for name in benchmarks():
        if not any(re.match(rf"{name}(,|$)", heading) for heading in SECTIONS):
            yield f"no section for ./dev bench {name}"


def every_section_says_where_it_was_measured():
    for heading, text in SECTIONS.items():
        if not re.search(r"\d cores", text):
            yield f"{heading}: on which machine?"


def every_section_compares():
    for heading, text in SECTIONS.items():
        if not re.search(r"\b\d[\d.,]*x\b|\| times|ratio|asked|limit", text):
            yield f"{heading}: beside what?"


RULES = [every_benchmark_has_its_section, every_section_says_where_it_was_measured, every_section_compares]


if __name__ == "__main__":
    sys.exit(rules.run(RULES))
