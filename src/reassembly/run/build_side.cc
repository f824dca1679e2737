#include "reassembly/run/build_side.h"

#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::reassembly::run {
namespace {

struct ReadHalf {
    ByteBuffer encoded;
    bool names_pixels = false;
};

Result<ReadHalf> read_half(Bytes member, const fuse::MemberName& name) {
    TRY(const auto half, fuse::read_metadata(member));
    TRY(const auto front, dicom::Attributes::read(half.data_set, dicom::kExplicitLittle,
                                                  dicom::tags::SOPInstanceUID));
    if (front.text(dicom::tags::SOPInstanceUID) != name.sop_instance_uid) {
        return fuse::conflict("a member is named by another UID than (0008,0018)");
    }
    ReadHalf read{fuse::encode(half), half.names_pixels};
    constexpr auto kEncodedMax = spool::kRecordBytesMax / 2;
    if (read.encoded.size() > kEncodedMax) {
        return fail(ErrorCode::LimitExceeded,
                    "metadata of " + std::to_string(read.encoded.size()) + " bytes, at most " +
                        std::to_string(kEncodedMax) + " are kept");
    }
    return read;
}

}  // namespace

Result<void> BuildSide::member(Event event, const fuse::MemberName& name,
                               archive::Reader& bytes) {
    bytes_.clear();
    const auto whole = read_rest(bytes, event.size_bytes, memory_->member_max_bytes, bytes_);
    if (!whole && !is_of_content(whole.error())) return whole;
    const auto half = whole ? read_half(bytes_.bytes(), name) : tl::unexpected(whole.error());
    if (!half) {
        const auto outcome = fuse::outcome_of(half.error());
        event.fate = outcome == fuse::Outcome::Conflict ? Fate::Conflict : Fate::Corrupt;
        event.reason = half.error().message;
        return tell(std::move(event));
    }
    event.fate = Fate::Kept;
    event.size_bytes = bytes_.size();
    event.digest = sha256(half->encoded);
    event.names_pixels = half->names_pixels;
    TRY(event.ordinal, scribe_.append({.uid = event.uid,
                                       .archive = event.archive,
                                       .offset = event.offset,
                                       .data_set = half->encoded}));
    return tell(std::move(event));
}

Result<void> BuildSide::tell(Event event) {
    return events_->add(thread_, encode_event(event));
}

}  // namespace larmor::reassembly::run
