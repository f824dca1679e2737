#!/usr/bin/python3
"""The command line as a person and a script meet it: exit codes, closing lines, configuration, one owner of
a library at a time. Ends with `N passed, N failed`."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
FILES = "/usr/lib/python3/dist-packages/pydicom/data/test_files"
CLOSING = re.compile(r"^imported (\d+) instances, (\d+) duplicates, (\d+) conflicts, (\d+) rejected, (\d+) bytes in [\d.]+ s$")
TESTS = []


def test(function):
    TESTS.append(function)
    return function


def larmor(folder, *arguments, environment=None):
    return subprocess.run([LARMOR, *arguments], cwd=folder, capture_output=True, text=True, check=False, timeout=120,
                          env={**os.environ, **(environment or {})})


def closing_line(done):
    found = CLOSING.match(done.stdout.splitlines()[-1])
    assert found, done.stdout + done.stderr
    return [int(number) for number in found.groups()]


def serve(folder, *arguments):
    process = subprocess.Popen([LARMOR, "serve", "--port", "0", *arguments], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("sign"):
            return process, re.search(r"at (http://\S+)", lines[0]).group(1).rstrip("/"), lines
    raise AssertionError(f"larmor serve ended with {process.wait()}: {process.stderr.read()}")


def end(process):
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0, process.stderr.read()
    process.stdout.close()
    process.stderr.close()


@test
def imports_and_counts_and_counts_again_as_duplicates(folder):
    done = larmor(folder, "import", f"{FILES}/CT_small.dcm", f"{FILES}/MR_small.dcm")
    assert done.returncode == 0, done.stderr
    sizes = sum(os.path.getsize(f"{FILES}/{name}") for name in ("CT_small.dcm", "MR_small.dcm"))
    assert closing_line(done) == [2, 0, 0, 0, sizes]
    assert os.path.isdir(f"{folder}/larmor-library")
    assert closing_line(larmor(folder, "import", f"{FILES}/CT_small.dcm"))[:4] == [0, 1, 0, 0]


@test
def rejected_files_are_named_and_fail_the_import_unless_told_to_keep_going(folder):
    with open(f"{folder}/no-dicom.txt", "w", encoding="utf-8") as file:
        file.write("hello")
    done = larmor(folder, "import", "no-dicom.txt", f"{FILES}/CT_small.dcm")
    assert done.returncode == 1
    assert closing_line(done)[:4] == [1, 0, 0, 1]
    assert re.search(r"^rejected no-dicom\.txt: \S+", done.stdout, re.M), done.stdout
    assert larmor(folder, "import", "--keep-going", "no-dicom.txt").returncode == 0
    missing = larmor(folder, "import", "does-not-exist")
    assert missing.returncode == 1 and closing_line(missing)[3] == 1


@test
def archives_are_read_without_being_unpacked(folder):
    with tarfile.open(f"{folder}/a.tar.gz", "w:gz") as archive:
        archive.add(f"{FILES}/CT_small.dcm", "deep/ct.dcm")
        archive.add(f"{FILES}/MR_small.dcm", "mr.dcm")
    subprocess.run(["zip", "-q", "-j", f"{folder}/b.zip", f"{FILES}/rtplan.dcm"], check=True)
    done = larmor(folder, "import", "--json", "a.tar.gz", "b.zip", f"{FILES}/zipMR.gz")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout + done.stderr
    outcomes = {report["file"]: report["outcome"] for report in reports[:-1]}
    assert outcomes["a.tar.gz!deep/ct.dcm"] == "stored", outcomes
    assert outcomes["b.zip!rtplan.dcm"] == "stored", outcomes
    assert len(outcomes) == 4 and reports[-1]["rejected"] == 0, outcomes


@test
def a_dicomdir_stands_for_the_files_that_it_names(folder):
    done = larmor(folder, "import", "--json", f"{FILES}/dicomdirtests/DICOMDIR")
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    # pydicom's DICOMDIR names 31 images (dcmdump +P ReferencedFileID counts them too).
    named = subprocess.run(["dcmdump", "+P", "0004,1500", f"{FILES}/dicomdirtests/DICOMDIR"], check=True,
                           capture_output=True, text=True).stdout.count("(0004,1500)")
    assert len(reports) - 1 == named, (len(reports), named)
    assert reports[-1]["imported"] + reports[-1]["rejected"] + reports[-1]["duplicates"] == named


@test
def dump_prints_text_and_json_and_names_the_place_of_damage(folder):
    text = larmor(folder, "dump", f"{FILES}/CT_small.dcm")
    assert text.returncode == 0 and "PatientID" in text.stdout and "(7fe0,0010)" in text.stdout.lower()
    data = json.loads(larmor(folder, "dump", "--format", "json", f"{FILES}/CT_small.dcm").stdout)
    assert data["00100020"]["Value"] == ["1CT1"]
    with open(f"{FILES}/CT_small.dcm", "rb") as file:
        cut = file.read()[:3000]
    with open(f"{folder}/cut.dcm", "wb") as file:
        file.write(cut)
    broken = larmor(folder, "dump", "cut.dcm")
    assert broken.returncode == 1 and "byte" in broken.stderr and "PatientID" in broken.stdout, broken.stderr


@test
def a_running_server_owns_its_library_and_tokens_are_made_through_it(folder):
    process, url, _ = serve(folder)
    try:
        secret_file = f"{folder}/larmor-library/server.json"
        assert stat.S_IMODE(os.stat(secret_file).st_mode) == 0o600
        refused = larmor(folder, "import", f"{FILES}/CT_small.dcm")
        assert refused.returncode == 1 and str(process.pid) in refused.stderr, refused.stderr
        token = larmor(folder, "token", "create", "--role", "reader", "--name", "through the server").stdout.strip()
        request = urllib.request.Request(f"{url}/dicomweb/studies", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            assert answer.status in (200, 204)
        rows = larmor(folder, "token", "list").stdout
        identifier = re.search(r"^(\w{32}) .*through the server$", rows, re.M).group(1)
        assert larmor(folder, "token", "revoke", identifier).returncode == 0
        try:
            urllib.request.urlopen(request)
            raise AssertionError("a revoked token still works")
        except urllib.error.HTTPError as error:
            assert error.code == 401
    finally:
        end(process)
    assert not os.path.exists(secret_file)


@test
def the_sign_in_link_works_once(folder):
    process, _, lines = serve(folder)
    try:
        link = re.search(r"(http://\S+)$", lines[-1].strip()).group(1)

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_):
                return None

        opener = urllib.request.build_opener(NoRedirect)

        def follow():
            try:
                with opener.open(link) as answer:
                    return answer.status, answer.headers
            except urllib.error.HTTPError as error:
                return error.code, error.headers

        status, headers = follow()
        assert status == 303 and "HttpOnly" in headers["Set-Cookie"], (status, headers)
        assert follow()[0] == 401
    finally:
        end(process)


@test
def sign_in_can_be_off_on_loopback_only(folder):
    refused = larmor(folder, "serve", "--auth", "off", "--address", "0.0.0.0", "--port", "0")
    assert refused.returncode == 1 and "loopback" in refused.stderr, refused.stderr
    process, url, _ = serve(folder, "--auth", "off")
    try:
        with urllib.request.urlopen(f"{url}/dicomweb/studies") as answer:
            assert answer.status in (200, 204)
    finally:
        end(process)


@test
def health_needs_no_token_and_logs_are_json_on_request(folder):
    process = subprocess.Popen([LARMOR, "--log", "json", "serve", "--port", "0"], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    url = re.search(r"at (http://\S+)", process.stdout.readline()).group(1).rstrip("/")
    with urllib.request.urlopen(f"{url}/healthz") as answer:
        assert answer.status == 200
    with urllib.request.urlopen(f"{url}/readyz") as answer:
        assert answer.status == 200
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    lines = [json.loads(line) for line in errors.splitlines()]
    assert any(line["event"] == "stopped" for line in lines), lines


@test
def configuration_comes_from_flags_environment_and_file_in_that_order(folder):
    with open(f"{folder}/larmor.toml", "w", encoding="utf-8") as file:
        file.write('library = "from-file"\n[serve]\nport = 1\n')
    larmor(folder, "token", "list")
    assert os.path.isdir(f"{folder}/from-file")
    larmor(folder, "token", "list", environment={"LARMOR_LIBRARY": "from-environment"})
    assert os.path.isdir(f"{folder}/from-environment")
    larmor(folder, "token", "list", "--library", "from-flag", environment={"LARMOR_LIBRARY": "not-this"})
    assert os.path.isdir(f"{folder}/from-flag") and not os.path.exists(f"{folder}/not-this")
    with open(f"{folder}/larmor.toml", "w", encoding="utf-8") as file:
        file.write('libary = "typo"\n')
    assert larmor(folder, "token", "list").returncode == 2


@test
def wrong_usage_has_an_exit_code_of_its_own(folder):
    assert larmor(folder).returncode == 2
    assert larmor(folder, "improt").returncode == 2
    assert larmor(folder, "dump", "--format", "xml", "x").returncode == 2
    assert larmor(folder, "--help").returncode == 0
    assert re.match(r"larmor \d+\.\d+\.\d+$", larmor(folder, "version").stdout.strip())


def main():
    failed = 0
    for function in TESTS:
        folder = tempfile.mkdtemp(prefix="larmor-cli-")
        try:
            function(folder)
            print(f"ok      {function.__name__}", flush=True)
        except Exception as error:  # the others still run
            failed += 1
            print(f"FAILED  {function.__name__}: {type(error).__name__} {error}", flush=True)
        finally:
            shutil.rmtree(folder)
    print(f"{len(TESTS) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
