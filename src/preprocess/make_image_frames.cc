#include "preprocess/make_image_frames.h"

#include <algorithm>
#include <cstring>

#include "async/sync_wait.h"
#include "objects/mapped_object.h"
#include "pixels/decode.h"
#include "pixels/encode_htj2k.h"
#include "pixels/frame_facts.h"
#include "pixels/transcode.h"
#include "preprocess/file_meta_json.h"

namespace larmor::preprocess {
namespace {

using Form = ImageFrames::Form;

constexpr std::string_view kHtj2kRpcl = "1.2.840.10008.1.2.4.202";
/// Of instances with more frames that stay as stored, no frame is decoded for its lowest and
/// highest value: a slide has a hundred thousand tiles.
constexpr std::uint32_t kValuedFramesMax = 1000;

/// A file whose frames can be asked for.
struct OpenImage {
    const dicom::File& file;
    pixels::ImageDescription image;
    pixels::FrameIndex index;

    bool is_native() const { return !image.pixel_data->encapsulated; }
    bool can_decode() const {
        return file.transfer_syntax != nullptr &&
               pixels::can_decode(file.transfer_syntax->coding);
    }
    /// By transfer syntax and pixels; a codestream may still turn out to be broken.
    bool becomes_htj2k() const {
        return can_decode() && !file.transfer_syntax->lossy &&
               file.transfer_syntax->uid != kHtj2kRpcl && image.bits_allocated >= 8 &&
               image.bits_stored <= 16 && !image.is_float();
    }
    Form form_otherwise() const { return is_native() ? Form::Native : Form::AsStored; }
};

/// Nothing for an instance without frames.
std::optional<OpenImage> open_image(const dicom::File& file) {
    auto image = pixels::describe_image(file);
    if (!image || !*image || !(*image)->pixel_data) return std::nullopt;
    auto index = pixels::build_frame_index(file, **image);
    if (!index) return std::nullopt;
    return OpenImage{file, **std::move(image), *std::move(index)};
}

Result<pixels::Frame> decode(const OpenImage& open, std::uint32_t frame) {
    return pixels::decode_frame(open.file, open.image, open.index.view(), frame);
}

bool is_equal(const pixels::Frame& a, const pixels::Frame& b) {
    return a.type == b.type && a.samples == b.samples &&
           std::ranges::equal(a.pixels.bytes(), b.pixels.bytes());
}

/// An encoder that errs is found here and not by a reader years later.
Result<void> check_codestream(const OpenImage& open, const pixels::Frame& frame, Bytes coded) {
    pixels::ImageDescription image = open.image;
    image.pixel_data->encapsulated = true;
    image.is_planar = false;
    image.photometric = frame.photometric;
    TRY(const pixels::Frame again,
        pixels::decode_frame(image, *dicom::find_transfer_syntax(kHtj2kRpcl), {{&coded, 1}}));
    if (is_equal(frame, again)) return {};
    return fail(ErrorCode::Unsupported, "HTJ2K: a decoder makes other samples of it");
}

struct Coded {
    ByteBuffer bytes;
    pixels::FrameFacts facts;
};
Result<Coded> encode(const OpenImage& open, std::uint32_t number) {
    TRY(const pixels::Frame frame, decode(open, number));
    Coded coded;
    TRY(coded.bytes, pixels::encode_htj2k(frame));
    TRY_VOID(check_codestream(open, frame, coded.bytes));
    coded.facts = pixels::facts_of(frame);
    return coded;
}

/// Whether the frame lies in the file as it is given out.
bool lies_in_file(const OpenImage& open, const pixels::FrameLocation& location) {
    return !open.index.view().in_inflated() && location.bit_offset == 0 &&
           (!open.is_native() || !open.image.big_endian);
}

/// Native samples from a byte on, little endian.
Result<ByteBuffer> native_bytes(const OpenImage& open, const pixels::Frame& frame) {
    TRY(pixels::NativePlan plan,
        pixels::plan_native(open.image, *open.file.transfer_syntax, frame));
    plan.frame_bits = static_cast<std::uint64_t>(frame.sample_count()) *
                      (open.image.bits_allocated == 1 ? 1 : 8 * pixels::size_of(frame.type));
    pixels::NativeWriter writer(plan);
    ByteBuffer bytes;
    TRY_VOID(writer.append(frame, bytes));
    writer.finish(bytes);
    bytes.resize(std::min<std::size_t>(bytes.size(), (plan.frame_bits + 7) / 8));
    return bytes;
}

/// A frame that stays in its form.
struct Kept {
    std::vector<Bytes> parts;  ///< of the file, or of `own`
    ByteBuffer own;            ///< what has to be written anew
    bool in_file = false;
};
Result<Kept> keep(const OpenImage& open, std::uint32_t number) {
    const auto view = open.index.view();
    TRY(const auto location, view.locate(number));
    Kept kept;
    kept.in_file = lies_in_file(open, location);
    TRY(kept.parts, pixels::frame_parts(open.file, view, location));
    if (kept.in_file || !open.is_native()) {
        if (kept.in_file) return kept;
        for (const Bytes part : kept.parts) {
            kept.own.insert(kept.own.end(), part.begin(), part.end());
        }
    } else {
        TRY(const pixels::Frame frame, decode(open, number));
        TRY(kept.own, native_bytes(open, frame));
    }
    kept.parts = {Bytes(kept.own)};
    return kept;
}

/// Fills in the frames of one instance.
class Making {
public:
    Making(const OpenImage& open, const TakeBytes& take) : open_(open), take_(take) {}

