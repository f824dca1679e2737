#include <algorithm>
#include <array>

#include "api/access.h"
#include "api/dicomweb/locate.h"
#include "api/healthimaging/answering.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_request.h"
#include "api/image_set_acts.h"
#include "api/json_request.h"
#include "dicom/transfer_syntax.h"
#include "healthimaging/frame_id.h"
#include "objects/mapped_object.h"
#include "observe/log.h"
#include "pixels/frame_index.h"
#include "preprocess/make_image_frames.h"
#include "preprocess/requests.h"
#include "queue/queues.h"

namespace larmor::api {
namespace {

using healthimaging::FrameName;
using http::Request;
using http::Response;
using http::Task;

/// An instance with more frames is not coded while somebody waits for one of them.
constexpr std::int64_t kFramesAtOnceMax = 8;
constexpr std::uint64_t kFrameBodyMaxBytes = 4096;

/// By the stored transfer syntax, as the SDK's model of GetImageFrameResponse has them, the
/// typing error of HEVC included; what it does not name is its default.
std::string_view content_type_of_frame(std::string_view uid) {
    constexpr std::string_view kPrefix = "1.2.840.10008.1.2.4.";
    if (!uid.starts_with(kPrefix)) return "application/octet-stream";
    uid.remove_prefix(kPrefix.size());
    // Fragmentable ones are named like those that are not.
    if (uid.ends_with(".1")) uid.remove_suffix(2);
    if (uid == "50") return "image/jpeg";
    if (uid == "91") return "image/j2c";
    if (uid == "202") return "image/jph";
    if (uid == "203") return "image/jphc";
    if (uid == "100" || uid == "101") return "video/mpeg";
    if (uid == "102" || uid == "103" || uid == "104" || uid == "105" || uid == "106") {
        return "video/mp4";
    }
    if (uid == "107" || uid == "108") return "video/H256";
    return "application/octet-stream";
}

/// What is read of an instance in one snapshot.
struct FrameToGive {
    catalog::PlacedImageSet placed;
    catalog::StoredInstance instance;
    objects::ObjectLocation file;
    std::optional<objects::ObjectLocation> frames;
};

Result<FrameToGive> find_frame(const Services& services, db::Snapshot& snapshot,
                               const std::string& set, const FrameName& name) {
    FrameToGive found;
    TRY(found.placed, services.catalog.place_image_set(snapshot, set));
    TRY(found.instance, services.catalog.find_instance_of_file(
                            snapshot, found.placed.image_set.row, name.file));
    TRY(found.file, services.store.locate(snapshot, name.file));
    TRY(const auto frames, services.catalog.find_image_frames(snapshot, name.file));
    if (frames) {
        TRY(found.frames, services.store.locate(snapshot, *frames));
    }
    return found;
}

/// As the frame lies in the file, by the index that was prepared, or one that is made now.
Result<std::vector<ByteRange>> ranges_in_file(objects::ObjectStore& store,
                                              const FrameToGive& found, std::uint32_t frame) {
    const auto prepared = found.instance.prepared.frame_index;
    if (objects::to_int64(prepared) != 0) {
        TRY(const ByteBuffer stored, store.read_all(prepared, kFrameIndexMaxBytes));
        TRY(const auto index, pixels::FrameIndexView::open(stored));
        TRY(const auto location, index.locate(frame));
        return location.ranges;
    }
    TRY(const auto object, objects::map(store, found.file));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    TRY(const auto image, pixels::describe_image(file));
    if (!image) return fail(ErrorCode::NotFound, "the instance has no frames");
    TRY(const auto index, pixels::build_frame_index(file, *image));
    TRY(const auto location, index.view().locate(frame));
    return location.ranges;
}

/// A frame whose bytes are stored.
Result<KnownImageFrame> known_frame(objects::ObjectStore& store, FrameToGive found,
                                    std::uint32_t number) {
    TRY(const auto entry, preprocess::ImageFramesReader(store, *found.frames).read(number));
    KnownImageFrame known;
    known.content_type = content_type_of_frame(
        preprocess::transfer_syntax_of(entry.form, found.instance.file.transfer_syntax_uid));
    if (entry.frame.range) {
        known.object = *found.frames;
        known.ranges = {*entry.frame.range};
    } else if (entry.frame.size_bytes == 0) {
        return fail(ErrorCode::NotFound, "the stored frame can not be read");
    } else {
        TRY(known.ranges, ranges_in_file(store, found, number));
        known.object = found.file;
    }
    known.instance = std::move(found.instance);
    known.placed = std::move(found.placed);
    return known;
}

Result<Response> answer_known_frame(const Context& context, const KnownImageFrame& known) {
    Response response(200);
    response.headers.add("Content-Type", known.content_type);
    response.headers.add("Cache-Control", "no-cache");
    for (const ByteRange& range : known.ranges) {
        TRY(http::FileSlice slice, slice_of(context.services.store, known.object, range));
        response.parts.emplace_back(std::move(slice));
    }
    response.context = note_of(known.placed);
    return response;
}

/// Makes all frames of an instance and keeps them.
Task<Result<FrameToGive>> with_frames(ContextPtr context, FrameToGive found) {
    const auto& services = context->services;
    CO_TRY(const auto staged, co_await context->work([&] {
        return preprocess::stage_image_frames(services.store, found.file,
                                              preprocess::image_frames_key(found.instance));
    }));
    const objects::ObjectId file = found.instance.file.object;
    CO_TRY_VOID(co_await services.database.write([&](db::Transaction& tx) {
        return preprocess::record_image_frames(tx, services.store, services.catalog, file,
                                               staged.object);
    }));
    // Somebody else's may have been first.
    CO_TRY(found.frames,
           co_await context->read(
               [&](db::Snapshot& snapshot) -> Result<std::optional<objects::ObjectLocation>> {
                   TRY(const auto frames, services.catalog.find_image_frames(snapshot, file));
                   if (!frames) return fail(ErrorCode::NotFound, "the instance was removed");
                   return services.store.locate(snapshot, *frames);
               }));
    co_return found;
}

/// The others are made by a worker, once for all who ask now.
Task<void> request_frames(ContextPtr context, catalog::InstanceRow row) {
    if (!context->requested_image_frames.add(catalog::number_of(row))) co_return;
    const auto& services = context->services;
    const auto sent = co_await context->work([&]() -> Result<void> {
        TRY(auto* const queue, services.queues.open(preprocess::kPreprocessQueue));
        return services.database.write_and_wait([&](db::Transaction& tx) -> Result<void> {
            const std::vector<queue::NewMessage> messages{
                {.body = preprocess::to_body({.image_frames = row})}};
            TRY_VOID(queue->send(tx, messages));
            return {};
        });
    });
    if (!sent) {
        observe::log_warning("image frames can not be asked for",
                             {{"reason", sent.error().message}});
    }
}

/// One frame, made for this answer.
Task<Result<Response>> answer_made_frame(ContextPtr context, FrameToGive found,
                                         std::uint32_t number) {
    CO_TRY(auto made, co_await context->work([&]() -> Result<preprocess::MadeImageFrame> {
        TRY(const auto object, objects::map(context->services.store, found.file));
        TRY(const dicom::File file, dicom::open_file(object.bytes()));
        return preprocess::make_image_frame(file, number);
    }));
    Response response(200);
    response.headers.add("Content-Type",
                         content_type_of_frame(preprocess::transfer_syntax_of(
                             made.form, found.instance.file.transfer_syntax_uid)));
    response.headers.add("Cache-Control", "no-cache");
    auto owner = std::make_shared<const ByteBuffer>(std::move(made.bytes));
    const Bytes view(*owner);
    response.parts.emplace_back(http::SharedBytes{std::move(owner), view});
    response.context = note_of(found.placed);
    co_return response;
}

Task<Result<Response>> answer_stored_frame(ContextPtr context, FrameToGive found,
                                           std::uint32_t number, std::string key,
                                           std::uint64_t generation) {
    CO_TRY(auto known, co_await context->work([&] {
        return known_frame(context->services.store, std::move(found), number);
    }));
    const auto shared = std::make_shared<const KnownImageFrame>(std::move(known));
    const std::size_t size_bytes =
        sizeof(KnownImageFrame) + key.size() + shared->object.key.size() + 1024;
    context->image_frames.remember(std::move(key), shared, size_bytes, generation);
    co_return co_await context->work([&] { return answer_known_frame(*context, *shared); });
}

Result<FrameName> frame_in(const Context& context, std::string_view body) {
    TRY(const auto members, parse_text_members(body, {"imageFrameId"}));
    const auto name = healthimaging::parse_frame_id(members.at("imageFrameId"),
                                                    context.services.catalog.datastore_id());
    if (!name) return fail(ErrorCode::NotFound, "there is no such image frame");
    return *name;
}

Task<Result<Response>> get_image_frame(ContextPtr context, Request request) {
    CO_TRY(const std::string set, image_set_in(*context, request));
    CO_TRY(const std::string body, co_await service_body(request));
    CO_TRY(const FrameName name, frame_in(*context, body));
    std::string key = set + '/' + body;
    const auto generation = context->image_frames.generation();
    const bool at_once = context->services.store.opens_at_once();
    if (const auto known = context->image_frames.find(key);
        known && at_once && context->edited.is_current(known->instance)) {
        co_return answer_known_frame(*context, *known);
    }
    CO_TRY(FrameToGive found, co_await context->read([&](db::Snapshot& snapshot) {
        return find_frame(context->services, snapshot, set, name);
    }));
    if (!found.frames) {
        const bool has_room =
            context->services.admission.check(kImageFramesRoomBytes).has_value();
        const auto count = found.instance.attributes.number_of_frames.value_or(1);
        if (!has_room || count > kFramesAtOnceMax) {
            if (has_room) co_await request_frames(context, found.instance.row);
            co_return co_await answer_made_frame(context, std::move(found), name.frame);
        }
        CO_TRY(found, co_await with_frames(context, std::move(found)));
    }
    co_return co_await answer_stored_frame(context, std::move(found), name.frame,
                                           std::move(key), generation);
}

}  // namespace

void add_image_frame_route(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = std::string(kImageSetOperations) + "getImageFrame",
                .name = "healthimaging.get_image_frame",
                .right = right(auth::Right::ReadPixels, audit::Action::Retrieve),
                .handler = answering(context, get_image_frame),
                .body_max = kFrameBodyMaxBytes});
}

}  // namespace larmor::api
