"""What a requirement is, and how all of them are run."""
import time
import traceback
from dataclasses import dataclass

REQUIREMENTS = []


@dataclass(frozen=True)
class Requirement:
    """One sentence of the standard as a function of the server under test."""
    section: str  # of PS3.18, or a table of it: "10.6.1.2", "table 10.6.1-5"
    title: str
    check: object

    @property
    def name(self):
        return f"{self.section} {self.title}"


@dataclass(frozen=True)
class Outcome:
    requirement: Requirement
    result: str  # passed, failed, skipped
    reason: str = ""


class Failed(Exception):
    """The server does something else than the standard says."""


class Skipped(Exception):
    """The standard leaves it to the server, and the server does not offer it."""


def requirement(section, title):
    """Registers a function of the Server that raises Failed or Skipped, or returns."""
    def register(check):
        REQUIREMENTS.append(Requirement(section, title, check))
        return check
    return register


def expect(condition, reason):
    if not condition:
        raise Failed(reason)


def equal(found, expected, what):
    expect(found == expected, f"{what}: expected {expected!r}, found {found!r}"[:400])


def sort_key(wanted):
    """By number, not by letter: 10.4 behind 8.3."""
    numbers = wanted.section.removeprefix("table ").replace("-", ".").split(".")
    return [(0, int(n), "") if n.isdigit() else (1, 0, n) for n in numbers]


def run_all(server, pattern=""):
    outcomes = []
    for wanted in sorted(REQUIREMENTS, key=sort_key):
        if pattern not in wanted.name:
            continue
        started = time.monotonic()
        try:
            wanted.check(server)
            outcome = Outcome(wanted, "passed")
        except Skipped as skipped:
            outcome = Outcome(wanted, "skipped", str(skipped))
        except Failed as failed:
            outcome = Outcome(wanted, "failed", str(failed))
        except Exception as error:  # the answer was not even what the check could read
            line = traceback.extract_tb(error.__traceback__)[-1]
            outcome = Outcome(wanted, "failed", f"{type(error).__name__}: {error} ({line.name}:{line.lineno})"[:400])
        outcomes.append(outcome)
        if time.monotonic() - started > 30:
            print(f"slow: {wanted.name}", flush=True)
    return outcomes
