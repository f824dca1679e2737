#include "api/dicomweb/bulk_value.h"
#include "api/dicomweb/explicit_file.h"
#include "api/dicomweb/frame_answer.h"
#include "api/dicomweb/retrieval.h"
#include "api/dicomweb/routes.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "http/conditional.h"
#include "http/multipart.h"

namespace larmor::api {
namespace {

using http::Part;
using http::Request;
using http::Response;
using http::Task;

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

/// Nothing for compressed Pixel Data. Blocks.
Result<std::optional<Part>> read_value(const Context& context, LocatedInstancePtr located,
                                       const BulkDataPath& path) {
    TRY(const auto opened, OpenInstance::open(context.services.store, std::move(located)));
    TRY(const FoundValue found, find_bulk_value(opened->file, path));
    std::optional<Part> part;
    if (!found.encapsulated) {
        TRY(part, part_of(context, opened, found));
    }
    return part;
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

Task<Result<Response>> retrieve_bulk_data(ContextPtr context, Request request) {
    CO_TRY(Retrieval wanted, read_retrieval(request));
    CO_TRY(const auto value_path, parse_bulk_data_path(request.path_parameter("path")));
    CO_TRY(auto located, co_await locate(context, wanted.path));
    CO_TRY(auto value,
           co_await context->work([&] { return read_value(*context, located, value_path); }));
    const auto form = choose_form(wanted.choices);
    const bool is_pixel_data =
        value_path.steps.empty() && value_path.tag == dicom::tags::PixelData;
    if (!value || (!form && is_pixel_data)) {
        // Compressed Pixel Data, of the primary or of an alternate: its frames (PS3.18 section
        // 8.7.3.3.2).
        FramesWanted frames{.choices = std::move(wanted.choices), .frames = std::nullopt};
        co_return co_await answer_frames(context, std::move(request), std::move(located),
                                         std::move(frames));
    }
    if (!form) {
        co_return fail(ErrorCode::Unsupported,
                       "bulk data is application/octet-stream, in multipart/related or alone");
    }
    Response response(200);
    response.headers.add("Cache-Control", "no-cache");
    if (*form == MediaChoice::Form::Single) {
        response.headers.add("Content-Type", kOctets);
        response.headers.add("ETag", http::etag_of(content_tag(*located) + "-bulk"));
        response.parts.push_back(*std::move(value));
        co_return http::with_conditions(request.method, request.headers, std::move(response));
    }
    const std::string etag = weak_etag(content_tag(*located) + "-bulk");
    if (auto known = not_modified(request, etag)) {
        co_return *std::move(known);
    }
    response.headers.add("ETag", etag);
    http::MultipartWriter writer("related", std::string(kOctets));
    response.headers.add("Content-Type", writer.content_type());
    writer.add(response.parts,
               {{"Content-Type", with_transfer_syntax(kOctets, dicom::kExplicitLittleUid)}},
               *std::move(value));
    writer.finish(response.parts);
    co_return response;
}

}  // namespace

void add_bulk_data_routes(http::Router& router, const ContextPtr& context) {
    add_get(router, context,
            {kInstancePath, "/bulkdata/{path...}", "retrieve.bulkdata", auth::Right::ReadPixels,
             audit::Action::Retrieve, retrieve_bulk_data});
}

}  // namespace larmor::api
