#include "api/dicomweb/capabilities.h"

#include <algorithm>
#include <map>
#include <span>

#include "api/access.h"
#include "api/dicomweb/routes.h"
#include "api/handler.h"
#include "api/media_choice.h"
#include "api/problem.h"
#include "base/xml_text.h"
#include "http/conditional.h"

namespace larmor::api {
namespace {

constexpr std::string_view kService = "/dicomweb";
constexpr std::string_view kWadl = "application/vnd.sun.wadl+xml";

using Texts = std::span<const std::string_view>;

// Source: PS3.18 table 10.6.1-5.
constexpr std::array<std::string_view, 9> kStudyKeys = {"StudyDate",
                                                        "StudyTime",
                                                        "AccessionNumber",
                                                        "ModalitiesInStudy",
                                                        "ReferringPhysicianName",
                                                        "PatientName",
                                                        "PatientID",
                                                        "StudyInstanceUID",
                                                        "StudyID"};
constexpr std::array<std::string_view, 7> kSeriesKeys = {
    "Modality",
    "SeriesInstanceUID",
    "SeriesNumber",
    "PerformedProcedureStepStartDate",
    "PerformedProcedureStepStartTime",
    "RequestAttributesSequence.ScheduledProcedureStepID",
    "RequestAttributesSequence.RequestedProcedureID"};
constexpr std::array<std::string_view, 3> kInstanceKeys = {"SOPClassUID", "SOPInstanceUID",
                                                           "InstanceNumber"};
constexpr std::array<std::string_view, 6> kSearchParameters = {
    "accept", "limit", "offset", "fuzzymatching", "emptyvaluematching", "includefield"};
constexpr std::array<std::string_view, 1> kAcceptParameter = {"accept"};
constexpr std::array<std::string_view, 6> kRenderParameters = {
    "accept", "window", "viewport", "quality", "annotation", "iccprofile"};
constexpr std::array<std::string_view, 3> kThumbnailParameters = {"accept", "viewport",
                                                                  "quality"};

constexpr std::array<std::string_view, 2> kJsonTypes = {"application/dicom+json",
                                                        "application/json"};
constexpr std::array<std::string_view, 3> kMetadataTypes = {
    "application/dicom+json", "application/json",
    R"(multipart/related; type="application/dicom+xml")"};
constexpr std::array<std::string_view, 2> kInstancesTypes = {
    R"(multipart/related; type="application/dicom")", "application/zip"};
constexpr std::array<std::string_view, 3> kInstanceTypes = {
    R"(multipart/related; type="application/dicom")", "application/dicom", "application/zip"};
constexpr std::array<std::string_view, 3> kOctetTypes = {
    R"(multipart/related; type="application/octet-stream")", "application/octet-stream",
    R"(multipart/related; type="image/*")"};
constexpr std::array<std::string_view, 7> kRenderedTypes = {
    "image/jpeg", "image/png",       "image/gif",        "image/webp",
    "video/*",    "application/pdf", "multipart/related"};
constexpr std::array<std::string_view, 4> kThumbnailTypes = {"image/jpeg", "image/png",
                                                             "image/gif", "image/webp"};
constexpr std::array<std::string_view, 2> kStoreTypes = {
    R"(multipart/related; type="application/dicom")",
    R"(multipart/related; type="application/dicom+json")"};

constexpr std::array kGetStatuses = {200, 304, 400, 401, 403, 404, 406, 503};
constexpr std::array kManyStatuses = {200, 206, 304, 400, 401, 403, 404, 406, 503};
constexpr std::array kSearchStatuses = {200, 400, 401, 403, 406, 413, 503};
constexpr std::array kStoreStatuses = {200, 202, 400, 401, 403, 409, 413, 415, 503, 507};

constexpr std::array kDeleteStatuses = {204, 400, 401, 403, 404, 503, 507};

/// What routes whose name begins so have in common.
struct Family {
    std::string_view prefix;
    Texts parameters;
    Texts types;
    std::span<const int> statuses;
};
constexpr std::array kFamilies = {
    Family{"search.", kSearchParameters, kMetadataTypes, kSearchStatuses},
    Family{"store.", {}, kJsonTypes, kStoreStatuses},
    Family{"delete.", {}, {}, kDeleteStatuses},
    Family{"retrieve.instance", kAcceptParameter, kInstanceTypes, kGetStatuses},
    Family{"retrieve.", kAcceptParameter, kInstancesTypes, kManyStatuses},
    Family{"metadata.", kAcceptParameter, kMetadataTypes, kGetStatuses},
    Family{"rendered.", kRenderParameters, kRenderedTypes, kManyStatuses},
    Family{"thumbnail.", kThumbnailParameters, kThumbnailTypes, kGetStatuses},
    Family{"", kAcceptParameter, kOctetTypes, kGetStatuses},  // frames and bulk data
};
const Family& family_of(std::string_view name) {
    return *std::ranges::find_if(
        kFamilies, [&](const Family& family) { return name.starts_with(family.prefix); });
}

/// Which keys a search matches, by the name of its route.
std::vector<Texts> keys_of(std::string_view name) {
    if (!name.starts_with("search.")) {
        return {};
    }
    if (name.ends_with("studies")) {
        return {kStudyKeys};
    }
    return name.ends_with("series")
               ? std::vector<Texts>{kStudyKeys, kSeriesKeys}
               : std::vector<Texts>{kStudyKeys, kSeriesKeys, kInstanceKeys};
}

/// A resource and those below it, by segment of the path.
struct Resource {
    std::map<std::string, Resource, std::less<>> below;
    std::vector<const http::Route*> routes;
};

class WadlWriter {
public:
    std::string write(const Resource& root, std::string_view base) {
        text_ =
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            "<application xmlns=\"http://wadl.dev.java.net/2009/02\" "
            "xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n";
        open("resources", {{"base", base}});
        for (const auto& [segment, resource] : root.below) {
            write_resource(segment, resource);
        }
        close("resources");
        return (text_ += "</application>\n");
    }

private:
    using Attributes = std::vector<std::pair<std::string_view, std::string_view>>;

    void start(std::string_view name, const Attributes& attributes) {
        text_.append(2 * (open_ + 1), ' ').append("<").append(name);
        for (const auto& [key, value] : attributes) {
            text_.append(" ").append(key).append("=\"");
            append_xml_text(text_, value);
            text_ += '"';
        }
    }
    void open(std::string_view name, const Attributes& attributes) {
        start(name, attributes);
        text_ += ">\n";
        ++open_;
    }
    void empty(std::string_view name, const Attributes& attributes) {
        start(name, attributes);
        text_ += "/>\n";
    }
    void close(std::string_view name) {
        --open_;
        text_.append(2 * (open_ + 1), ' ').append("</").append(name).append(">\n");
    }

    void write_resource(std::string_view segment, const Resource& resource) {
        // The rest of a path (`{path...}`) is one parameter with slashes.
        std::string path(segment);
        if (path.ends_with("...}")) {
            path.replace(path.size() - 4, 4, "}");
        }
        open("resource", {{"path", path}});
        if (path.starts_with('{')) {
            empty("param", {{"name", std::string_view(path).substr(1, path.size() - 2)},
                            {"style", "template"},
                            {"type", "xsd:string"},
                            {"required", "true"}});
        }
        for (const http::Route* route : resource.routes) {
            write_method(*route);
        }
        for (const auto& [further, child] : resource.below) {
            write_resource(further, child);
        }
        close("resource");
    }

    void write_method(const http::Route& route) {
        const Family& family = family_of(route.name);
        const bool stores = route.method == http::Method::Post;
        open("method", {{"name", http::name_of(route.method)}, {"id", route.name}});
        open("request", {});
        write_parameters(family.parameters);
        for (const Texts keys : keys_of(route.name)) {
            write_parameters(keys);
        }
        if (!family.types.empty()) {
            open("param", {{"name", "Accept"}, {"style", "header"}, {"type", "xsd:string"}});
            for (const std::string_view type : family.types) {
                empty("option", {{"value", type}});
            }
            close("param");
        }
        for (const std::string_view type : stores ? Texts(kStoreTypes) : Texts()) {
            empty("representation", {{"mediaType", type}});
        }
        close("request");
        write_responses(family);
        close("method");
    }

    void write_parameters(Texts names) {
        for (const std::string_view name : names) {
            const bool many = name == "includefield";
            empty("param", {{"name", name},
                            {"style", "query"},
                            {"type", "xsd:string"},
                            {"repeating", many ? "true" : "false"}});
        }
    }

    void write_responses(const Family& family) {
        for (const int status : family.statuses) {
            const std::string text = std::to_string(status);
            if (status == 204 || status == 304) {
                empty("response", {{"status", text}});
                continue;
            }
            open("response", {{"status", text}});
            const bool is_problem = status >= 400 && status != 409;
            if (is_problem) {
                empty("representation", {{"mediaType", "application/problem+json"}});
            }
            for (const std::string_view type : is_problem ? Texts() : family.types) {
                empty("representation", {{"mediaType", type}});
            }
            close("response");
        }
    }

    std::string text_;
    std::size_t open_ = 0;
};

http::Task<http::Response> show_capabilities(ContextPtr context, const http::Router* router,
                                             http::Request request) {
    http::Request about;
    about.id = request.id;
    const auto type = negotiate(request, {kWadl, "application/xml", "text/xml"});
    if (!type) {
        co_return problem(about, type.error());
    }
    http::Response response(
        200, *type, capabilities_document(router->routes(), context->service_base(request)));
    // What a method of HTTP says of the service's own path (RFC 9110 section 9.3.7).
    response.headers.add("Allow", "OPTIONS");
    response.headers.add("Vary", "Accept");
    response.headers.add("Cache-Control", "no-cache");
    co_return response;
}

}  // namespace

std::string capabilities_document(const std::vector<const http::Route*>& routes,
                                  std::string_view base) {
    Resource root;
    for (const http::Route* route : routes) {
        std::string_view path = route->pattern;
        if (!path.starts_with(kService) || path.size() <= kService.size() + 1) {
            continue;
        }
        path.remove_prefix(kService.size() + 1);
        Resource* resource = &root;
        while (!path.empty()) {
            const auto slash = path.find('/');
            resource = &resource->below[std::string(path.substr(0, slash))];
            path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
        }
        resource->routes.push_back(route);
    }
    return WadlWriter().write(root, base);
}

void add_capabilities_route(http::Router& router, const ContextPtr& context) {
    for (const char* pattern : {"/dicomweb", "/dicomweb/"}) {
        router.add({.method = http::Method::Options,
                    .pattern = pattern,
                    .name = "capabilities",
                    // It says what the open OpenAPI document says.
                    .right = right(auth::Right::Public, audit::Action::None),
                    .handler = [context, &router](http::Request request) {
                        return show_capabilities(context, &router, std::move(request));
                    }});
    }
}

}  // namespace larmor::api
