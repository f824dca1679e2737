#!/usr/bin/env python3
"""A real S3 server for tests: one Ceph monitor, one OSD in memory and one RADOS gateway (Debian's ceph-mon, ceph-osd,
radosgw, ceph-common), on free ports of 127.0.0.1, in a folder of its own that is gone afterwards.

Writes `s3 ENDPOINT ACCESS_KEY SECRET_KEY` when it answers and runs until its standard input ends. Ends with 77 where
the packages are not installed. `BUCKET.localhost` is the bucket's host name. What is written is lost at the end."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
import uuid

PROGRAMS = ("ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph", "ceph-authtool", "monmaptool")
START_SECONDS_MAX = 90
ACCESS, SECRET = "larmortest", "larmortestsecret"
# With the authentication of Ceph switched off radosgw never comes up, so there are keys. Without `*` for the classes
# of objects it has none of its own. One copy of everything, and no statistics daemon, which the gateway does not need.
CONFIGURATION = """
[global]
fsid = {fsid}
mon_host = [v2:127.0.0.1:{mon_port}/0]
public_network = 127.0.0.0/8
cluster_network = 127.0.0.0/8
ms_bind_ipv6 = false
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = {folder}/keyring
run_dir = {folder}
admin_socket = {folder}/$name.asok
log_file = {folder}/$name.log
crash_dir = {folder}/crash
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_warn_on_pool_no_redundancy = false
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_tick_interval = 1
paxos_propose_interval = 0.05
paxos_min_wait = 0.01
[mon.a]
mon_data = {folder}/mon
[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 2147483648
osd_class_load_list = *
osd_class_default_list = *
osd_memory_target = 939524096
[client]
rgw_data = {folder}/rgw
rgw_enable_usage_log = false
rgw_thread_pool_size = 64
rgw_crypt_require_ssl = false
rgw_dns_name = localhost
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_with_us():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Gateway:
    def __init__(self, folder):
        self.folder = folder
        self.conf = f"{folder}/ceph.conf"
        self.children = []
        self.deadline = time.monotonic() + START_SECONDS_MAX

    def run(self, *command, must=True):
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS_MAX, preexec_fn=end_with_us)
        if must and done.returncode != 0:
            raise RuntimeError(f"{' '.join(command[:2])}: {done.stderr.strip()[-2000:]}")
        return done

    def spawn(self, *command):
        log = open(f"{self.folder}/{command[0]}.out", "w", encoding="utf-8")
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=end_with_us)
        self.children.append(child)

    def wait_for(self, what, is_there):
        while not is_there():
            for child in self.children:
                if child.poll() is not None:
                    raise RuntimeError(f"{child.args[0]} ended with {child.returncode}: "
                                       + open(f"{self.folder}/{child.args[0]}.out", encoding="utf-8").read()[-2000:])
            if time.monotonic() > self.deadline:
                raise RuntimeError(f"no {what} after {START_SECONDS_MAX} s")
            time.sleep(0.1)

    def start(self):
        fsid, mon_port, port = str(uuid.uuid4()), free_port(), free_port()
        for name in ("mon", "osd", "rgw", "crash"):
            os.mkdir(f"{self.folder}/{name}")
        with open(self.conf, "w", encoding="utf-8") as conf:
            conf.write(CONFIGURATION.format(fsid=fsid, mon_port=mon_port, folder=self.folder))
        keyring = f"{self.folder}/keyring"
        for who, caps in (("mon.", ("mon", "allow *")),
                          ("client.admin", ("mon", "allow *", "osd", "allow *", "mgr", "allow *")),
                          ("osd.0", ("mon", "allow profile osd", "osd", "allow *", "mgr", "allow profile osd")),
                          ("client.rgw", ("mon", "allow rwx", "osd", "allow rwx", "mgr", "allow rw"))):
            pairs = [word for at in range(0, len(caps), 2) for word in ("--cap", caps[at], caps[at + 1])]
            create = ["--create-keyring"] if who == "mon." else []
            self.run("ceph-authtool", *create, keyring, "--gen-key", "-n", who, *pairs)
        self.run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", f"{self.folder}/monmap")
        self.run("ceph-mon", "-c", self.conf, "-i", "a", "--mkfs", "--monmap", f"{self.folder}/monmap", "--keyring", keyring)
        self.spawn("ceph-mon", "-c", self.conf, "-i", "a", "-f")
        # The key of osd.0 came with the keyring of the monitor; this makes its number.
        osd = str(uuid.uuid4())
        self.run("ceph", "-c", self.conf, "--connect-timeout", "30", "osd", "new", osd, "0")
        self.run("ceph-osd", "-c", self.conf, "-i", "0", "--mkfs", "--osd-uuid", osd)
        self.spawn("ceph-osd", "-c", self.conf, "-i", "0", "-f")
        # Waits for the OSD by itself: its first write needs one.
        self.run("radosgw-admin", "-c", self.conf, "user", "create", "--uid=test", "--display-name=test",
                 f"--access-key={ACCESS}", f"--secret-key={SECRET}")
        self.spawn("radosgw", "-c", self.conf, "-n", "client.rgw", "-f", "--no-mon-config",
                   f"--rgw_frontends=beast endpoint=127.0.0.1:{port}")
        url = f"http://127.0.0.1:{port}"
        self.wait_for("answer of radosgw", lambda: answers(url))
        return url

    def stop(self):
        for child in reversed(self.children):
            child.kill()
        for child in self.children:
            child.wait()


def answers(url):
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url + "/", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def main():
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        print("not installed: " + " ".join(missing), file=sys.stderr)
        return 77
    # Short, since names of sockets end at 107 characters.
    folder = tempfile.mkdtemp(prefix="larmor-rgw-", dir="/tmp")
    gateway = Gateway(folder)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        print("s3", gateway.start(), ACCESS, SECRET, flush=True)
        sys.stdin.read()
    finally:
        gateway.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
