#!/usr/bin/python3
"""The running program against the requirements of PS3.18: tests/conformance/dicomweb/run. Ends with
`N passed, N failed, N skipped`."""
import subprocess
import sys
import tempfile
from pathlib import Path

SUITE = Path(__file__).resolve().parents[1] / "conformance" / "dicomweb"
sys.path.insert(0, str(SUITE))
from servers import Larmor  # noqa: E402: found by the path above


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = Larmor(folder)
        try:
            return subprocess.run([sys.executable, SUITE / "run", *server.arguments], check=False).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
