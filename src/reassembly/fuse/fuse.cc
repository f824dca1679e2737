#include "reassembly/fuse/fuse.h"

#include <algorithm>

#include "base/ids.h"
#include "dicom/offset_tables.h"
#include "dicom/reader.h"
#include "dicom/rewrite.h"
#include "dicom/tags.h"
#include "dicom/writer.h"
#include "pixels/transcode.h"
#include "reassembly/fuse/file_head.h"
#include "reassembly/fuse/payload.h"

namespace larmor::reassembly::fuse {
namespace {

namespace vr = dicom::vr;
using dicom::Encoding;

/// The largest even length that a value or a fragment can have.
constexpr std::uint64_t kValueMaxBytes = 0xfffffffe;

/// Small pieces that are made follow each other in one buffer.
class FilePieces {
public:
    ByteBuffer& made() {
        auto& pieces = file.pieces;
        if (pieces.empty() || pieces.back().member != Piece::kMade) pieces.emplace_back();
        return pieces.back().made;
    }
    void add(Bytes bytes) {
        auto& out = made();
        out.insert(out.end(), bytes.begin(), bytes.end());
    }
    void add(const Piece& piece) {
        if (piece.member == Piece::kMade) {
            add(piece.made);
        } else if (piece.range.count > 0) {
            file.pieces.push_back(piece);
        }
    }
    FusedFile take() {
        for (const auto& piece : file.pieces) file.size_bytes += piece.size_bytes();
        return std::move(file);
    }
    FusedFile file;
};

std::uint64_t padded(std::uint64_t size) {
    return size + size % 2;
}

/// None for video.
dicom::OffsetTables tables_of(const Payload& payload, const MetadataHalf& metadata,
                              const dicom::TransferSyntax& syntax) {
    if (syntax.coding == dicom::PixelCoding::Video ||
        syntax.coding == dicom::PixelCoding::Referenced) {
        return {};
    }
    std::vector<dicom::FrameFragments> frames;
    for (const auto& frame : payload.frames) {
        auto& fragments = frames.emplace_back();
        for (const auto& fragment : frame.fragments) fragments.add(fragment.size_bytes());
    }
    return dicom::offset_tables(frames, metadata.names_offset_table
                                            ? dicom::OffsetTableForm::ExtendedIfItMay
                                            : dicom::OffsetTableForm::BasicIfItFits);
}

/// The transfer syntax of the file, by what is declared and what the codestreams are.
Result<std::string> syntax_of_frames(const Payload& payload, const std::string& declared) {
    const auto is_kept = [&](const std::string& uid) {
        const auto* syntax = dicom::find_transfer_syntax(uid);
        if (syntax == nullptr || !syntax->encapsulated) return false;
        return std::ranges::all_of(payload.frames, [&](const EncapsulatedFrame& frame) {
            // What we can't read is what the headless file says that it is.
            return frame.codestream ? is_legal(*frame.codestream, *syntax)
                                    : uid == payload.transfer_syntax_uid;
        });
    };
    for (const std::string& uid : {declared, payload.transfer_syntax_uid}) {
        if (!uid.empty() && is_kept(uid)) return uid;
    }
    std::string shown;
    for (const auto& frame : payload.frames) {
        if (!frame.codestream || frame.codestream->transfer_syntax_uid.empty()) {
            return conflict("the frames are in a coding that no transfer syntax is known for");
        }
        const std::string uid(frame.codestream->transfer_syntax_uid);
        if (!shown.empty() && shown != uid) {
            std::string both = "the frames are in different transfer syntaxes: ";
            return conflict(both.append(shown).append(" and ").append(uid));
        }
        shown = uid;
    }
    return shown;
}

/// Whether a data set in Explicit VR is the same data elements and items in Implicit VR, where
/// the dictionary says what is a sequence. It isn't where the metadata says otherwise.
Result<bool> can_be_implicit(Bytes data_set) {
    ByteBuffer implicit;
    TRY_VOID(dicom::rewrite(data_set, dicom::kExplicitLittle, dicom::kImplicitLittle,
                            dicom::Preserve::Yes, implicit));
    dicom::Reader as_explicit(data_set, dicom::kExplicitLittle);
    dicom::Reader as_implicit(implicit, dicom::kImplicitLittle);
    dicom::Token one, other;
    while (as_explicit.advance(one)) {
        const bool same = as_implicit.advance(other) && one.kind == other.kind &&
                          one.tag == other.tag && one.depth == other.depth;
        if (!same) return false;
        if (one.kind == dicom::TokenKind::End) return true;
    }
    return tl::unexpected(as_explicit.error());
}

/// Native pixels are written in little endian, not deflated, so that they can be streamed.
Result<std::string> syntax_of_native(const MetadataHalf& metadata) {
    const auto whole = Bytes(metadata.data_set);
    bool implicit = metadata.transfer_syntax_uid == dicom::kImplicitLittleUid;
    for (const Bytes part :
         {whole.first(metadata.pixels_at), whole.subspan(metadata.pixels_at)}) {
        if (!implicit) break;
        TRY(implicit, can_be_implicit(part));
    }
    return std::string(implicit ? dicom::kImplicitLittleUid : dicom::kExplicitLittleUid);
}

dicom::Vr native_vr(const MetadataHalf& metadata, const ImageFacts& facts) {
    if (metadata.pixel_tag == dicom::tags::FloatPixelData) return vr::OF;
    if (metadata.pixel_tag == dicom::tags::DoubleFloatPixelData) return vr::OD;
    if (facts.bits_allocated > 8) return vr::OW;
    return metadata.pixel_vr == vr::OW ? vr::OW : vr::OB;
}

class Fuser {
public:
    Fuser(const MetadataHalf& metadata, const ImageFacts& facts, const FuseOptions& options)
        : metadata_(metadata), facts_(facts), options_(options) {}

