#include "api/healthimaging/copy_request.h"

#include <simdjson.h>

#include "api/healthimaging/service_request.h"
#include "api/image_set_json.h"

namespace larmor::api {
namespace {

namespace dom = simdjson::dom;

tl::unexpected<Error> wrong_copy(std::string what) {
    return fail(ErrorCode::InvalidInput, std::move(what));
}

Result<std::int64_t> latest_version_of(dom::object object, std::string_view where) {
    std::string_view text;
    if (object["latestVersionId"].get(text) != simdjson::SUCCESS) {
        return wrong_copy(std::string(where) + " has a latestVersionId, a text");
    }
    return parse_version("latestVersionId", text);
}

/// Series are not compared: an image set has one, and instances that are not in it are refused.
Result<void> read_copied_instances(catalog::CopyRequest& request, std::string_view json) {
    dom::parser parser;
    dom::object all_series;
    if (parser.parse(json.data(), json.size())["Study"]["Series"].get(all_series) !=
        simdjson::SUCCESS) {
        return wrong_copy("copiableAttributes is a document with Study, Series, Instances");
    }
    for (const auto [series, element] : all_series) {
        dom::object instances;
        if (element["Instances"].get(instances) != simdjson::SUCCESS) {
            return wrong_copy("a series of copiableAttributes has Instances");
        }
        for (const auto [uid, ignored] : instances) request.instances.emplace_back(uid);
    }
    if (request.instances.empty()) return wrong_copy("copiableAttributes names no instance");
    return {};
}

Result<void> read_copy_source(catalog::CopyRequest& request, dom::object source) {
    TRY(request.source_version, latest_version_of(source, "sourceImageSet"));
    dom::element copies;
    if (source["DICOMCopies"].get(copies) != simdjson::SUCCESS) return {};
    std::string_view document;
    if (copies["copiableAttributes"].get(document) != simdjson::SUCCESS) {
        return wrong_copy("DICOMCopies has copiableAttributes, a text");
    }
    return read_copied_instances(request, document);
}

Result<void> read_copy_destination(catalog::CopyRequest& request, dom::object destination) {
    std::string_view id;
    if (destination["imageSetId"].get(id) != simdjson::SUCCESS || !is_service_id(id)) {
        return wrong_copy("destinationImageSet has an imageSetId, 32 letters and digits");
    }
    TRY(const auto latest, latest_version_of(destination, "destinationImageSet"));
    request.destination = catalog::CopyRequest::Destination{std::string(id), latest};
    return {};
}

}  // namespace

Result<catalog::CopyRequest> parse_copy_request(std::string source, std::string_view query,
                                                std::string_view body) {
    catalog::CopyRequest request;
    request.source = std::move(source);
    TRY(const auto parameters, http::parse_query(query));
    TRY(const bool force, flag_in(parameters, "force"));
    TRY(const bool promote, flag_in(parameters, "promoteToPrimary"));
    request.force = force ? edits::Force::Yes : edits::Force::No;
    using Promote = catalog::CopyRequest::Promote;
    request.promote = promote ? Promote::Yes : Promote::No;
    dom::parser parser;
    dom::object root;
    dom::object from;
    if (parser.parse(body.data(), body.size()).get(root) != simdjson::SUCCESS ||
        root["sourceImageSet"].get(from) != simdjson::SUCCESS) {
        return wrong_copy("the body has a sourceImageSet");
    }
    TRY_VOID(read_copy_source(request, from));
    dom::element to;
    if (root["destinationImageSet"].get(to) == simdjson::SUCCESS) {
        dom::object destination;
        if (to.get(destination) != simdjson::SUCCESS) {
            return wrong_copy("destinationImageSet is an object");
        }
        TRY_VOID(read_copy_destination(request, destination));
    }
    return request;
}

}  // namespace larmor::api
