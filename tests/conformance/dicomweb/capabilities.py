"""PS3.18 section 8.9 and annex H: what a service says of itself."""
import xml.etree.ElementTree as ElementTree

from suite import equal, expect, requirement

WADL = "{http://wadl.dev.java.net/2009/02}"
TYPE = "application/vnd.sun.wadl+xml"


def description(server):
    answer = server.send("OPTIONS", "/", headers={"Accept": TYPE})
    equal(answer.status, 200, "status")
    equal(answer.content_type, TYPE, "Content-Type")
    return ElementTree.fromstring(answer.body)


@requirement("8.9", "OPTIONS of the service's base gives a Capabilities Description")
def retrieve_capabilities(server):
    equal(description(server).tag, WADL + "application", "the top-level element")


@requirement("H", "the description has one resources element, with the base URL of the service")
def base(server):
    resources = description(server).findall(WADL + "resources")
    equal([one.get("base", "").rstrip("/") for one in resources], [server.url], "base")


@requirement("H", "the description has the resources of the Studies service and their methods")
def studies(server):
    root = description(server).find(WADL + "resources")
    found = root.find(f"{WADL}resource[@path='studies']")
    expect(found is not None, "there is no resource studies")
    methods = {method.get("name") for method in found.findall(WADL + "method")}
    expect({"GET", "POST"} <= methods, f"methods of studies: {methods}")
    study = next((one for one in found.findall(WADL + "resource") if one.get("path", "").startswith("{")), None)
    expect(study is not None, "there is no resource below studies that stands for one")
    below = {one.get("path") for one in study.findall(WADL + "resource")}
    expect({"metadata", "rendered", "series"} <= below, f"resources of a study: {below}")