    Result<FusedFile> fuse(std::span<const ImageMember> members) {
        TRY_VOID(check_names(members));
        const auto& declared = metadata_.transfer_syntax_uid;
        if (members.empty()) {
            TRY(const auto uid, syntax_of_native(metadata_));
            write_head(uid);
            TRY_VOID(write_data_set(0, metadata_.data_set.size()));
        } else {
            TRY_VOID(check_facts());
            TRY(const auto payload, read_payload(metadata_, facts_, members, options_));
            TRY_VOID(write(payload));
        }
        auto& file = pieces_.file;
        file.is_other_syntax = !declared.empty() && declared != file.transfer_syntax_uid;
        return pieces_.take();
    }

private:
    Result<void> check_names(std::span<const ImageMember> members) const {
        if (!is_uid_key_part(facts_.sop_instance_uid)) {
            return conflict("the metadata has no SOP Instance UID that is one");
        }
        if (!is_uid_key_part(facts_.sop_class_uid)) {
            return fail(ErrorCode::InvalidInput, "the metadata has no SOP Class UID");
        }
        for (const auto& member : members) {
            if (member.name.sop_instance_uid != facts_.sop_instance_uid) {
                return conflict("a member is named by another UID than (0008,0018)");
            }
        }
        return {};
    }

    Result<void> check_facts() const {
        if (!facts_.has_size()) {
            return conflict("the metadata has no sound rows, columns, bits, samples or frames");
        }
        return check_photometric(facts_);
    }

    Result<void> write(const Payload& payload) {
        if (payload.is_encapsulated && metadata_.pixel_tag != dicom::tags::PixelData) {
            return conflict("compressed pixels for " + dicom::to_string(metadata_.pixel_tag));
        }
        TRY(const auto uid, payload.is_encapsulated
                                ? syntax_of_frames(payload, metadata_.transfer_syntax_uid)
                                : syntax_of_native(metadata_));
        write_head(uid);
        TRY_VOID(write_data_set(0, metadata_.pixels_at));
        if (payload.is_encapsulated) {
            TRY_VOID(write_frames(payload));
        } else {
            TRY_VOID(write_native(payload));
        }
        return write_data_set(metadata_.pixels_at, metadata_.data_set.size());
    }

    void write_head(const std::string& transfer_syntax_uid) {
        pieces_.file.transfer_syntax_uid = transfer_syntax_uid;
        encoding_ = transfer_syntax_uid == dicom::kImplicitLittleUid ? dicom::kImplicitLittle
                                                                     : dicom::kExplicitLittle;
        write_file_head(facts_.sop_class_uid, facts_.sop_instance_uid, transfer_syntax_uid,
                        pieces_.made());
    }

    Result<void> write_data_set(std::uint64_t from, std::uint64_t to) {
        if (from == to) return {};
        const auto part = Bytes(metadata_.data_set).subspan(from, to - from);
        if (encoding_ == dicom::kExplicitLittle) {
            pieces_.add(part);
            return {};
        }
        return dicom::rewrite(part, dicom::kExplicitLittle, encoding_, dicom::Preserve::Yes,
                              pieces_.made());
    }

