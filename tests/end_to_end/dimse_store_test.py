#!/usr/bin/python3
"""C-ECHO and C-STORE as DCMTK's echoscu and storescu meet them: who may call, what is stored is what was sent,
what each outcome is answered. Ends with `N passed, N failed`."""
import glob
import os
import sys

import pydicom

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "lib"))
from dimse import PYDICOM_FILES, STORESCU, Server, data_set_bytes, files_by_syntax, free_port, run, start_listening  # noqa: E402
from lib.scenarios import Scenarios  # noqa: E402

scenarios = Scenarios("dimse")
test = scenarios.test
CT = f"{PYDICOM_FILES}/CT_small.dcm"


def store(server, *arguments, called="LARMOR", calling="STORESCU"):
    return run("storescu", "-aet", calling, "-aec", called, *arguments[:-1], "127.0.0.1", server.port, arguments[-1])


@test
def answers_an_echo(folder):
    server = Server(folder)
    code, said = run("echoscu", "-v", "-aec", "LARMOR", "127.0.0.1", server.port)
    assert code == 0 and "Received Echo Response (Success)" in said, said
    assert server.metric('larmor_dimse_operations_total{operation="echo",status="success"}') == 1
    server.end()


@test
def is_off_unless_a_port_is_named_and_needs_callers_off_loopback(folder):
    code, said = run(os.environ.get("LARMOR_BINARY", "larmor"), "serve", "--library", f"{folder}/library", "--port", "0",
                     "--dimse-port", "0", "--dimse-address", "0.0.0.0")
    assert code == 1 and "--dimse-calling" in said, said


@test
def ae_titles_that_are_not_allowed_are_rejected(folder):
    server = Server(folder, "--dimse-calling", "MODALITY1", "--dimse-calling", "MODALITY2")
    code, said = store(server, CT, called="OTHER")
    assert code != 0 and "Called AE Title Not Recognized" in said, said
    code, said = store(server, CT)
    assert code != 0 and "Calling AE Title Not Recognized" in said, said
    assert store(server, CT, calling="MODALITY2")[0] == 0
    assert server.metric('larmor_dimse_associations_total{end="rejected"}') == 2
    server.end()


@test
def every_transfer_syntax_is_stored_as_it_was_sent(folder):
    server = Server(folder)
    # DCMTK writes what it received bit by bit: what storescu really sends.
    os.mkdir(f"{folder}/oracle")
    port = free_port()
    oracle = start_listening(["storescp", "--bit-preserving", "+xa", "-uf", "-od", f"{folder}/oracle", port], port)
    compared = set()
    for syntax, files in files_by_syntax().items():
        if syntax not in STORESCU:
            continue
        for path in files[:4]:
            os.makedirs(f"{folder}/oracle", exist_ok=True)
            for old in glob.glob(f"{folder}/oracle/*"):
                os.unlink(old)
            code, said = run("storescu", "-R", STORESCU[syntax], "127.0.0.1", port, path)
            sent = glob.glob(f"{folder}/oracle/*")
            if not sent:
                continue  # storescu can't read it
            code, said = store(server, "-v", "-R", STORESCU[syntax], path)
            assert code == 0 and "Received Store Response (Success)" in said, f"{path}: {said}"
            stored = server.stored(pydicom.dcmread(path, stop_before_pixels=True))
            with open(sent[0], "rb") as file:
                assert data_set_bytes(file.read()) == data_set_bytes(stored), path
            meta = pydicom.filereader.read_file_meta_info(_written(folder, stored))
            assert meta.TransferSyntaxUID == syntax and meta.SourceApplicationEntityTitle == "STORESCU", meta
            compared.add(syntax)
    oracle.terminate()
    oracle.wait(60)
    # Those that pydicom's own files have, at least.
    assert {"1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.90"} <= compared, compared
    print(f"        {len(compared)} transfer syntaxes compared byte for byte")
    server.end()


def _written(folder, content):
    path = f"{folder}/written.dcm"
    with open(path, "wb") as file:
        file.write(content)
    return path


@test
def duplicates_succeed_conflicts_warn_and_lies_fail(folder):
    server = Server(folder)
    assert store(server, CT)[0] == 0
    code, said = store(server, "-v", CT)
    assert code == 0 and "Received Store Response (Success)" in said, said
    changed = pydicom.dcmread(CT)
    changed.StudyDescription = "another one"
    changed.save_as(f"{folder}/changed.dcm")
    code, said = store(server, "-d", f"{folder}/changed.dcm")
    assert code == 0 and "0xb000" in said and "kept apart" in said, said
    without = pydicom.dcmread(CT)
    del without.StudyInstanceUID
    without.save_as(f"{folder}/without.dcm")
    code, said = store(server, "-d", f"{folder}/without.dcm")
    assert code != 0 and "0xc000" in said and "StudyInstanceUID" in said, said
    assert server.metric('larmor_dimse_operations_total{operation="store",status="warning"}') == 1
    assert server.metric('larmor_dimse_operations_total{operation="store",status="failure"}') == 1
    assert "CompressedSamples" not in server.logged(), "a patient's name in the log"
    server.end()


@test
def large_instances_are_stored_as_they_come(folder):
    server = Server(folder)
    large = pydicom.dcmread(CT)
    large.Rows, large.Columns, large.NumberOfFrames = 2048, 2048, 4
    large.PixelData = os.urandom(2048 * 2048 * 2 * 4)
    large.SOPInstanceUID = large.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.generate_uid()
    large.save_as(f"{folder}/large.dcm")
    code, said = store(server, "-R", "-xe", f"{folder}/large.dcm")
    assert code == 0, said
    assert pydicom.dcmread(_written(folder, server.stored(large))).PixelData == large.PixelData
    server.end()


@test
def what_was_answered_is_there_after_a_kill(folder):
    server = Server(folder)
    assert store(server, CT)[0] == 0
    server.process.kill()
    server.process.wait(60)
    again = Server(folder)
    assert len(again.search("instances")) == 1
    again.end()


if __name__ == "__main__":
    sys.exit(scenarios.run())
