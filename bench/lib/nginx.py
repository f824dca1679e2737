"""nginx as a peer: 2 workers that send files as fast as they can."""
import os
import subprocess
import time
import urllib.request

CONFIGURATION = """
worker_processes 2;
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 100000000;
    default_type application/octet-stream;
    # We hold the file open too.
    open_file_cache max=10;
    open_file_cache_valid 600s;
    server {{ listen 127.0.0.1:{port} reuseport; root {folder}/www; }}
}}
"""


class Nginx:
    """Serves `folder`/www; every folder above must be open to others, which its workers are."""

    def __init__(self, folder, port):
        self.origin = f"http://127.0.0.1:{port}"
        os.chmod(folder, 0o755)
        os.makedirs(f"{folder}/www", exist_ok=True)
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(CONFIGURATION.format(folder=folder, port=port))
        self.process = subprocess.Popen(["/usr/sbin/nginx", "-c", f"{folder}/nginx.conf"], stderr=subprocess.DEVNULL)

    def wait_for(self, path, size):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(f"{self.origin}/{path}", timeout=5) as answer:
                    if len(answer.read()) == size:
                        return
            except OSError:
                time.sleep(0.02)
        raise SystemExit(f"{self.origin}/{path} does not have {size} bytes")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
