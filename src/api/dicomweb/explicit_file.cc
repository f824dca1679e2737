#include "api/dicomweb/explicit_file.h"

#include <algorithm>

#include "api/dicomweb/decode_stored.h"
#include "api/dicomweb/edited_head.h"
#include "api/dicomweb/locate.h"
#include "dicom/reader.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "edits/apply_data_set.h"
#include "edits/uids.h"
#include "pixels/decode.h"

namespace larmor::api {
namespace {

/// Smaller native Pixel Data is copied: a piece of its own costs more.
constexpr std::uint64_t kCopyMaxBytes = 64 * 1024;
/// Of big-endian Pixel Data, turned round at a time. Divisible by every word size.
constexpr std::uint64_t kSwapPieceBytes = std::uint64_t{4} << 20;

http::Part shared_part(ByteBuffer bytes) {
    auto owner = std::make_shared<const ByteBuffer>(std::move(bytes));
    const Bytes view(*owner);
    return http::SharedBytes{std::move(owner), view};
}

/// File meta information for a data set, of which this is the head. In another version than the
/// latest it may have another SOP Instance UID than its row.
void append_file_meta(const LocatedInstance& located, Bytes head, dicom::Encoding encoding,
                      std::string_view transfer_syntax_uid, ByteBuffer& out) {
    const auto& attributes = located.instance.attributes;
    const auto said = dicom::find(head, encoding, dicom::tags::SOPInstanceUID);
    std::string uid;
    if (said && *said) uid = dicom::trimmed((*said)->value, dicom::vr::UI);
    dicom::write_file_meta(
        {.media_storage_sop_class_uid = attributes.sop_class_uid,
         .media_storage_sop_instance_uid = uid.empty() ? attributes.sop_instance_uid : uid,
         .transfer_syntax_uid = std::string(transfer_syntax_uid),
         .source_application_entity_title = {}},
        out);
}

void put_change(dicom::Writer& writer, const pixels::AttributeChange& change) {
    if (!change.remove) {
        writer.element(change.tag, change.vr, as_bytes(change.value));
    }
}

}  // namespace

Result<OpenInstancePtr> OpenInstance::open(objects::ObjectStore& store,
                                           LocatedInstancePtr located) {
    auto instance = std::make_shared<OpenInstance>();
    TRY(instance->object, objects::map(store, located->file));
    TRY(instance->file, dicom::open_file(instance->object.bytes()));
    TRY(instance->image, pixels::describe_image(instance->file));
    instance->frame_index = located->frame_index;
    if (instance->frame_index.empty() && instance->image && instance->image->pixel_data) {
        TRY(auto index, pixels::build_frame_index(instance->file, *instance->image));
        instance->frame_index = std::move(index.stored);
    }
    instance->located = std::move(located);
    return instance;
}

Result<pixels::FrameIndexView> OpenInstance::index() const {
    if (!image || frame_index.empty()) {
        return fail(ErrorCode::NotFound, "the instance has no frames");
    }
    return pixels::FrameIndexView::open(frame_index);
}

bool can_be_explicit(std::string_view transfer_syntax_uid) {
    const auto* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && (!syntax->encapsulated || pixels::can_decode(syntax->coding));
}

Result<ByteBuffer> apply_changes(Bytes data_set,
                                 const std::vector<pixels::AttributeChange>& changes) {
    dicom::Reader reader(data_set, dicom::kExplicitLittle);
    dicom::Writer writer;
    ByteBuffer out;
    auto change = changes.begin();
    const auto flush = [&] {
        const ByteBuffer made = writer.take();
        out.insert(out.end(), made.begin(), made.end());
    };
    TRY(dicom::Token token, reader.next());
    while (token.kind != dicom::TokenKind::End) {
        for (; change != changes.end() && change->tag < token.tag; ++change) {
            put_change(writer, *change);
        }
        const dicom::Tag tag = token.tag;
        const std::size_t start = token.offset;
        if (token.kind != dicom::TokenKind::Element) {
            TRY_VOID(reader.skip());
        }
        TRY(token, reader.next());
        const bool changed = change != changes.end() && change->tag == tag;
        if (changed) {
            put_change(writer, *change);
            ++change;
        }
        flush();
        if (!changed && !tag.is_group_length()) {
            const Bytes kept = data_set.subspan(start, token.offset - start);
            out.insert(out.end(), kept.begin(), kept.end());
        }
    }
    for (; change != changes.end(); ++change) {
        put_change(writer, *change);
    }
    flush();
    return out;
}

Result<std::unique_ptr<ExplicitFile>> ExplicitFile::open(objects::ObjectStore& store,
                                                         OpenInstancePtr instance,
                                                         InstanceForm form) {
    std::unique_ptr<ExplicitFile> file(new ExplicitFile(store, std::move(instance)));
    const OpenInstance& source = *file->instance_;
    if (form == InstanceForm::Edited) {
        TRY_VOID(file->start_edited());
        return file;
    }
    if (source.file.transfer_syntax == nullptr) {
        return fail(
            ErrorCode::Unsupported,
            "the instance is stored in an unknown transfer syntax: ask for it as stored "
            "(transfer-syntax=*)");
    }
    const bool has_pixels = source.image && source.image->pixel_data;
    if (!has_pixels) {
        TRY_VOID(file->start_plain());
    } else if (source.image->pixel_data->encapsulated) {
        TRY_VOID(file->start_decoded());
    } else {
        TRY_VOID(file->start_native());
    }
    return file;
}

/// The preamble and meta group, then what the data set begins with.
void ExplicitFile::begin(ByteBuffer data_set_head) {
    ByteBuffer head;
    head.reserve(data_set_head.size() + 512);
    append_file_meta(*instance_->located, data_set_head, dicom::kExplicitLittle,
                     dicom::kExplicitLittleUid, head);
    head.insert(head.end(), data_set_head.begin(), data_set_head.end());
    ready_.push_back(shared_part(std::move(head)));
}

Result<void> ExplicitFile::start_edited() {
    const dicom::File& file = instance_->file;
    const LocatedInstance& located = *instance_->located;
    TRY(const std::size_t before, head_size(file));
    TRY(const ByteBuffer data_set, edited_head(file, file.encoding, located.changes));
    ByteBuffer head;
    // It has the SOP Instance UID too.
    const bool is_as_it_was = !edits::last_uid(located.changes, dicom::tags::SOPInstanceUID);
    if (file.has_preamble && !file.meta.empty() && is_as_it_was) {
        const Bytes as_it_is = file.bytes.first(file.data_set_offset);
        head.assign(as_it_is.begin(), as_it_is.end());
    } else {
        append_file_meta(located, data_set, file.encoding, file.transfer_syntax_uid, head);
    }
    head.insert(head.end(), data_set.begin(), data_set.end());
    ready_.push_back(shared_part(std::move(head)));
    const std::uint64_t rest = file.data_set.size() - before;
    if (rest > 0) {
        TRY(http::FileSlice slice,
            slice_of(store_, located.file, {file.data_set_offset + before, rest}));
        ready_.push_back(std::move(slice));
    }
    return {};
}

Result<ByteBuffer> ExplicitFile::with_edits(ByteBuffer explicit_head) const {
    const edits::Changes& changes = instance_->located->changes;
    if (changes.empty()) return explicit_head;
    return edits::apply_to_data_set(explicit_head, dicom::kExplicitLittle, changes);
}

Result<void> ExplicitFile::start_plain() {
    const dicom::File& file = instance_->file;
    ByteBuffer data_set;
    TRY_VOID(dicom::rewrite(file.data_set, file.encoding, dicom::kExplicitLittle,
                            dicom::Preserve::No, data_set));
    TRY(data_set, with_edits(std::move(data_set)));
    begin(std::move(data_set));
    return {};
}

Result<void> ExplicitFile::start_native() {
    const dicom::File& file = instance_->file;
    const pixels::PixelDataElement& pixel_data = *instance_->image->pixel_data;
    // An odd length is against the standard and would need a byte more than there is.
    if (pixel_data.count < kCopyMaxBytes || pixel_data.count % 2 != 0) {
        return start_plain();
    }
    ByteBuffer head;
    TRY_VOID(dicom::rewrite(file.data_set.first(pixel_data.offset), file.encoding,
                            dicom::kExplicitLittle, dicom::Preserve::No, head));
    const std::uint64_t end = pixel_data.value_offset + pixel_data.count;
    TRY_VOID(dicom::rewrite(file.data_set.subspan(end), file.encoding, dicom::kExplicitLittle,
                            dicom::Preserve::No, tail_));
    TRY(head, with_edits(std::move(head)));
    dicom::Writer writer(dicom::kExplicitLittle, std::move(head));
    writer.header(pixel_data.tag, pixel_data.vr, static_cast<std::uint32_t>(pixel_data.count));
    begin(writer.take());
    const ByteRange value{pixel_data.value_offset, pixel_data.count};
    if (file.encoding.order == dicom::ByteOrder::Big) {
        to_swap_ = value;
        swap_vr_ = pixel_data.vr;
    } else if (file.inflated) {
        ready_.push_back(
            http::SharedBytes{instance_, file.data_set.subspan(value.offset, value.count)});
    } else {
        TRY(http::FileSlice slice,
            slice_of(store_, instance_->located->file,
                     {file.data_set_offset + value.offset, value.count}));
        ready_.push_back(std::move(slice));
    }
    return {};
}

Result<void> ExplicitFile::start_decoded() {
    const dicom::File& file = instance_->file;
    const pixels::ImageDescription& image = *instance_->image;
    if (!pixels::can_decode(file.transfer_syntax->coding)) {
        return fail(ErrorCode::Unsupported,
                    std::string(file.transfer_syntax->name) +
                        " can't be decoded: ask for it as stored (transfer-syntax=*)");
    }
    TRY(frames_, instance_->index());
    frame_count_ = frames_->frame_count();
    TRY(first_, decode_stored(file, image, *frames_, 0));
    TRY(plan_, pixels::plan_native(image, *file.transfer_syntax, *first_));
    writer_.emplace(*plan_);

    const pixels::PixelDataElement& pixel_data = *image.pixel_data;
    TRY(ByteBuffer head, apply_changes(file.data_set.first(pixel_data.offset), plan_->changes));
    TRY(head, with_edits(std::move(head)));
    const std::uint64_t end = pixel_data.value_offset + pixel_data.count;
    const Bytes tail = file.data_set.subspan(end);
    tail_.assign(tail.begin(), tail.end());
    dicom::Writer writer(dicom::kExplicitLittle, std::move(head));
    writer.header(pixel_data.tag, plan_->vr, static_cast<std::uint32_t>(plan_->value_length));
    begin(writer.take());
    return {};
}

Result<std::optional<http::Part>> ExplicitFile::next_swapped() {
    const std::uint64_t count = std::min(to_swap_.count, kSwapPieceBytes);
    const Bytes piece = instance_->file.data_set.subspan(to_swap_.offset, count);
    ByteBuffer swapped(piece.begin(), piece.end());
    dicom::swap_value(swap_vr_, swapped);
    to_swap_.offset += count;
    to_swap_.count -= count;
    return shared_part(std::move(swapped));
}

Result<std::optional<http::Part>> ExplicitFile::next_frame() {
    pixels::Frame frame;
    if (frame_ == 0) {
        frame = *std::exchange(first_, std::nullopt);
    } else {
        TRY(frame, decode_stored(instance_->file, *instance_->image, *frames_, frame_));
    }
    ByteBuffer bytes;
    TRY_VOID(writer_->append(frame, bytes));
    if (++frame_ == frame_count_) {
        writer_->finish(bytes);
    }
    return shared_part(std::move(bytes));
}

Result<std::optional<http::Part>> ExplicitFile::next() {
    if (ready_at_ < ready_.size()) {
        return std::move(ready_[ready_at_++]);
    }
    if (to_swap_.count > 0) {
        return next_swapped();
    }
    if (frame_ < frame_count_) {
        return next_frame();
    }
    if (!tail_.empty()) {
        return shared_part(std::exchange(tail_, {}));
    }
    return std::optional<http::Part>();
}

}  // namespace larmor::api
