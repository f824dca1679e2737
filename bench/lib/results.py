"""What the benchmarks that are scripts share: where things are, the machine in words, a section of bench/RESULTS.md."""
import datetime
import os
import platform
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("LARMOR_BENCH_BUILD", f"{ROOT}/build/release")


def program(name):
    for folder in (BUILD, f"{BUILD}/bin"):
        if os.path.exists(f"{folder}/{name}"):
            return f"{folder}/{name}"
    raise SystemExit(f"{name} is not built: ./dev bench builds it")


def measured_where():
    """The first line of a section: when, what and on which machine."""
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "an unnamed processor")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True)
    return (f"Measured {datetime.date.today()} at {commit.stdout.strip()}; {os.cpu_count()} cores of {model}, {memory:.0f} GiB, "
            f"Linux {platform.release()}, with what measures on the same cores; load average {os.getloadavg()[1]:.1f} over the last 5 "
            "minutes (more than about 2 is the work of others on the machine: then the ratios say more than the rates).")


def write_section(name, text):
    path = f"{ROOT}/bench/RESULTS.md"
    with open(path, encoding="utf-8") as file:
        whole = file.read()
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    section = f"{start}\n## {name}\n\n{text}\n{end}"
    if start in whole:
        whole = re.sub(re.escape(start) + ".*?" + re.escape(end), lambda _: section, whole, flags=re.S)
    else:
        whole = whole.rstrip("\n") + "\n\n" + section + "\n"
    with open(path, "w", encoding="utf-8") as file:
        file.write(whole)
