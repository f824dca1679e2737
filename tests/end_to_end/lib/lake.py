"""What the scripts about the lake share: how it is read, a disk that can be full, and a lake in S3."""
import json
import os
import shutil
import subprocess

from lib.s3 import S3

READER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "read_lake.mjs")


def read(folder, table, *what):
    """All rows; with `--groups` row groups: read_lake.mjs."""
    done = subprocess.run(["node", READER, folder, table, *what], check=False, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def lake_studies(lake):
    return sorted((row["StudyInstanceUID"], row["NumberOfStudyRelatedSeries"], row["NumberOfStudyRelatedInstances"])
                  for row in read(lake, "study") if row["NumberOfStudyRelatedInstances"] > 0)


def manifest_of(lake):
    if not os.path.exists(f"{lake}/manifest.json"):
        return {"number": 0, "files": []}
    with open(f"{lake}/manifest.json", encoding="utf-8") as file:
        return json.load(file)


def commits_of(lake):
    return manifest_of(lake)["number"]


class SmallDisk:
    """A file system of 40 MB in a file."""

    @staticmethod
    def mount(folder):
        """None, with a line, where nothing can be mounted."""
        with open(f"{folder}/image", "wb") as file:
            file.truncate(40 << 20)
        subprocess.run(["mkfs.ext4", "-q", "-F", "-m", "0", f"{folder}/image"], check=True)
        os.makedirs(f"{folder}/disk")
        mounted = subprocess.run(["mount", "-o", "loop", f"{folder}/image", f"{folder}/disk"], capture_output=True, text=True, check=False)
        if mounted.returncode == 0:
            return SmallDisk(f"{folder}/disk")
        print(f"SKIPPED: no file system can be mounted here: {mounted.stderr.strip()}", flush=True)
        return None

    def __init__(self, path):
        self.path = path

    def fill(self, left_bytes):
        """Down to so much, or to the last block."""
        with open(f"{self.path}/ballast", "wb") as file:
            while True:
                status = os.statvfs(self.path)
                free = status.f_bavail * status.f_frsize - left_bytes
                if free <= 0:
                    return
                try:
                    os.write(file.fileno(), bytes(min(free, 1 << 20)))
                except OSError:
                    return

    def make_room(self):
        os.unlink(f"{self.path}/ballast")

    def unmount(self):
        subprocess.run(["umount", self.path], check=True)


class LakeInS3:
    """One in a bucket of its own, and a copy of it as a reader makes it."""

    @staticmethod
    def start(folder):
        s3 = S3.start()
        return s3 and LakeInS3(s3, folder)

    def __init__(self, s3, folder):
        self.s3, self.folder = s3, f"{folder}/copy"
        os.environ.update(s3.environment)
        s3.make_bucket("lake")
        self.address = s3.address("lake", "a/b")

    def copy(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        manifest = self.s3.get("lake", "a/b/manifest.json") or b'{"number":0,"files":[]}'
        for name, body in [("manifest.json", manifest)] + [
                (one["path"], self.s3.get("lake", f"a/b/{one['path']}")) for one in json.loads(manifest)["files"]]:
            os.makedirs(os.path.dirname(f"{self.folder}/{name}"), exist_ok=True)
            with open(f"{self.folder}/{name}", "wb") as file:
                file.write(body)
        return self.folder

    def put_back(self):
        """The copy's data files in their places, as a hand has changed them."""
        for one in manifest_of(self.folder)["files"]:
            with open(f"{self.folder}/{one['path']}", "rb") as file:
                self.s3.put("lake", f"a/b/{one['path']}", file.read())

    def end(self):
        for name in self.s3.environment:
            del os.environ[name]
        self.s3.end()
