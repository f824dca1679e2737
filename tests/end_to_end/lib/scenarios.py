"""What the scripts share that are lists of scenarios, each in a folder of its own."""
import shutil
import sys
import tempfile


class Scenarios:
    """Those of one script: `@scenarios.test` adds one, `run` runs them all and counts."""

    def __init__(self, name):
        self.name = name
        self.functions = []

    def test(self, function):
        self.functions.append(function)
        return function

    def run(self):
        """All, or those named on the command line. Prints `N passed, N failed` last; gives the exit code."""
        failed = 0
        names = set(sys.argv[1:])
        functions = [function for function in self.functions if not names or function.__name__ in names]
        for function in functions:
            folder = tempfile.mkdtemp(prefix=f"larmor-{self.name}-")
            try:
                function(folder)
                print(f"ok      {function.__name__}", flush=True)
            except Exception as error:  # the others still run
                failed += 1
                print(f"FAILED  {function.__name__}: {type(error).__name__} {error}", flush=True)
            finally:
                shutil.rmtree(folder)
        print(f"{len(functions) - failed} passed, {failed} failed")
        return 1 if failed else 0