    Result<std::vector<ImageFrame>> as_htj2k() {
        for (std::uint32_t number = 0; number < open_.index.view().frame_count(); ++number) {
            TRY(const Coded coded, encode(open_, number));
            ImageFrame frame;
            frame.checksum = coded.facts.checksum;
            frame.values = {coded.facts.min, coded.facts.max};
            TRY_VOID(put(frame, coded.bytes));
        }
        return std::move(frames_);
    }

    /// A frame that can't be read has no size, and the others are there.
    Result<std::vector<ImageFrame>> as_they_are() {
        const std::uint32_t count = open_.index.view().frame_count();
        const bool has_values = open_.can_decode() && count <= kValuedFramesMax;
        for (std::uint32_t number = 0; number < count; ++number) {
            ImageFrame frame;
            const auto kept = keep(open_, number);
            if (!kept) {
                frames_.push_back(frame);
                continue;
            }
            frame.checksum = pixels::checksum_of(kept->parts);
            if (has_values) frame.values = values_of(number);
            if (kept->in_file) {
                for (const Bytes part : kept->parts) frame.size_bytes += part.size();
                frames_.push_back(frame);
            } else {
                TRY_VOID(put(frame, kept->own));
            }
        }
        return std::move(frames_);
    }

private:
    Result<void> put(ImageFrame& frame, Bytes bytes) {
        TRY_VOID(take_(bytes));
        frame.range = {offset_, bytes.size()};
        frame.size_bytes = bytes.size();
        offset_ += bytes.size();
        frames_.push_back(frame);
        return {};
    }
    std::optional<ImageFrame::Values> values_of(std::uint32_t number) const {
        const auto frame = decode(open_, number);
        if (!frame) return std::nullopt;
        const auto facts = pixels::facts_of(*frame);
        return ImageFrame::Values{facts.min, facts.max};
    }

    const OpenImage& open_;
    const TakeBytes& take_;
    std::vector<ImageFrame> frames_;
    std::uint64_t offset_ = 0;
};

/// An object in pieces: in memory as long as it is small.
class Stager {
public:
    Stager(objects::ObjectStore& store, std::string key)
        : store_(store), key_(std::move(key)) {}

