#include "api/dicomweb/uri_query.h"

#include <charconv>

#include "base/ids.h"
#include "dicom/transfer_syntax.h"
#include "dicom/values.h"

namespace larmor::api {
namespace {

struct UidParameter {
    std::string_view name;
    std::string ResourcePath::* member;
};
constexpr std::array kUidParameters = {UidParameter{"studyUID", &ResourcePath::study},
                                       UidParameter{"seriesUID", &ResourcePath::series},
                                       UidParameter{"objectUID", &ResourcePath::instance}};

tl::unexpected<Error> wrong(std::string_view name, std::string_view what) {
    return fail(ErrorCode::InvalidInput, std::string(name) + " " + std::string(what));
}

Result<std::uint32_t> parse_number(std::string_view name, std::string_view text,
                                   std::uint32_t max) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || number == 0 ||
        number > max) {
        return wrong(name, "is not a number from 1 to " + std::to_string(max));
    }
    return number;
}

/// Two parameters that make sense together only. Errors: InvalidInput for one without the
/// other.
Result<std::optional<std::pair<std::string_view, std::string_view>>> find_both(
    const http::Query& query, std::string_view first, std::string_view second) {
    const auto a = query.find(first);
    const auto b = query.find(second);
    if (a.has_value() != b.has_value()) {
        return wrong(a ? first : second, "needs " + std::string(a ? second : first));
    }
    return a ? std::optional(std::pair(*a, *b)) : std::nullopt;
}

Result<void> read_uids(const http::Query& query, ResourcePath& path) {
    const auto type = query.find("requestType");
    if (!type || *type != "WADO") {
        return wrong("requestType", "must be WADO");
    }
    for (const auto& [name, member] : kUidParameters) {
        const auto uid = query.find(name);
        if (!uid || !is_uid_key_part(*uid)) {
            return wrong(name, uid ? "is no UID" : "is missing");
        }
        path.*member = *uid;
    }
    return {};
}

Result<void> refuse_what_nothing_does(const http::Query& query) {
    if (const auto anonymize = query.find("anonymize")) {
        if (*anonymize != "yes") {
            return wrong("anonymize", "is yes or left out");
        }
        return fail(ErrorCode::Unsupported,
                    "anonymize is not supported: nothing is taken out of instances");
    }
    TRY(const auto presentation, find_both(query, "presentationUID", "presentationSeriesUID"));
    if (presentation) {
        return fail(ErrorCode::Unsupported,
                    "presentationUID is not supported: presentation states are not applied");
    }
    return {};
}

Result<void> read_size(const http::Query& query, RenderQuery& render) {
    constexpr std::uint32_t kSideMax = 65'500;
    constexpr std::uint64_t kPixelsMax = std::uint64_t{1} << 26;
    TRY(const auto size, find_both(query, "rows", "columns"));
    if (!size) {
        return {};
    }
    TRY(render.options.rows_max, parse_number("rows", size->first, kSideMax));
    TRY(render.options.columns_max, parse_number("columns", size->second, kSideMax));
    if (std::uint64_t{render.options.rows_max} * render.options.columns_max > kPixelsMax) {
        return wrong("rows", "times columns is more than 67,108,864 pixels");
    }
    render.options.scale_up = true;
    render.has_viewport = true;
    return {};
}

Result<void> read_window(const http::Query& query, RenderQuery& render) {
    TRY(const auto window, find_both(query, "windowCenter", "windowWidth"));
    if (!window) {
        return {};
    }
    const auto center = dicom::parse_decimal(window->first);
    const auto width = dicom::parse_decimal(window->second);
    if (!center || !width || !(*width > 0)) {
        return wrong("windowCenter", "and windowWidth are numbers, the width above 0");
    }
    render.options.window = pixels::Window{*center, *width};
    return {};
}

Result<std::array<double, 4>> parse_edges(std::string_view text) {
    std::array<double, 4> edges{};
    for (std::size_t i = 0; i < edges.size(); ++i) {
        const auto comma = text.find(',');
        const auto edge = dicom::parse_decimal(text.substr(0, comma));
        const bool is_last = comma == std::string_view::npos;
        if (!edge || !(*edge >= 0 && *edge <= 1) || is_last != (i == 3)) {
            return wrong("region", "is not of the form xmin,ymin,xmax,ymax with 0 to 1 each");
        }
        edges[i] = *edge;
        text.remove_prefix(is_last ? text.size() : comma + 1);
    }
    if (edges[0] >= edges[2] || edges[1] >= edges[3]) {
        return wrong("region", "has no area");
    }
    return edges;
}

Result<std::string> parse_transfer_syntax(std::string_view uid) {
    if (uid == dicom::kImplicitLittleUid || uid == dicom::kExplicitBigUid) {
        return wrong("transferSyntax", "must be none of Implicit VR and Big Endian");
    }
    if (!is_uid_key_part(uid)) {
        return wrong("transferSyntax", "is no UID");
    }
    return std::string(uid);
}

Result<void> read_rendering(const http::Query& query, UriQuery& wanted) {
    if (const auto frame = query.find("frameNumber")) {
        TRY(const std::uint32_t number, parse_number("frameNumber", *frame, UINT32_MAX));
        wanted.frame = number - 1;
    }
    TRY_VOID(read_size(query, wanted.render));
    TRY_VOID(read_window(query, wanted.render));
    if (const auto region = query.find("region")) {
        TRY(wanted.region, parse_edges(*region));
    }
    if (const auto quality = query.find("imageQuality")) {
        TRY_VOID(read_quality(*quality, wanted.render));
    }
    // Its name until the edition 2019, and since.
    for (const std::string_view name : {"annotation", "imageAnnotation"}) {
        if (const auto annotation = query.find(name)) {
            TRY_VOID(read_annotation(*annotation, wanted.render));
        }
    }
    return {};
}

}  // namespace

Result<UriQuery> parse_uri_query(const http::Query& query) {
    UriQuery wanted;
    TRY_VOID(read_uids(query, wanted.path));
    TRY_VOID(refuse_what_nothing_does(query));
    wanted.content_type = query.find("contentType").value_or("");
    wanted.has_charset = query.has("charset");
    if (const auto uid = query.find("transferSyntax")) {
        TRY(wanted.transfer_syntax, parse_transfer_syntax(*uid));
    }
    TRY_VOID(read_rendering(query, wanted));
    return wanted;
}

ResourcePath named_by_uri_query(const http::Query& query) {
    ResourcePath path;
    for (const auto& [name, member] : kUidParameters) {
        const auto uid = query.find(name);
        if (uid && is_uid_key_part(*uid)) {
            path.*member = *uid;
        }
    }
    return path;
}

}  // namespace larmor::api
