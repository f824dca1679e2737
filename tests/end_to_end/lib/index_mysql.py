"""What the scripts about the index in MySQL share: a server with a database of its own, and the wait until that has what the catalog has."""
import functools
import shutil

from dimse import Server
from lib.index import studies_of_catalog, wait_until_applied
from lib.mariadb import Mariadb

COUNTS = ("SELECT studyinstanceuid, numberofstudyrelatedseries, numberofstudyrelatedinstances FROM study"
          " WHERE numberofstudyrelatedinstances > 0 ORDER BY 1")


def caught_up(server, database):
    """Waits until no message waits, then gives the studies with their counts; they are those of the catalog."""
    wait_until_applied(server, "mysql")
    studies = [(uid, str(series), str(instances)) for uid, series, instances in studies_of_catalog(server)]
    rows = database.rows(COUNTS)
    assert rows == studies, (set(rows) ^ set(studies))
    return rows


def with_target(*options):
    """For a scenario of a folder, a server with these options and its database, which end with it."""
    def of(function):
        @functools.wraps(function)
        def run(folder):
            database = Mariadb()
            try:
                server = Server(folder, "--index-mysql", database.url, *options)
                try:
                    function(folder, server, database)
                finally:
                    server.end()
            finally:
                database.end()
        return run
    return of


def main(scenarios):
    """Runs a script's scenarios, all of which need MariaDB; gives the exit code."""
    if not shutil.which("mariadb-install-db"):
        print("SKIPPED: MariaDB is not installed (./dev setup does it): NOTHING is tested on it")
        print("0 passed, 0 failed")
        return 0
    return scenarios.run()
