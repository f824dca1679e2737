#!/usr/bin/python3
"""Runs the examples of README.md as they stand there: the three `sh` blocks of "First use", the second one
in the background. Ends with `N passed, N failed`."""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def main():
    with open(f"{ROOT}/README.md", encoding="utf-8") as file:
        section = file.read().split("## First use")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.S)
    assert len(blocks) == 3, "README.md has three examples: prepare, serve, use"
    port = free_port()
    before, serve, after = (block.replace("4258", str(port)) for block in blocks)
    folder = tempfile.mkdtemp(prefix="larmor-readme-")
    environment = {**os.environ, "PATH": f"{os.path.dirname(LARMOR)}:{os.environ['PATH']}", "LARMOR_PORT": str(port)}
    server = None
    failed = 0

    def run(name, script):
        nonlocal failed
        # What `head` leaves unread must not count as a failure: no pipefail.
        done = subprocess.run(["bash", "-euc", script], cwd=folder, env=environment, capture_output=True, text=True)
        print(f"{'ok     ' if done.returncode == 0 else 'FAILED '} {name}")
        if done.returncode != 0:
            failed += 1
            print(done.stdout[-2000:], done.stderr[-2000:])
        return done

    def content(name):
        try:
            with open(f"{folder}/{name}", "rb") as file:
                return file.read()
        except FileNotFoundError:
            return b""

    try:
        run("prepare", before + '\nprintf "%s" "$TOKEN" > token')
        server = subprocess.Popen(["bash", "-euc", "exec " + serve.strip()], cwd=folder, env=environment,
                                  stdout=subprocess.PIPE, text=True)
        for line in server.stdout:
            if line.startswith("sign in"):
                break
        files = re.search(r"^FILES=.*$", before, re.M).group(0)
        used = run("use", f"TOKEN=$(cat token)\n{files}\n{after}")
        checks = {
            "QIDO-RS found the CT": '"1CT1"' in used.stdout,
            "STOW-RS named the plan": '"00081199"' in used.stdout,
            "the rendered CT is a PNG": content("ct.png").startswith(b"\x89PNG\r\n\x1a\n"),
            "the CT came back": b"DICM" in content("ct.multipart"),
            "tokens were listed": "my scripts" in used.stdout,
        }
        for name, good in checks.items():
            print(f"{'ok     ' if good else 'FAILED '} {name}")
            failed += not good
        passed = 2 + len(checks) - failed
    finally:
        if server:
            server.terminate()
            server.wait(30)
        shutil.rmtree(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
