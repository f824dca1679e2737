"""A MariaDB of our own, on a unix socket in a folder of its own."""
import os
import pwd
import shutil
import subprocess
import tempfile


class Mariadb:
    """Ends with `end`; `kill` is a power cut, after which `start` begins it again."""

    def __init__(self):
        # Short, for the socket's name.
        self.folder = tempfile.mkdtemp(prefix="larmor-my-", dir="/tmp")
        self.as_user = []
        if os.geteuid() == 0:  # it refuses to run as root
            user = pwd.getpwnam("mysql")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self.as_user = ["--user=mysql"]
        subprocess.run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/db", "--auth-root-authentication-method=normal",
                        "--skip-test-db", *self.as_user], check=True, capture_output=True, timeout=120)
        self.socket = f"{self.folder}/s"
        self.url = f"mysql://root@/ahiindex?socket={self.socket}"
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen(
            # A server that starts removes temporary tables of all that are in its folder.
            ["/usr/sbin/mariadbd", "--no-defaults", *self.as_user, f"--datadir={self.folder}/db", f"--tmpdir={self.folder}",
             f"--socket={self.socket}",
             f"--pid-file={self.folder}/pid", "--skip-networking", "--innodb-buffer-pool-size=64M",
             "--innodb-flush-log-at-trx-commit=2", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "ready for connections" in line:
                return
        raise AssertionError("MariaDB did not start")

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()

    def rows(self, sql):
        """A tuple of texts each, NULL as `NULL`."""
        done = subprocess.run(["mariadb", "--no-defaults", "-uroot", f"-S{self.socket}", "--batch", "--raw", "--skip-column-names",
                               "--default-character-set=utf8mb4", "ahiindex", "-e", sql],
                              check=False, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return [tuple(line.split("\t")) for line in done.stdout.splitlines()]

    def end(self):
        self.kill()
        shutil.rmtree(self.folder)
