"""A PostgreSQL of our own, on a unix socket in a folder of its own."""
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile


class Postgres:
    """Ends with `end`; `restart` as an administrator would, or as a power cut."""

    def __init__(self, fsync=False, environment=None):
        """`environment` is that of the server alone."""
        self.fsync = "on" if fsync else "off"
        self.environment = environment
        programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))
        assert programs, "PostgreSQL is not installed: ./dev setup does it"
        self.programs = programs[-1]
        # Short, for the socket's name; and the server's user must be able to walk to it.
        self.folder = tempfile.mkdtemp(prefix="larmor-pg-", dir="/tmp")
        # It refuses to run as root.
        self.user = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        done = self.run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8",
                        "--no-sync", "--no-instructions")
        assert done.returncode == 0, done.stdout
        self.process = None
        self.start()

    def as_user(self):
        if not self.user:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def run(self, program, *arguments):
        return subprocess.run([f"{self.programs}/{program}", *arguments], cwd=self.folder, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False, timeout=60, **self.as_user())

    def start(self):
        self.process = subprocess.Popen(
            [f"{self.programs}/postgres", "-D", "data", "-c", "listen_addresses=", "-c",
             f"unix_socket_directories={self.folder}", "-c", f"fsync={self.fsync}", "-c", "logging_collector=off"],
            cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(self.environment or {})}, **self.as_user())
        for line in self.process.stderr:
            if "ready to accept connections" in line:
                break
        else:
            raise AssertionError("PostgreSQL did not start")
        # Its few lines fit into the pipe.

    def stop(self, how=signal.SIGINT):
        self.process.send_signal(how)
        self.process.wait(60)
        self.process.stderr.close()

    def restart(self, how=signal.SIGINT):
        self.stop(how)
        self.start()

    def make_database(self, name):
        done = self.run("createdb", "-h", self.folder, "-U", "postgres", name)
        assert done.returncode == 0, done.stdout
        return f"postgres:///{name}?user=postgres&host={self.folder}"

    def ask(self, database, sql):
        done = self.run("psql", "-h", self.folder, "-U", "postgres", "-d", database, "-Atc", sql)
        assert done.returncode == 0, done.stdout
        return done.stdout.strip()

    def end(self):
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)
