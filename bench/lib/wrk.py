"""Runs wrk and reads what it prints."""
import os
import re
import subprocess
from dataclasses import dataclass


@dataclass
class Measured:
    rate: float  # requests a second
    p50_ms: float
    p99_ms: float
    bytes_per_request: float
    processor_us: float  # of the server a request: does not depend on what else runs on the machine


def milliseconds(text):
    number, unit = re.fullmatch(r"([0-9.]+)(us|ms|s|m)", text).groups()
    return float(number) * {"us": 0.001, "ms": 1, "s": 1000, "m": 60_000}[unit]


def size(text):
    number, unit = re.fullmatch(r"([0-9.]+)([KMG]?)B", text).groups()
    return float(number) * 1024 ** " KMG".index(unit or " ")


def processor_seconds(pid):
    """Of a process and its children."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids = [pid, *map(int, file.read().split())]
    ticks = 0
    for one in pids:
        with open(f"/proc/{one}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def wrk(script_path, script, origin, seconds, pid, threads=2, connections=8):
    """`script` is Lua that defines request(), `pid` the server; what is no 2xx ends the benchmark."""
    before = processor_seconds(pid)
    with open(script_path, "w", encoding="utf-8") as file:
        file.write(script)
    out = subprocess.run(["wrk", f"-t{threads}", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s", "--latency",
                          "-s", script_path, origin], check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(f"{origin}: {out}")
    total, _, received = re.search(r"(\d+) requests in (\S+), (\S+) read", out).groups()
    return Measured(float(re.search(r"Requests/sec:\s+([0-9.]+)", out)[1]),
                    milliseconds(re.search(r"^\s+50%\s+(\S+)", out, re.M)[1]),
                    milliseconds(re.search(r"^\s+99%\s+(\S+)", out, re.M)[1]), size(received) / max(1, int(total)), 1e6 * (processor_seconds(pid) - before) / max(1, int(total)))
