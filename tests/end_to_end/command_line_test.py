#!/usr/bin/python3
"""The command line as a person and a script meet it: exit codes, closing lines, configuration, one owner of
a library at a time. Ends with `N passed, N failed`."""
import hashlib
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request

import pydicom
from lib.scenarios import Scenarios

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LARMOR = os.environ.get("LARMOR_BINARY", f"{ROOT}/build/dev/bin/larmor")
FILES = "/usr/lib/python3/dist-packages/pydicom/data/test_files"
CLOSING = re.compile(r"^imported (\d+) instances, (\d+) duplicates, (\d+) conflicts, (\d+) rejected, (\d+) bytes in [\d.]+ s$")
scenarios = Scenarios("cli")
test = scenarios.test


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
            return process, re.search(r"at (https?://\S+)", lines[0]).group(1).rstrip("/"), lines
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
def split_makes_archives_that_tar_reads_and_says_what_is_true_of_them(folder):
    files = [f"{FILES}/{name}" for name in ("CT_small.dcm", "MR_small.dcm", "SC_rgb_rle_2frame.dcm", "rtplan.dcm")]
    done = larmor(folder, "split", *files, "--out", "halves", "--archives", "2", "--shuffle", "--json")
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert (counts["instances"], counts["without_pixels"], counts["metadata_members"], counts["image_members"]) == (3, 1, 3, 4)
    with open(f"{folder}/halves/truth.ndjson", encoding="utf-8") as truth:
        members = [line for line in map(json.loads, truth) if line["kind"] == "member"]
    assert len(members) == 7
    for member in members:
        path = f"{folder}/halves/{member['archive']}"
        content = subprocess.run(["tar", "-xOf", path, member["path"]], check=True, capture_output=True).stdout
        assert hashlib.sha256(content).hexdigest() == member["sha256"]
        with open(path, "rb") as archive:
            archive.seek(member["offset"])
            assert archive.read(member["size"]) == content
    ct = pydicom.dcmread(files[0])
    assert any(member["path"].endswith(f"/{ct.SOPInstanceUID}.raw") and member["size"] == len(ct.PixelData) for member in members)
    again = larmor(folder, "split", files[0], "--out", "halves")
    assert again.returncode == 1 and "there already" in again.stderr
    assert larmor(folder, "split", files[3], "--out", "none").returncode == 1


@test
def tokens_are_made_through_the_running_server(folder):
    process, url, _ = serve(folder)
    try:
        secret_file = f"{folder}/larmor-library/server.json"
        assert stat.S_IMODE(os.stat(secret_file).st_mode) == 0o600
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


def report_of(done):
    """What an import said, without what differs from one to the next."""
    lines = [re.sub(r"image set \w+$", "image set ID", line) for line in done.stdout.splitlines()]
    return sorted(re.sub(r" in [\d.]+ s$", "", line) for line in lines), done.returncode


def outcomes_of(done):
    """The lines of --json but the last, without the ids of image sets."""
    reports = [json.loads(line) for line in done.stdout.splitlines()]
    assert reports[-1].pop("seconds") >= 0
    for report in reports:
        report.pop("image_set_id", None)
    return sorted(json.dumps(report, sort_keys=True) for report in reports)


def many_instances(folder, count):
    """Copies of one file with SOP Instance UIDs of their own."""
    with open(f"{FILES}/CT_small.dcm", "rb") as file:
        content = file.read()
    uid = b"1.3.6.1.4.1.5962.1.1.1.1.1.20040119072730.12322"
    assert uid in content
    os.mkdir(f"{folder}/many")
    for number in range(count):
        with open(f"{folder}/many/{number:05}.dcm", "wb") as file:
            file.write(content.replace(uid, uid[:-5] + b"%05d" % number))


