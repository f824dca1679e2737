"""PS3.18 section 10.5.1.4: instances that come as metadata and bulk data."""
import copy
import json
import uuid
import xml.etree.ElementTree as ElementTree

import instances
from client import JSON, value_of
from retrieve import AS_STORED, data_sets
from suite import Skipped, equal, expect, requirement

SECTION = "10.5.1.4"
REFERENCED, FAILED = "00081199", "00081198"
COMPONENTS = ("FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix")
XML = "application/dicom+xml"


def posted(server, objects, parts):
    """`parts` are (location, content type, bytes)."""
    boundary = uuid.uuid4().hex
    pieces = [f"--{boundary}\r\nContent-Type: {JSON}\r\n\r\n".encode() + json.dumps(objects).encode()]
    for location, kind, content in parts:
        pieces.append(f"\r\n--{boundary}\r\nContent-Type: {kind}\r\nContent-Location: {location}\r\n\r\n".encode() + content)
    answer = server.send("POST", "/studies", (), {
        "Content-Type": f'multipart/related; type="{JSON}"; boundary={boundary}', "Accept": JSON},
        b"".join(pieces) + f"\r\n--{boundary}--\r\n".encode())
    if answer.status == 415:
        raise Skipped("metadata and bulk data are not taken")
    return answer


def metadata_of(server, location="bulk/pixels"):
    """A data set of its own study, its metadata, and its pixels."""
    one = copy.deepcopy(server.data.instances["ct1"])
    one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID = (instances.new_uid() for _ in range(3))
    one.PatientID = one.AccessionNumber = f"{server.data.tag}B"
    one.PatientName = f"{server.data.tag}Bulk"
    server.data.further_studies.append(one.StudyInstanceUID)
    pixels = one.PixelData
    del one.PixelData
    metadata = one.to_json_dict()
    metadata["7FE00010"] = {"vr": "OW", "BulkDataURI": location}
    return one, metadata, pixels


def path_of(one):
    return f"/studies/{one.StudyInstanceUID}/series/{one.SeriesInstanceUID}/instances/{one.SOPInstanceUID}"


def add_elements(parent, data_set):
    for tag, element in sorted(data_set.items()):
        attribute = ElementTree.SubElement(parent, "DicomAttribute", tag=tag, vr=element["vr"])
        for number, value in enumerate(element.get("Value", []), 1):
            if element["vr"] == "SQ":
                add_elements(ElementTree.SubElement(attribute, "Item", number=str(number)), value)
            elif element["vr"] == "PN":
                name = ElementTree.SubElement(attribute, "PersonName", number=str(number))
                for group, text in value.items():
                    parts = ElementTree.SubElement(name, group)
                    for component, part in zip(COMPONENTS, text.split("^")):
                        ElementTree.SubElement(parts, component).text = part
            elif value is not None:
                ElementTree.SubElement(attribute, "Value", number=str(number)).text = str(value)
        if "InlineBinary" in element:
            ElementTree.SubElement(attribute, "InlineBinary").text = element["InlineBinary"]
        if "BulkDataURI" in element:
            ElementTree.SubElement(attribute, "BulkData", uri=element["BulkDataURI"])


def native_xml(metadata):
    """A document of the Native DICOM Model (PS3.19 section A.1) from one of the DICOM JSON model."""
    root = ElementTree.Element("NativeDicomModel", {
        "xmlns": "http://dicom.nema.org/PS3.19/models/NativeDICOM", "xml:space": "preserve"})
    add_elements(root, metadata)
    return ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)


@requirement(SECTION, "metadata in application/dicom+json with its pixels in application/octet-stream is an instance")
def octets(server):
    one, metadata, pixels = metadata_of(server)
    equal(posted(server, [metadata], [("bulk/pixels", "application/octet-stream", pixels)]).status, 200, "status")
    found = data_sets(server.get(path_of(one), accept=AS_STORED))[0]
    equal(found.PixelData, pixels, "PixelData")
    equal(str(found.PatientName), str(one.PatientName), "PatientName")
    equal(found.file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.1", "TransferSyntaxUID")


@requirement(SECTION, "the metadata of several instances is one array")
def several(server):
    first, one, pixels = metadata_of(server, "bulk/1")
    second, other, others = metadata_of(server, "bulk/2")
    answer = posted(server, [one, other], [("bulk/2", "application/octet-stream", others),
                                           ("bulk/1", "application/octet-stream", pixels)])
    equal(answer.status, 200, "status")
    equal(sorted(value_of(item, "00081155") for item in answer.json()[REFERENCED]["Value"]),
          sorted([first.SOPInstanceUID, second.SOPInstanceUID]), "stored")


@requirement(SECTION, "an instance whose bulk data is in no part is not stored, and the others are")
def missing(server):
    broken, one, _ = metadata_of(server, "bulk/missing")
    whole, other, pixels = metadata_of(server)
    answer = posted(server, [one, other], [("bulk/pixels", "application/octet-stream", pixels)])
    equal(answer.status, 202, "status")
    body = answer.json()
    equal([value_of(item, "00081155") for item in body[REFERENCED]["Value"]], [whole.SOPInstanceUID], "stored")
    equal([value_of(item, "00081155") for item in body[FAILED]["Value"]], [broken.SOPInstanceUID], "failed")


@requirement(SECTION, "compressed pixels have the transfer syntax of their media type")
def compressed(server):
    one, metadata, _ = metadata_of(server)
    frame = instances.jpeg_frame(16)
    answer = posted(server, [metadata], [("bulk/pixels", "image/jpeg; transfer-syntax=1.2.840.10008.1.2.4.50", frame)])
    equal(answer.status, 200, "status")
    found = data_sets(server.get(path_of(one), accept=AS_STORED))[0]
    equal(found.file_meta.TransferSyntaxUID, "1.2.840.10008.1.2.4.50", "TransferSyntaxUID")
    expect(frame.rstrip(b"\0") in found.PixelData, "the frame is not in the fragments")


@requirement(SECTION, "metadata in application/dicom+xml, a part for each instance, with its pixels is an instance")
def xml(server):
    one, metadata, pixels = metadata_of(server)
    boundary = uuid.uuid4().hex
    body = b"".join(f"--{boundary}\r\n{head}\r\n\r\n".encode() + content + b"\r\n" for head, content in (
        (f"Content-Type: {XML}", native_xml(metadata)),
        ("Content-Type: application/octet-stream\r\nContent-Location: bulk/pixels", pixels)))
    answer = server.send("POST", "/studies", (), {
        "Content-Type": f'multipart/related; type="{XML}"; boundary={boundary}', "Accept": JSON},
        body + f"--{boundary}--\r\n".encode())
    if answer.status == 415:
        raise Skipped("metadata in XML and bulk data are not taken")
    equal(answer.status, 200, "status")
    found = data_sets(server.get(path_of(one), accept=AS_STORED))[0]
    equal(found.PixelData, pixels, "PixelData")
    equal(str(found.PatientName), str(one.PatientName), "PatientName")


@requirement("10.5.3", "the answer is application/dicom+xml where that is asked for")
def xml_answer(server):
    one, _, one.PixelData = metadata_of(server)
    answer = server.store([instances.to_file(one)], accept=XML)
    if answer.status == 406:
        raise Skipped("answers are JSON")
    equal(answer.status, 200, "status")
    equal(answer.content_type, XML, "Content-Type")
    expect(one.SOPInstanceUID in answer.body.decode(), "it does not name the instance")
