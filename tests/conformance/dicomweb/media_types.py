"""PS3.18 section 8.7: which media type is answered; 8.3.3 the parameters that go with it; 8.5 and 8.6 what HTTP itself asks for."""
from client import JSON
from suite import Skipped, equal, expect, requirement


def own_study(server):
    return [("StudyInstanceUID", server.data.anna["StudyInstanceUID"])]


def is_json(server, accept, query=()):
    answer = server.get("/studies", [*own_study(server), *query], accept=accept)
    equal(answer.status, 200, f"status with Accept {accept!r}")
    expect(answer.content_type in (JSON, "application/json"), f"Content-Type {answer.content_type} with Accept {accept!r}")
    equal(len(answer.json()), 1, "results")


@requirement("8.7.7", "application/dicom+json and a request without Accept are answered in JSON")
def json_types(server):
    is_json(server, JSON)
    is_json(server, "*/*")


@requirement("8.7.7", "a wild card, parameters and white space are taken in Accept")
def accept_forms(server):
    for accept in ("application/*", "application/dicom+json; charset=utf-8", "  application/dicom+json  ;q=0.5",
                   "text/html, application/xhtml+xml, */*;q=0.1", "Application/DICOM+JSON"):
        is_json(server, accept)


@requirement("8.7.7", "of several acceptable types the one of the highest weight is chosen")
def weights(server):
    answer = server.get("/studies", own_study(server), accept="application/json;q=0.4, application/dicom+json;q=0.9")
    equal(answer.status, 200, "status")
    equal(answer.content_type, JSON, "Content-Type")


@requirement("8.7.7", "a type of weight 0 is not acceptable")
def weight_zero(server):
    answer = server.get("/studies", own_study(server),
                        accept='application/dicom+json;q=0, application/json;q=0, multipart/related;q=0, text/html')
    equal(answer.status, 406, "status")


@requirement("8.7.8.1", "no acceptable type is 406 Not Acceptable")
def not_acceptable(server):
    equal(server.get("/studies", own_study(server), accept="image/png").status, 406, "status")


@requirement("8.7.8.1", "the query parameter accept goes before the header")
def accept_parameter(server):
    answer = server.get("/studies", [*own_study(server), ("accept", JSON)], accept="application/json;q=0.9, image/png")
    equal(answer.status, 200, "status")
    equal(answer.content_type, JSON, "Content-Type")


@requirement("8.7.8.1", "where the parameter accept names nothing supported, the header decides")
def accept_parameter_unsupported(server):
    is_json(server, JSON, [("accept", "image/png")])


@requirement("8.7.7", "an entry of Accept that is no media type does not spoil the others")
def broken_accept(server):
    for accept in ("nonsense, application/dicom+json", "application/dicom+json, ;;,", "a/b/c, application/dicom+json;q=x"):
        is_json(server, accept)


@requirement("8.7.3.2", "XML is answered as multipart, or it is 406")
def xml(server):
    answer = server.get("/studies", own_study(server), accept='multipart/related; type="application/dicom+xml"')
    if answer.status == 406:
        raise Skipped("the server has no XML")
    equal(answer.content_type, "multipart/related", "Content-Type")


@requirement("8.6.1", "an answer names its media type")
def content_type(server):
    for path in ("/studies", f"/studies/{server.data.anna['StudyInstanceUID']}/metadata"):
        expect(server.get(path, accept=JSON).content_type == JSON, f"{path}: Content-Type")


@requirement("8.8.2", "text is in UTF-8 where nothing else is asked for")
def utf8(server):
    answer = server.get("/studies", [("StudyInstanceUID", server.data.taro["StudyInstanceUID"])], accept=JSON)
    expect("太郎".encode() in answer.body or b"\\u592a\\u90ce" in answer.body.lower(), "the ideographic name is not there")


@requirement("8.5", "a resource that is not there is 404 Not Found")
def not_found(server):
    for path in ("/studies/2.25.1/metadata", "/studies/2.25.1/series/2.25.2/instances/2.25.3"):
        equal(server.get(path, accept="*/*").status, 404, path)


@requirement("8.5", "a method that a resource does not have is refused")
def method_not_allowed(server):
    status = server.send("PUT", "/series", body=b"").status
    expect(status in (400, 404, 405, 501), f"status {status}")
