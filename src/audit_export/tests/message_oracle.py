#!/usr/bin/python3
"""Checks a file of audit messages, one a line, against the structure of PS3.15 section A.5.1: order and number of
elements, required attributes, allowed codes, types of values. Silent where all is right."""
import base64
import datetime
import re
import sys
import xml.etree.ElementTree as ElementTree


def coded(element, systems=("DCM", "RFC-3881")):
    assert element.attrib["csd-code"] and element.attrib["codeSystemName"] in systems, element.attrib
    assert element.attrib["originalText"].strip(), element.attrib


def children(element, pattern):
    """The names of the children, each with a blank behind it, match the pattern."""
    names = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(pattern, names), f"{element.tag} holds {names}"


def check_event(event):
    children(event, "EventID (EventTypeCode )*(EventOutcomeDescription )?")
    assert event.attrib["EventActionCode"] in "CRUDE" and len(event.attrib["EventActionCode"]) == 1
    assert event.attrib["EventOutcomeIndicator"] in ("0", "4", "8", "12")
    datetime.datetime.fromisoformat(event.attrib["EventDateTime"].replace("Z", "+00:00"))
    for code in event:
        coded(code, ("DCM",))
    # CID 400.
    assert 110100 <= int(event.find("EventID").attrib["csd-code"]) <= 110114


def check_participant(participant):
    children(participant, "(RoleIDCode )*(MediaIdentifier )?")
    assert participant.attrib["UserID"].strip()
    assert participant.attrib["UserIsRequestor"] in ("true", "false")
    assert participant.attrib.get("NetworkAccessPointTypeCode", "1") in "12345"
    assert ("NetworkAccessPointID" in participant.attrib) == ("NetworkAccessPointTypeCode" in participant.attrib)
    for code in participant.findall("RoleIDCode"):
        coded(code)


def check_object(item):
    children(item, "ParticipantObjectIDTypeCode (ParticipantObjectName |ParticipantObjectQuery )"
                   "(ParticipantObjectDetail )*(ParticipantObjectDescription )*")
    assert item.attrib["ParticipantObjectID"].strip()
    assert item.attrib["ParticipantObjectTypeCode"] in "1234"
    assert 1 <= int(item.attrib["ParticipantObjectTypeCodeRole"]) <= 24
    coded(item.find("ParticipantObjectIDTypeCode"))
    for query in item.findall("ParticipantObjectQuery"):
        base64.b64decode(query.text or "", validate=True)
    for detail in item.findall("ParticipantObjectDetail"):
        assert detail.attrib["type"] and base64.b64decode(detail.attrib["value"], validate=True)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert lines
    for line in lines:
        message = ElementTree.fromstring(line.encode())
        assert message.tag == "AuditMessage"
        children(message, "EventIdentification (ActiveParticipant )+AuditSourceIdentification "
                          "(ParticipantObjectIdentification )*")
        check_event(message.find("EventIdentification"))
        for participant in message.findall("ActiveParticipant"):
            check_participant(participant)
        assert message.find("AuditSourceIdentification").attrib["AuditSourceID"]
        for item in message.findall("ParticipantObjectIdentification"):
            check_object(item)


if __name__ == "__main__":
    main()