    Result<void> write_native(const Payload& payload) {
        const auto size = payload.native_bytes();
        if (padded(size) > kValueMaxBytes) {
            return conflict("native pixels of " + std::to_string(size) +
                            " bytes: a value has 4 GiB at most");
        }
        dicom::append_header(metadata_.pixel_tag, native_vr(metadata_, facts_),
                             static_cast<std::uint32_t>(padded(size)), 0, encoding_.vr,
                             pieces_.made());
        for (const auto& piece : payload.native) pieces_.add(piece);
        if (size % 2 != 0) pieces_.made().push_back(std::byte{0});
        return {};
    }

    Result<void> write_frames(const Payload& payload) {
        const auto* syntax = dicom::find_transfer_syntax(pieces_.file.transfer_syntax_uid);
        const auto tables = tables_of(payload, metadata_, *syntax);
        if (tables.extended.size() > kValueMaxBytes) return conflict("too many frames");
        dicom::Writer writer;
        dicom::start_pixel_data(tables, writer);
        for (const auto& frame : payload.frames) {
            for (const auto& fragment : frame.fragments) {
                const auto size = fragment.size_bytes();
                if (padded(size) > kValueMaxBytes) {
                    return conflict("a codestream of " + std::to_string(size) +
                                    " bytes: a fragment has 4 GiB at most");
                }
                writer.fragment_header(static_cast<std::uint32_t>(padded(size)));
                pieces_.add(writer.take());
                pieces_.add(fragment);
                if (size % 2 != 0) pieces_.made().push_back(std::byte{0});
            }
        }
        writer.end_fragments();
        pieces_.add(writer.take());
        return {};
    }

    const MetadataHalf& metadata_;
    const ImageFacts& facts_;
    const FuseOptions& options_;
    Encoding encoding_ = dicom::kExplicitLittle;
    FilePieces pieces_;
};

/// Why an instance is incomplete; empty where it isn't.
std::string missing_of(const MetadataHalf& metadata, std::span<const ImageMember> members,
                       const FuseOptions& options) {
    if (members.empty() && metadata.names_pixels) return "its image half is missing";
    if (metadata.unresolved_count == 0 || options.allow_incomplete) return {};
    std::string reason = std::to_string(metadata.unresolved_count) +
                         " values are in neither half (BulkDataURI):";
    for (const auto tag : metadata.unresolved) reason += ' ' + dicom::to_string(tag);
    return reason;
}

}  // namespace

std::uint64_t head_bytes(MemberKind kind, std::uint64_t size_bytes) {
    constexpr std::uint64_t kStartBytes = std::uint64_t{1} << 20;
    switch (kind) {
        case MemberKind::Raw:
        case MemberKind::Rle:
        case MemberKind::Codestream:
            return std::min(size_bytes, kStartBytes);
        default:
            return size_bytes;
    }
}

Outcome outcome_of(const Error& error) {
    return error.code == ErrorCode::Conflict ? Outcome::Conflict : Outcome::Corrupt;
}

Fused fuse(const MetadataHalf& metadata, std::span<const ImageMember> members,
           const FuseOptions& options) {
    const auto facts = image_facts(metadata);
    if (!facts) return {outcome_of(facts.error()), facts.error().message, {}};
    return fuse(metadata, *facts, members, options);
}

Fused fuse(const MetadataHalf& metadata, const ImageFacts& facts,
           std::span<const ImageMember> members, const FuseOptions& options) {
    for (const auto& member : members) {
        LARMOR_CHECK(member.head.size() >= head_bytes(member.name.kind, member.size_bytes) &&
                     member.head.size() <= member.size_bytes);
    }
    auto missing = missing_of(metadata, members, options);
    if (!missing.empty()) return {Outcome::Incomplete, std::move(missing), {}};
    auto file = Fuser(metadata, facts, options).fuse(members);
    if (!file) return {outcome_of(file.error()), file.error().message, {}};
    return {Outcome::Written, {}, *std::move(file)};
}

ByteBuffer to_bytes(const FusedFile& file, std::span<const Bytes> members) {
    ByteBuffer out;
    out.reserve(file.size_bytes);
    for (const auto& piece : file.pieces) {
        const Bytes bytes =
            piece.member == Piece::kMade
                ? Bytes(piece.made)
                : members[piece.member].subspan(piece.range.offset, piece.range.count);
        pixels::swap_words(bytes, piece.word_bytes, out);
    }
    return out;
}

}  // namespace larmor::reassembly::fuse
