"""The instances that the requirements are checked with: small, made anew for each run, with UIDs and identifiers of
its own, so that other data of the server neither helps nor hurts."""
import io
import secrets
import uuid
from dataclasses import dataclass, field

from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian

CT, MR, SC = "1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4", "1.2.840.10008.5.1.4.1.1.7"
VIDEO, MPEG4 = "1.2.840.10008.5.1.4.1.1.77.1.1.1", "1.2.840.10008.1.2.4.102"
MULTI_FRAME_SC, PDF = "1.2.840.10008.5.1.4.1.1.7.2", "1.2.840.10008.5.1.4.1.1.104.1"


def new_uid():
    return f"2.25.{uuid.uuid4().int}"


def to_file(data_set, transfer_syntax=ExplicitVRLittleEndian):
    """PS3.10 file of a data set, its elements in Explicit VR Little Endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = data_set.SOPClassUID
    meta.MediaStorageSOPInstanceUID = data_set.SOPInstanceUID
    meta.TransferSyntaxUID = transfer_syntax
    meta.ImplementationClassUID = "2.25.4258"
    out = io.BytesIO()
    file = FileDataset(out, data_set, file_meta=meta, preamble=b"\0" * 128)
    file.is_little_endian, file.is_implicit_VR = True, False
    file.save_as(out, write_like_original=False)
    return out.getvalue()


def add_pixels(data_set, frames=1, side=16):
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation = 1, "MONOCHROME2"
    data_set.Rows = data_set.Columns = side
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 8, 8, 7, 0
    if frames > 1:
        data_set.NumberOfFrames = frames
        data_set.FrameIncrementPointer = 0x00181063
        data_set.FrameTime = "40"
    # No frame is like another.
    data_set.PixelData = b"".join(bytes((x + frame) % 256 for x in range(side * side)) for frame in range(frames))


def add_video(data_set, stream):
    """`stream` as MPEG4 in one fragment: PS3.5 section 8.2.7."""
    data_set.SamplesPerPixel, data_set.PhotometricInterpretation, data_set.PlanarConfiguration = 3, "YBR_PARTIAL_420", 0
    data_set.Rows, data_set.Columns, data_set.NumberOfFrames = 1080, 1920, 2
    data_set.FrameIncrementPointer, data_set.FrameTime = 0x00181063, "40"
    data_set.BitsAllocated, data_set.BitsStored, data_set.HighBit, data_set.PixelRepresentation = 8, 8, 7, 0
    data_set.PixelData = encapsulate([stream], has_bot=False)
    data_set["PixelData"].is_undefined_length = True


def jpeg_frame(side):
    """A gray frame as baseline JPEG."""
    from PIL import Image
    out = io.BytesIO()
    Image.frombytes("L", (side, side), bytes(x % 256 for x in range(side * side))).save(out, "JPEG")
    return out.getvalue()


def make(study, series, sop_class, number, **attributes):
    data_set = Dataset()
    data_set.SpecificCharacterSet = "ISO_IR 192"
    for keyword, value in {**study, **series, **attributes}.items():
        setattr(data_set, keyword, value)
    data_set.SOPClassUID, data_set.SOPInstanceUID = sop_class, new_uid()
    data_set.InstanceNumber = number
    return data_set


def request_item(step, procedure):
    item = Dataset()
    item.ScheduledProcedureStepID, item.RequestedProcedureID = step, procedure
    return item


@dataclass
class Data:
    """Two patients with dates and a third without; the first has two series."""
    tag: str  # in every identifier of this run
    anna: dict
    taro: dict
    berta: dict
    ct: dict
    mr: dict
    instances: dict  # by name: data sets
    further_studies: list = field(default_factory=list)  # what single requirements stored, for cleaning up

    @property
    def all_studies(self):
        return [study["StudyInstanceUID"] for study in (self.anna, self.taro, self.berta)]

    def path(self, name, level="instance"):
        data_set = self.instances[name]
        path = f"/studies/{data_set.StudyInstanceUID}"
        if level != "study":
            path += f"/series/{data_set.SeriesInstanceUID}"
        return path + (f"/instances/{data_set.SOPInstanceUID}" if level == "instance" else "")


def make_data():
    tag = "Q" + secrets.token_hex(4).upper()

    def study(number, name, **attributes):
        return {"StudyInstanceUID": new_uid(), "PatientName": name, "PatientID": f"{tag}P{number}",
                "StudyID": f"{tag}S{number}", "AccessionNumber": f"{tag}A{number}", **attributes}

    anna = study(1, f"{tag}-Møller^Anna Maria^^Dr.", StudyDate="20240105", StudyTime="101500",
                 ReferringPhysicianName=f"{tag}Ref^Gregory", StudyDescription="Head", PatientSex="F",
                 PatientBirthDate="19700102", PatientWeight="61.5", TimezoneOffsetFromUTC="+0100")
    taro = study(2, f"{tag}Yamada^Tarou={tag}山田^太郎={tag}やまだ^たろう", StudyDate="20240220", StudyTime="180000.25",
                 ReferringPhysicianName=f"{tag}Ref^House", StudyDescription="Trunk", PatientSex="M",
                 PatientBirthDate="19801231")
    berta = study(3, f"{tag}Berg^Berta", StudyDate="", StudyTime="", ReferringPhysicianName="", PatientSex="",
                  PatientBirthDate="")
    ct = {"SeriesInstanceUID": new_uid(), "Modality": "CT", "SeriesNumber": 3, "SeriesDescription": "thin",
          "PerformedProcedureStepStartDate": "20240105", "PerformedProcedureStepStartTime": "102000",
          "ProtocolName": "Routine", "BodyPartExamined": "HEAD",
          "RequestAttributesSequence": Sequence([request_item(f"{tag}SPS1", f"{tag}RP1"),
                                                 request_item(f"{tag}SPS2", f"{tag}RP2")])}
    mr = {"SeriesInstanceUID": new_uid(), "Modality": "MR", "SeriesNumber": 4, "SeriesDescription": "thick",
          "PerformedProcedureStepStartDate": "20240106", "PerformedProcedureStepStartTime": "1430"}
    pt = {"SeriesInstanceUID": new_uid(), "Modality": "PT", "SeriesNumber": 1}
    us = {"SeriesInstanceUID": new_uid(), "Modality": "US", "SeriesNumber": 1}
    doc = {"SeriesInstanceUID": new_uid(), "Modality": "DOC", "SeriesNumber": 2}
    instances = {
        "ct1": make(anna, ct, CT, 1, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]),
        "ct2": make(anna, ct, CT, 2, ImageType=["ORIGINAL", "PRIMARY", "AXIAL"]),
        "mr1": make(anna, mr, MR, 1),
        "pt1": make(taro, pt, SC, 1),
        "us1": make(berta, us, MULTI_FRAME_SC, 7),
    }
    for name, data_set in instances.items():
        add_pixels(data_set, frames=3 if name == "us1" else 1)
    document = make(berta, doc, PDF, 1, MIMETypeOfEncapsulatedDocument="application/pdf", BurnedInAnnotation="NO",
                    EncapsulatedDocument=b"%PDF-1.4\n%%EOF\n" + b"\0")
    instances["pdf"] = document
    return Data(tag, anna, taro, berta, ct, mr, instances)
