"""What the DIMSE scripts share: a server of ours with both its ports, DCMTK's programs, files by their syntax."""
import glob
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

import pydicom

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
PYDICOM_FILES = "/usr/lib/python3/dist-packages/pydicom/data/test_files"
SHARED_FILES = f"{os.path.dirname(ROOT)}/shared/data/dicom"
SYNTAX_FILES = f"{SHARED_FILES}/syntax"
# What storescu calls the transfer syntaxes that it can propose.
STORESCU = {
    "1.2.840.10008.1.2": "-xi", "1.2.840.10008.1.2.1": "-xe", "1.2.840.10008.1.2.2": "-xb",
    "1.2.840.10008.1.2.1.99": "-xd", "1.2.840.10008.1.2.5": "-xr", "1.2.840.10008.1.2.4.50": "-xy",
    "1.2.840.10008.1.2.4.51": "-xx", "1.2.840.10008.1.2.4.70": "-xs", "1.2.840.10008.1.2.4.80": "-xt",
    "1.2.840.10008.1.2.4.81": "-xu", "1.2.840.10008.1.2.4.90": "-xv", "1.2.840.10008.1.2.4.91": "-xw",
}


class Server:
    """larmor serve with a DICOM port, both of them free ones."""

    def __init__(self, folder, *arguments, library="larmor-library", log=("--log", "json")):
        self.library = f"{folder}/{library}"
        self.token = subprocess.run([LARMOR, "token", "create", "--role", "admin", "--library", self.library], check=True,
                                    capture_output=True, text=True).stdout.strip()
        self.log = open(f"{folder}/{library}.log", "w+", encoding="utf-8")
        port = [] if "--dimse-port" in arguments else ["--dimse-port", "0"]
        self.process = subprocess.Popen(
            [LARMOR, "serve", "--library", self.library, "--port", "0", *port, *log, *arguments],
            stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.port = None
        for line in self.process.stdout:
            if found := re.search(r"at (https?://\S+)", line):
                self.url = self.url or found.group(1).rstrip("/")
            if found := re.match(r"DICOM: .* port (\d+)$", line):
                self.port = int(found.group(1))
                return
        raise AssertionError(f"larmor serve ended with {self.process.wait()}: {self.logged()}")

    def get(self, path, accept="application/json"):
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {self.token}", "Accept": accept})
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.read()

    def send(self, method, path, body=None):
        """Status and bytes of the answer, whatever it says; a body goes as JSON."""
        request = urllib.request.Request(self.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
                                         headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def ask(self, method, path, body=None):
        """The JSON of an answer that must be good."""
        status, answer = self.send(method, path, body)
        assert 200 <= status < 300, (status, answer)
        return json.loads(answer or b"{}")

    def stored(self, data_set):
        """The file of an instance, as it is stored."""
        body = self.get(f"/dicomweb/studies/{data_set.StudyInstanceUID}/series/{data_set.SeriesInstanceUID}"
                        f"/instances/{data_set.SOPInstanceUID}", 'multipart/related; type="application/dicom"; transfer-syntax=*')
        return body[body.index(b"\r\n\r\n") + 4:body.rindex(b"\r\n--")]

    def search(self, path):
        return json.loads(self.get(f"/dicomweb/{path}", "application/dicom+json") or "[]")

    def metric(self, name):
        lines = self.get("/metrics", "text/plain").decode().splitlines()
        return next(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(name + " "))

    def logged(self):
        self.log.flush()
        with open(self.log.name, encoding="utf-8") as file:
            return file.read()

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0, self.logged()
        self.process.stdout.close()
        self.log.close()


def run(*command, timeout=120, cwd=None):
    done = subprocess.run([str(part) for part in command], capture_output=True, check=False, timeout=timeout, cwd=cwd)
    return done.returncode, (done.stdout + done.stderr).decode("latin-1")


def free_port():
    """One that was free a moment ago: for programs that can't choose one themselves."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_until(good, seconds=60):
    """Waits for something that happens elsewhere and can't be awaited."""
    until = time.monotonic() + seconds
    while not good():
        assert time.monotonic() < until, "it did not happen"
        time.sleep(0.05)


def start_listening(command, port, cwd=None):
    """Another program that listens: it is ready when the port answers."""
    process = subprocess.Popen([str(part) for part in command], cwd=cwd, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answers():
        assert process.poll() is None, f"{command[0]} ended"
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", port)) == 0
    wait_until(answers)
    return process


def files_by_syntax():
    """Real instances by transfer syntax, one file each SOP Instance UID and syntax."""
    files = glob.glob(f"{SYNTAX_FILES}/**/*.dcm", recursive=True) if os.path.isdir(SYNTAX_FILES) else []
    files += glob.glob(f"{PYDICOM_FILES}/*.dcm")
    found, seen = {}, set()
    for path in sorted(files):
        try:
            data_set = pydicom.dcmread(path, stop_before_pixels=True)
            syntax = str(data_set.file_meta.TransferSyntaxUID)
            uids = (data_set.StudyInstanceUID, data_set.SeriesInstanceUID)
        except Exception:  # one of the broken ones
            continue
        if "SOPInstanceUID" not in data_set or not all(uids) or data_set.SOPInstanceUID in seen:
            continue
        seen.add(data_set.SOPInstanceUID)
        found.setdefault(syntax, []).append(path)
    return found


def data_set_bytes(file):
    """Of a DICOM file with meta group: what follows the meta group."""
    assert file[128:132] == b"DICM" and file[132:136] == b"\x02\x00\x00\x00", "no DICOM file"
    return file[144 + int.from_bytes(file[140:144], "little"):]
