#include "api/access.h"
#include "api/dicomweb/bulk_value.h"
#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/frame_answer.h"
#include "api/dicomweb/instance_form.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/routes.h"
#include "api/problem.h"
#include "dicom/rewrite.h"
#include "http/conditional.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

constexpr std::string_view kOctets = "application/octet-stream";

/// The value as it goes out: little endian. Blocks.
Result<Part> part_of(const Context& context, const OpenInstancePtr& opened,
                     const FoundValue& found) {
    const dicom::File& file = opened->file;
    if (file.encoding.order == dicom::ByteOrder::Big) {
        auto swapped = std::make_shared<ByteBuffer>(found.value.begin(), found.value.end());
        dicom::swap_value(found.vr, *swapped);
        const Bytes view(*swapped);
        return http::SharedBytes{std::move(swapped), view};
    }
    if (file.inflated) {
        return http::SharedBytes{opened, found.value};
    }
    TRY(http::FileSlice slice,
        slice_of(context.services.store, opened->located->file,
                 {file.data_set_offset + found.offset, found.value.size()}));
    return slice;
}

/// Of the choices that a value of bytes can satisfy, the form of the first.
std::optional<MediaChoice::Form> choose_form(const std::vector<MediaChoice>& choices) {
    for (const MediaChoice& choice : choices) {
        const bool syntax_fits = choice.transfer_syntax.empty() ||
                                 choice.transfer_syntax == "*" ||
                                 choice.transfer_syntax == dicom::kExplicitLittleUid;
        if (choice.takes(kOctets) && syntax_fits) {
            return choice.form;
        }
    }
    return std::nullopt;
}

Task<Response> retrieve_bulk_data(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    const auto value_path = parse_bulk_data_path(request.path_parameter("path"));
    if (!value_path) {
        co_return problem(request, value_path.error());
    }
    const auto accept = accept_of(request);
    if (!accept) {
        co_return problem(request, accept.error());
    }
    const auto choices = parse_media_choices(*accept);
    if (!choices) {
        co_return problem(request, choices.error());
    }
    const auto located = co_await locate(context, *path);
    if (!located) {
        co_return problem(request, located.error());
    }
    auto value = co_await context->work([&]() -> Result<std::optional<Part>> {
        TRY(const auto opened, OpenInstance::open(context->services.store, *located));
        TRY(const FoundValue found, find_bulk_value(opened->file, *value_path));
        std::optional<Part> part;
        if (!found.encapsulated) {
            TRY(part, part_of(*context, opened, found));
        }
        return part;
    });
    if (!value) {
        co_return problem(request, value.error());
    }
    if (!*value) {
        // Compressed Pixel Data: its frames (PS3.18 section 8.7.3.3.2).
        co_return co_await answer_frames(context, std::move(request), *located, *choices,
                                         std::nullopt);
    }
    const auto form = choose_form(*choices);
    if (!form) {
        co_return problem(request, {ErrorCode::Unsupported,
                                    "bulk data is application/octet-stream, in "
                                    "multipart/related or alone"});
    }
    Response response(200);
    response.headers.add("Cache-Control", "no-cache");
    if (*form == MediaChoice::Form::Single) {
        response.headers.add("Content-Type", kOctets);
        response.headers.add("ETag", http::etag_of(content_tag(**located) + "-bulk"));
        response.parts.push_back(**std::move(value));
        co_return http::with_conditions(request.method, request.headers, std::move(response));
    }
    http::MultipartWriter writer("related", std::string(kOctets));
    response.headers.add("Content-Type", writer.content_type());
    writer.add(response.parts,
               {{"Content-Type", std::string(kOctets) + "; transfer-syntax=" +
                                     std::string(dicom::kExplicitLittleUid)}},
               **std::move(value));
    writer.finish(response.parts);
    co_return response;
}

}  // namespace

void add_bulk_data_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Get,
                .pattern = "/dicomweb/studies/{study}/series/{series}/instances/{instance}/"
                           "bulkdata/{path...}",
                .name = "retrieve.bulkdata",
                .right = right(auth::Right::ReadPixels),
                .handler = with_context(context, retrieve_bulk_data)});
}

}  // namespace larmor::api