    Result<void> take(Bytes bytes) {
        buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
        if (buffer_.size() <= store_.small_max_bytes()) return {};
        if (!upload_) {
            TRY(upload_, store_.begin_upload(key_));
        }
        TRY_VOID(upload_->write(buffer_));
        buffer_.clear();
        return {};
    }
    void restart() {
        buffer_.clear();
        upload_.reset();
    }
    Result<objects::StagedObject> finish() {
        if (upload_) {
            TRY_VOID(upload_->write(buffer_));
            return upload_->finish();
        }
        objects::StageRequest request;
        request.key = std::move(key_);
        request.body.emplace_back(buffer_);
        return async::sync_wait(store_.stage(std::move(request)));
    }

private:
    objects::ObjectStore& store_;
    std::string key_;
    ByteBuffer buffer_;
    std::unique_ptr<objects::Upload> upload_;
};

}  // namespace

Result<ImageFrames> make_image_frames(const dicom::File& file, const TakeBytes& take,
                                      const std::function<void()>& restart) {
    ImageFrames made;
    made.file_meta = file_meta_json(file);
    const auto open = open_image(file);
    if (!open) return made;
    made.rows = open->image.rows;
    made.columns = open->image.columns;
    if (open->becomes_htj2k()) {
        auto frames = Making(*open, take).as_htj2k();
        if (frames) {
            made.form = Form::Htj2k;
            made.frames = *std::move(frames);
            return made;
        }
        const ErrorCode code = frames.error().code;
        if (code != ErrorCode::InvalidInput && code != ErrorCode::Unsupported &&
            code != ErrorCode::LimitExceeded && code != ErrorCode::NotFound) {
            return tl::unexpected(std::move(frames).error());
        }
        restart();
    }
    made.form = open->form_otherwise();
    TRY(made.frames, Making(*open, take).as_they_are());
    return made;
}

Result<MadeImageFrame> make_image_frame(const dicom::File& file, std::uint32_t frame) {
    const auto open = open_image(file);
    if (!open || frame >= open->index.view().frame_count()) {
        return fail(ErrorCode::NotFound,
                    "the instance has no frame " + std::to_string(std::uint64_t{frame} + 1));
    }
    if (open->becomes_htj2k()) {
        if (auto coded = encode(*open, frame)) {
            return MadeImageFrame{Form::Htj2k, std::move(coded->bytes)};
        }
    }
    TRY(Kept kept, keep(*open, frame));
    MadeImageFrame made{open->form_otherwise(), {}};
    for (const Bytes part : kept.parts) {
        made.bytes.insert(made.bytes.end(), part.begin(), part.end());
    }
    return made;
}

Result<StagedImageFrames> stage_image_frames(objects::ObjectStore& store,
                                             const objects::ObjectLocation& file,
                                             std::string key) {
    TRY(const objects::MappedObject object, objects::map(store, file));
    TRY(const dicom::File opened, dicom::open_file(object.bytes()));
    Stager stager(store, std::move(key));
    StagedImageFrames staged;
    TRY(staged.frames, make_image_frames(
                           opened, [&](Bytes bytes) { return stager.take(bytes); },
                           [&] { stager.restart(); }));
    TRY_VOID(stager.take(encode_table(staged.frames)));
    TRY(staged.object, stager.finish());
    return staged;
}

Result<void> record_image_frames(db::Transaction& tx, objects::ObjectStore& store,
                                 catalog::Catalog& catalog, objects::ObjectId file,
                                 const objects::StagedObject& staged) {
    TRY(const objects::ObjectId id, store.record(tx, staged));
    TRY(const bool first, catalog.record_image_frames(tx, file, id));
    if (first) return {};
    return store.remove(tx, id);
}

std::string image_frames_key(const catalog::StoredInstance& instance) {
    return "prepared/" + instance.study_instance_uid + "/" + instance.series_instance_uid +
           "/" + instance.attributes.sop_instance_uid + "/" +
           std::to_string(catalog::number_of(instance.row)) + ".htj2k";
}

Result<ImageFrames> describe_image_frames(objects::ObjectStore& store,
                                          const objects::ObjectLocation& file) {
    TRY(const objects::MappedObject object, objects::map(store, file));
    TRY(const dicom::File opened, dicom::open_file(object.bytes()));
    return make_image_frames(opened, [](Bytes) { return Result<void>(); }, [] {});
}

}  // namespace larmor::preprocess
