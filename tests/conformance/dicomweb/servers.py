"""Servers that are started for a run of the requirements, each on a free port with an empty library in a folder."""
import json
import os
import re
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
ORTHANC_PLUGIN = "/usr/share/orthanc/plugins/libOrthancDicomWeb.so"


class Larmor:
    name = "Larmor"

    def __init__(self, folder):
        library = f"{folder}/library"
        token = subprocess.run([LARMOR, "token", "create", "--role", "admin", "--library", library],
                               check=True, capture_output=True, text=True).stdout.strip()
        self.process = subprocess.Popen(
            [LARMOR, "serve", "--library", library, "--port", "0", "--log-level", "warning"],
            stdout=subprocess.PIPE, text=True)
        for line in self.process.stdout:
            found = re.search(r"at (http://\S+)", line)
            if found:
                break
        else:
            raise RuntimeError("larmor serve did not start")
        url = found.group(1).rstrip("/")
        self.arguments = ["--url", f"{url}/dicomweb", "--uri-url", f"{url}/wado", "--token", token]
        self.version = subprocess.run([LARMOR, "version"], capture_output=True, text=True, check=False).stdout.strip()

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def free_port():
    """Orthanc takes no port 0. Somebody may take this one first, so its caller tries again."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Orthanc:
    name = "Orthanc"

    def __init__(self, folder):
        for _ in range(5):
            if self.try_start(folder, free_port()):
                return
        raise RuntimeError(f"Orthanc did not start, see {folder}/orthanc.log")

    def try_start(self, folder, port):
        configuration = {
            "StorageDirectory": f"{folder}/orthanc", "IndexDirectory": f"{folder}/orthanc", "HttpPort": port,
            "RemoteAccessAllowed": False, "AuthenticationEnabled": False, "DicomServerEnabled": False,
            "Plugins": [ORTHANC_PLUGIN],
            "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": True, "WadoRoot": "/wado"}}
        with open(f"{folder}/orthanc.json", "w", encoding="utf-8") as file:
            json.dump(configuration, file)
        with open(f"{folder}/orthanc.log", "wb") as log:
            self.process = subprocess.Popen(["Orthanc", f"{folder}/orthanc.json"], stdout=log, stderr=subprocess.STDOUT)
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{url}/system", timeout=10) as answer:
                    self.version = f"Orthanc {json.load(answer)['Version']}"
                    break
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        else:
            self.stop()
            return False
        self.arguments = ["--url", f"{url}/dicom-web", "--uri-url", f"{url}/wado"]
        return True

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