@test
def an_import_through_the_running_server_is_like_one_without(folder):
    os.makedirs(f"{folder}/first/deep")
    os.mkdir(f"{folder}/second")
    shutil.copy(f"{FILES}/CT_small.dcm", f"{folder}/first/ct.dcm")
    shutil.copy(f"{FILES}/MR_small.dcm", f"{folder}/first/deep/mr.dcm")
    with tarfile.open(f"{folder}/first/plan.tar.gz", "w:gz") as archive:
        archive.add(f"{FILES}/rtplan.dcm", "plan.dcm")
    # More than is kept in memory on the way: 600 frames of 128 x 128 in 16 bits are 20 MB.
    large = pydicom.dcmread(f"{FILES}/CT_small.dcm")
    large.SOPInstanceUID = large.file_meta.MediaStorageSOPInstanceUID = "1.2.3.4.5"
    large.NumberOfFrames = 600
    large.PixelData = large.PixelData * 600
    large.save_as(f"{folder}/first/large.dcm")
    shutil.copy(f"{FILES}/MR_small.dcm", f"{folder}/second/again.dcm")
    conflict = pydicom.dcmread(f"{FILES}/CT_small.dcm")
    conflict.PixelData = bytes(len(conflict.PixelData))
    conflict.save_as(f"{folder}/second/conflict.dcm")
    with open(f"{FILES}/rtplan.dcm", "rb") as whole, open(f"{folder}/second/cut.dcm", "wb") as cut:
        cut.write(whole.read()[:-700])
    with open(f"{folder}/first/large.dcm", "rb") as whole, open(f"{folder}/second/large-cut.dcm", "wb") as cut:
        cut.write(whole.read()[:-700])
    with open(f"{folder}/second/text.txt", "w", encoding="utf-8") as file:
        file.write("hello")

    def imports(library):
        return [larmor(folder, "import", "--library", library, *arguments)
                for arguments in (["first"], ["second"], ["--keep-going", "second", "missing"], ["--json", "first", "second"])]

    alone = imports("alone")
    assert [done.returncode for done in alone] == [0, 1, 0, 1], [done.stderr for done in alone]
    assert closing_line(alone[0])[:4] == [4, 0, 0, 0] and closing_line(alone[1])[:4] == [0, 1, 1, 3]
    process, url, _ = serve(folder, "--library", "served")
    try:
        served = imports("served")
        for one, other in zip(alone[:3], served[:3]):
            assert report_of(one) == report_of(other), (report_of(one), report_of(other), other.stderr)
        assert outcomes_of(alone[3]) == outcomes_of(served[3]), (alone[3].stdout, served[3].stdout)
        assert served[3].returncode == 1
        token = larmor(folder, "token", "create", "--library", "served").stdout.strip()
        request = urllib.request.Request(f"{url}/dicomweb/instances", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request) as answer:
            found = {instance["00080018"]["Value"][0] for instance in json.load(answer)}
        files = ["CT_small.dcm", "MR_small.dcm", "rtplan.dcm"]
        wanted = {pydicom.dcmread(f"{FILES}/{name}", stop_before_pixels=True).SOPInstanceUID for name in files}
        assert found == wanted | {"1.2.3.4.5"}, (found, wanted)
    finally:
        end(process)


@test
def an_import_whose_server_dies_says_so_and_keeps_what_was_acknowledged(folder):
    count = 6000  # more than a second of work, told four times a second
    many_instances(folder, count)
    process, _, _ = serve(folder)
    # Not communicate(): it passes over what readline() has read ahead.
    with open(f"{folder}/errors", "w+", encoding="utf-8") as errors_file:
        importing = subprocess.Popen([LARMOR, "import", "--json", "many"], cwd=folder, stdout=subprocess.PIPE,
                                     stderr=errors_file, text=True)
        lines = [importing.stdout.readline()]
        process.kill()
        lines += importing.stdout.read().splitlines()
        importing.wait(60)
        errors_file.seek(0)
        errors = errors_file.read()
    process.communicate(timeout=60)
    assert importing.returncode == 1 and "went away" in errors, errors
    acknowledged = json.loads(lines[-1])
    assert 0 < acknowledged["imported"] < count and acknowledged["rejected"] == 0, acknowledged
    assert len(lines) - 1 == acknowledged["imported"], "every line is one that was acknowledged"
    # The dead server's announcement is still there: the library itself is opened now.
    again = closing_line(larmor(folder, "import", "--no-previews", "many"))
    assert again[0] + again[1] == count and again[1] >= acknowledged["imported"], (again, acknowledged)


