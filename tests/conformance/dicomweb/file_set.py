"""PS3.18 section 10.4.4, application/zip: a File-set of PS3.10 in a ZIP file of PS3.12 annex V."""
import io
import os
import tempfile
import zipfile

from pydicom import dcmread
from pydicom.fileset import FileSet

from suite import Skipped, equal, expect, requirement

SECTION = "10.4.4"


def members(server, path, accept="application/zip"):
    """The zip's members by name."""
    answer = server.get(path, accept=accept)
    if answer.status in (400, 406, 415, 501):
        raise Skipped("application/zip is optional")
    equal(answer.status, 200, "status")
    equal(answer.content_type, "application/zip", "Content-Type")
    with zipfile.ZipFile(io.BytesIO(answer.body)) as archive:
        equal(archive.testzip(), None, "the first member with a wrong checksum")
        return {member.filename: archive.read(member) for member in archive.infolist() if not member.is_dir()}


def register(level, names):
    @requirement(SECTION, f"application/zip of {level} has a file of every instance")
    def check(server):
        found = []
        for name, content in members(server, server.data.path("ct1", level.split()[1])).items():
            if name.split("/")[-1] != "DICOMDIR" and content[128:132] == b"DICM":
                found.append(dcmread(io.BytesIO(content)).SOPInstanceUID)
        equal(sorted(found), sorted(server.data.instances[name].SOPInstanceUID for name in names), "instances")


register("a study", ("ct1", "ct2", "mr1"))
register("a series", ("ct1", "ct2"))
register("an instance", ("ct1",))


@requirement(SECTION, "the DICOMDIR of a zip leads to every instance of the study")
def directory(server):
    files = members(server, server.data.path("ct1", "study"))
    expect("DICOMDIR" in files, "there is no DICOMDIR")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            path = os.path.join(folder, *name.split("/"))
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        found = sorted(one.load().SOPInstanceUID for one in FileSet(os.path.join(folder, "DICOMDIR")))
    equal(found, sorted(server.data.instances[name].SOPInstanceUID for name in ("ct1", "ct2", "mr1")), "instances")


@requirement(SECTION, "components of File IDs in a zip are eight characters of the File-set's repertoire")
def file_ids(server):
    for name in members(server, server.data.path("ct1", "study")):
        for component in name.split("/"):
            allowed = component.replace("_", "")
            expect(len(component) <= 8 and allowed.isalnum() and allowed == allowed.upper(), f"{name} is no File ID")
