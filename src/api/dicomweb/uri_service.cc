#include "api/dicomweb/animation.h"
#include "api/dicomweb/carried.h"
#include "api/dicomweb/instance_body.h"
#include "api/dicomweb/picture.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/uri_query.h"
#include "http/media_type.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

struct Asked {
    UriQuery query;
    std::vector<std::string> accepts;  ///< contentType, then the Accept field
};

Result<Asked> read_asked(const Request& request) {
    Asked asked;
    TRY(const http::Query query, http::parse_query(request.query));
    TRY(asked.query, parse_uri_query(query));
    std::string header = request.headers.joined("Accept");
    if (!asked.query.content_type.empty()) {
        asked.accepts.push_back(asked.query.content_type);
    }
    if (!header.empty() || asked.accepts.empty()) {
        asked.accepts.push_back(std::move(header));
    }
    return asked;
}

/// The best of `offers`, by the first of the lists that takes any (PS3.18 section 8.7.8.1).
Result<std::string> choose_type(const std::vector<std::string>& accepts,
                                const std::vector<std::string_view>& offers) {
    for (const std::string& accept : accepts) {
        TRY(const auto accepted, http::parse_accept(accept));
        if (const auto best = http::best_of(accepted, offers)) {
            return std::string(*best);
        }
    }
    std::string message = "contentType and Accept take none of what there is:";
    for (const auto offer : offers) {
        message.append(" ").append(offer);
    }
    return fail(ErrorCode::Unsupported, std::move(message));
}

/// What an instance without anything carried can be, the default first: a picture where it is
/// one frame (PS3.18 table 8.7.4-1), else the object itself (table 8.7.3-2).
std::vector<std::string_view> offers_of(const LocatedInstance& located, const UriQuery& query) {
    if (!may_have_picture(located)) {
        return {kDicom};
    }
    const auto pictures = picture_types();
    const bool one_frame =
        query.frame || located.instance.attributes.number_of_frames.value_or(1) <= 1;
    if (!one_frame) {
        return {kDicom, kGif, kJpeg, kPng, kWebp};
    }
    std::vector<std::string_view> offers = pictures;
    offers.push_back(kDicom);
    return offers;
}

/// In the transfer syntax that is asked for where it is there, else in Explicit VR Little
/// Endian, else as stored (PS3.18 section 8.7.3).
std::vector<MediaChoice> dicom_choices(const UriQuery& query) {
    std::vector<MediaChoice> choices;
    for (const std::string& syntax : {query.transfer_syntax, std::string(), std::string("*")}) {
        choices.push_back({.form = MediaChoice::Form::Single,
                           .type = std::string(kDicom),
                           .transfer_syntax = syntax});
    }
    return choices;
}

Task<Result<Response>> answer_object(ContextPtr context, Request request, UriQuery query,
                                     LocatedInstancePtr located) {
    if (query.frame) {
        co_return fail(ErrorCode::InvalidInput,
                       "frameNumber is for pictures: application/dicom has all frames");
    }
    const auto choices = dicom_choices(query);
    CO_TRY(ChosenInstance chosen,
           co_await context->work([&] { return choose_instance(*context, located, choices); }));
    CO_TRY(Response response,
           co_await answer_single(context, std::move(request), std::move(chosen)));
    if (query.has_charset) {
        add_warnings(
            response.headers,
            {"charset is not supported: text is in the character set of the instance"});
    }
    co_return response;
}

/// The part of a frame that a region of fractions stands for.
void set_region(const LocatedInstance& located, UriQuery& query) {
    if (!query.region) {
        return;
    }
    const auto [left, top, right, bottom] = *query.region;
    const auto columns = static_cast<double>(located.instance.attributes.columns.value_or(1));
    const auto rows = static_cast<double>(located.instance.attributes.rows.value_or(1));
    query.render.options.region = pixels::Region{.x = left * columns,
                                                 .y = top * rows,
                                                 .width = (right - left) * columns,
                                                 .height = (bottom - top) * rows};
}

Task<Result<Response>> answer_picture(ContextPtr context, Request request, UriQuery query,
                                      LocatedInstancePtr located, std::string media_type) {
    set_region(*located, query);
    const auto frame_count = located->instance.attributes.number_of_frames.value_or(1);
    if (media_type == kGif && !query.frame && frame_count > 1) {
        co_return co_await answer_animation(context, std::move(request), std::move(located),
                                            std::move(query.render));
    }
    const std::uint32_t frame = query.frame.value_or(0);
    CO_TRY(auto picture, co_await context->work([&] {
        return draw_picture(*context, located, frame, query.render, media_type);
    }));
    co_return picture_response(request, *located, frame, query.render, media_type,
                               std::move(picture));
}

Task<Result<Response>> retrieve_by_uri(ContextPtr context, Request request) {
    CO_TRY(Asked asked, read_asked(request));
    CO_TRY(auto located, co_await locate(context, asked.query.path));
    if (!asked.query.frame && may_carry(*located)) {
        CO_TRY(auto carried,
               co_await context->work([&] { return find_carried(*context, located); }));
        auto offers = carried->offers();
        offers.push_back(kDicom);
        CO_TRY(const std::string type, choose_type(asked.accepts, offers));
        if (type != kDicom) {
            drop_annotation(asked.query.render);
            Response response = carried_response(request, *located, *std::move(carried), type);
            add_warnings(response.headers, asked.query.render.warnings);
            co_return response;
        }
    } else {
        CO_TRY(std::string type, choose_type(asked.accepts, offers_of(*located, asked.query)));
        if (type != kDicom) {
            co_return co_await answer_picture(context, std::move(request),
                                              std::move(asked.query), std::move(located),
                                              std::move(type));
        }
    }
    co_return co_await answer_object(context, std::move(request), std::move(asked.query),
                                     std::move(located));
}

}  // namespace

void add_uri_routes(http::Router& router, const ContextPtr& context) {
    add_get(router, context,
            {kUriPath, "", std::string(kUriRouteName), auth::Right::ReadPixels,
             audit::Action::Retrieve, retrieve_by_uri},
            "");
}

}  // namespace larmor::api