@test
def a_process_that_is_no_server_is_named_when_it_has_the_library(folder):
    process, _, _ = serve(folder)
    try:
        os.rename(f"{folder}/larmor-library/server.json", f"{folder}/server.json")
        refused = larmor(folder, "import", f"{FILES}/CT_small.dcm")
        assert refused.returncode == 1 and str(process.pid) in refused.stderr, refused.stderr
        # The announcement of a server that is gone, of a library that somebody else has open.
        with open(f"{folder}/server.json", encoding="utf-8") as file:
            stale = json.load(file)
        with open(f"{folder}/larmor-library/server.json", "w", encoding="utf-8") as file:
            json.dump({**stale, "token": "of another one"}, file)
        refused = larmor(folder, "import", f"{FILES}/CT_small.dcm")
        assert refused.returncode == 1 and str(process.pid) in refused.stderr, refused.stderr
    finally:
        end(process)


@test
def a_server_with_tls_is_reached_by_curl_and_by_our_own_commands(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1",
                    "-subj", "/CN=archive", "-addext", "subjectAltName=DNS:archive.example", "-keyout", "key.pem",
                    "-out", "cert.pem"], cwd=folder, check=True, capture_output=True)
    assert larmor(folder, "serve", "--port", "0", "--tls-certificate", "cert.pem").returncode == 2
    wrong = larmor(folder, "serve", "--port", "0", "--tls-certificate", "cert.pem", "--tls-key", "cert.pem")
    assert wrong.returncode == 1 and "TLS key cert.pem" in wrong.stderr, wrong.stderr
    usage = larmor(folder, "serve", "--help").stdout
    assert "--tls-certificate" in usage and "--tls-key" in usage
    process, url, lines = serve(folder, "--tls-certificate", "cert.pem", "--tls-key", "key.pem")
    try:
        port = url.rsplit(":", 1)[1]
        assert url.startswith("https://") and re.search(r"https://\S+/signin", lines[-1]), lines
        # Our own commands know the server by its certificate, which does not name 127.0.0.1.
        done = larmor(folder, "import", f"{FILES}/CT_small.dcm")
        assert done.returncode == 0 and closing_line(done)[0] == 1, done.stderr
        token = larmor(folder, "token", "create").stdout.strip()

        def curl(*arguments):
            return subprocess.run(["curl", "-sS", "--max-time", "20", *arguments], cwd=folder, capture_output=True, text=True,
                                  check=False)

        named = ["--cacert", "cert.pem", "--resolve", f"archive.example:{port}:127.0.0.1"]
        found = curl(*named, "-H", f"Authorization: Bearer {token}", f"https://archive.example:{port}/dicomweb/instances")
        assert found.returncode == 0 and len(json.loads(found.stdout)) == 1, found.stderr
        assert curl("--cacert", "cert.pem", f"{url}/healthz").returncode == 60, "the certificate is for another name"
        plain = curl("-o", "/dev/null", "-w", "%{http_code}", f"http://127.0.0.1:{port}/healthz")
        assert plain.stdout == "400", plain.stdout + plain.stderr
    finally:
        end(process)


@test
def the_sign_in_link_works_once(folder):
    process, url, lines = serve(folder)
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
        # Browsers keep cookies per host: two servers on one machine must not share the name.
        port = url.rsplit(":", 1)[1]
        assert headers["Set-Cookie"].startswith(f"larmor_session_{port}="), headers["Set-Cookie"]
        assert follow()[0] == 401
    finally:
        end(process)


def listening_addresses(pid):
    """Of the process's TCP sockets, as /proc/net/tcp and tcp6 write them."""
    own = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            own.add(os.readlink(f"/proc/{pid}/fd/{name}"))
        except FileNotFoundError:
            continue
    addresses = set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for line in list(file)[1:]:
                fields = line.split()
                if fields[3] == "0A" and f"socket:[{fields[9]}]" in own:
                    addresses.add(fields[1].split(":")[0])
    return addresses


@test
def listens_on_loopback_unless_told_otherwise(folder):
    process, _, _ = serve(folder)
    try:
        assert listening_addresses(process.pid) == {"0100007F"}
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


if __name__ == "__main__":
    sys.exit(scenarios.run())
