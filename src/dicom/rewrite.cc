#include "dicom/rewrite.h"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "dicom/writer.h"

namespace larmor::dicom {

namespace {

/// Of a UUID made for Larmor: PS3.5 section B.2.
constexpr std::string_view kImplementationClassUid =
    "2.25.144062597205104278792297242855463493153";
constexpr std::string_view kImplementationVersionName = "LARMOR_0_1";

std::size_t unit_of(Vr vr) {
    switch (vr) {
        case vr::AT:
        case vr::OW:
        case vr::SS:
        case vr::US:
            return 2;
        case vr::FL:
        case vr::OF:
        case vr::OL:
        case vr::SL:
        case vr::UL:
            return 4;
        case vr::FD:
        case vr::OD:
        case vr::OV:
        case vr::SV:
        case vr::UV:
            return 8;
        default:
            return 1;
    }
}

/// One copy of a data set, token by token.
class Rewriter {
public:
    Rewriter(Encoding to, Preserve preserve, bool verbatim, ByteBuffer& out)
        : to_(to), preserve_(preserve == Preserve::Yes), verbatim_(verbatim), out_(out) {}

    /// `from` is how this token was encoded, which is not the same everywhere in a data set.
    void copy(const Token& token, Encoding from) {
        switch (token.kind) {
            case TokenKind::Element:
                return copy_element(token, from);
            case TokenKind::SequenceStart:
                if (verbatim_) return copy_header(token, from);
                append_header(token.tag, vr::SQ, kUndefinedLength, 0, to_.vr, out_);
                return open(token);
            case TokenKind::ItemStart:
                if (verbatim_) return copy_item_header(token);
                append_item_header(token.tag, kUndefinedLength);
                return open(token);
            case TokenKind::ItemEnd:
            case TokenKind::SequenceEnd:
                if (!verbatim_) return close(token.tag);
                // An end by length has no delimiter.
                if (token.value_offset != token.offset) copy_item_header(token);
                return;
            case TokenKind::FragmentsStart:
                return copy_header(token, verbatim_ ? from : to_);
            case TokenKind::Fragment: {
                const bool pad = !preserve_ && token.value.size() % 2 != 0;
                append_item_header(token.tag, token.length + (pad ? 1 : 0));
                append(token.value);
                if (pad) out_.push_back(std::byte{0});
                return;
            }
            case TokenKind::FragmentsEnd:
                return append_item_header(token.tag, preserve_ ? token.length : 0);
            case TokenKind::End:
                return;
        }
    }

private:
    void copy_element(const Token& token, Encoding from) {
        if (verbatim_) {
            copy_header(token, from);
            return append(token.value);
        }
        if (token.tag.is_group_length()) return;
        const bool pad = !preserve_ && token.value.size() % 2 != 0;
        const std::uint32_t length = token.length + (pad ? 1 : 0);
        const bool too_long = length > 0xffff && !has_long_length(token.vr);
        const Vr vr = too_long && to_.vr == VrForm::Explicit ? vr::UN : token.vr;
        append_header(token.tag, vr, length, preserve_ ? token.reserved : 0, to_.vr, out_);
        const std::size_t begin = out_.size();
        append(token.value);
        if (from.order == ByteOrder::Big) swap_value(token.vr, std::span(out_).subspan(begin));
        if (pad) out_.push_back(padding_of(token.vr));
    }

    void copy_header(const Token& token, Encoding form) {
        append_header(token.tag, token.vr, token.length, preserve_ ? token.reserved : 0,
                      form.vr, out_);
    }
    void copy_item_header(const Token& token) { append_item_header(token.tag, token.length); }
    void append_item_header(Tag tag, std::uint32_t length) {
        append_header(tag, vr::UN, length, 0, VrForm::Implicit, out_);
    }
    void append(Bytes value) { out_.insert(out_.end(), value.begin(), value.end()); }

    void open(const Token& token) {
        // Implicit items grow when their VRs are written out: near 4 GiB no length could hold
        // them.
        const bool defined = preserve_ && token.length < kUndefinedLength / 2;
        opened_.push_back(defined ? std::optional(out_.size()) : std::nullopt);
    }
    void close(Tag delimiter) {
        const std::optional<std::size_t> begin = opened_.back();
        opened_.pop_back();
        if (!begin) return append_item_header(delimiter, 0);
        const auto length = static_cast<std::uint32_t>(out_.size() - *begin);
        store_little(&out_[*begin - 4], length);
    }

    Encoding to_;
    bool preserve_;
    bool verbatim_;  ///< the same encoding, preserved: every header as it is
    ByteBuffer& out_;
    std::vector<std::optional<std::size_t>>
        opened_;  ///< where content of defined length begins
};

std::string uid_in(Bytes data_set, Encoding encoding, Tag tag) {
    const auto found = find(data_set, encoding, tag);
    if (!found || !*found) return {};
    std::string_view text = as_text((*found)->value);
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    return std::string(text);
}

/// The same frames in the same form, so that only headers differ.
bool same_pixels(const TransferSyntax& a, const TransferSyntax& b) {
    // GE's own: Little Endian but for its pixels.
    constexpr std::string_view kBigEndianPixels = "1.2.840.113619.5.2";
    if (a.uid != b.uid && (a.uid == kBigEndianPixels || b.uid == kBigEndianPixels))
        return false;
    return a.encapsulated == b.encapsulated && a.coding == b.coding &&
           (!a.encapsulated || a.uid == b.uid);
}

}  // namespace

void swap_value(Vr vr, std::span<std::byte> value) {
    const std::size_t unit = unit_of(vr);
    if (unit == 1) return;
    for (std::size_t at = 0; at + unit <= value.size(); at += unit) {
        std::ranges::reverse(value.subspan(at, unit));
    }
}

Result<void> rewrite(Bytes data_set, Encoding from, Encoding to, Preserve preserve,
                     ByteBuffer& out) {
    if (to.order != ByteOrder::Little) {
        return fail(ErrorCode::Unsupported, "data sets are written in Little Endian only");
    }
    out.reserve(out.size() + data_set.size() + data_set.size() / 8);
    Reader reader(data_set, from);
    const bool verbatim = preserve == Preserve::Yes && from == to;
    Rewriter rewriter(to, preserve, verbatim, out);
    for (Token token;;) {
        const Encoding encoding = reader.encoding();
        if (!reader.advance(token)) return tl::unexpected(reader.error());
        if (token.kind == TokenKind::End) return {};
        // It would read back as more of the file meta information where it comes first.
        const bool meta = token.tag.group == tags::FileMetaInformationGroupLength.group;
        if (meta && !verbatim && token.depth == 0) {
            TRY_VOID(reader.skip());
            continue;
        }
        const bool lost = token.kind == TokenKind::FragmentsStart && from != to &&
                          to.vr == VrForm::Implicit && vr_of(token.tag) != vr::OW;
        if (lost) {
            return fail(ErrorCode::Unsupported, "fragments of " + to_string(token.tag) +
                                                    " at byte " + std::to_string(token.offset) +
                                                    " would become a sequence in Implicit VR");
        }
        rewriter.copy(token, encoding);
    }
}

void write_file_meta(const FileMeta& meta, ByteBuffer& out) {
    static constexpr std::array kVersion{std::byte{0}, std::byte{1}};
    Writer group;
    group.element(tags::FileMetaInformationVersion, vr::OB, kVersion);
    group.text(tags::MediaStorageSOPClassUID, vr::UI, meta.media_storage_sop_class_uid);
    group.text(tags::MediaStorageSOPInstanceUID, vr::UI, meta.media_storage_sop_instance_uid);
    group.text(tags::TransferSyntaxUID, vr::UI, meta.transfer_syntax_uid);
    group.text(tags::ImplementationClassUID, vr::UI, kImplementationClassUid);
    group.text(tags::ImplementationVersionName, vr::SH, kImplementationVersionName);
    if (!meta.source_application_entity_title.empty()) {
        group.text(tags::SourceApplicationEntityTitle, vr::AE,
                   meta.source_application_entity_title);
    }
    const Bytes prefix = as_bytes("DICM");
    out.insert(out.end(), 128, std::byte{0});
    out.insert(out.end(), prefix.begin(), prefix.end());
    Writer whole(kExplicitLittle, std::move(out));
    whole.number(tags::FileMetaInformationGroupLength, vr::UL, group.buffer().size());
    out = whole.take();
    out.insert(out.end(), group.buffer().begin(), group.buffer().end());
}

Result<ByteBuffer> rewrite_file(const File& file, std::string_view transfer_syntax_uid,
                                Preserve preserve) {
    const TransferSyntax* target = find_transfer_syntax(transfer_syntax_uid);
    const bool same = transfer_syntax_uid == file.transfer_syntax_uid;
    if (same && preserve == Preserve::Yes && file.has_preamble && !file.meta.empty()) {
        return ByteBuffer(file.bytes.begin(), file.bytes.end());
    }
    const bool writable =
        target != nullptr && !target->deflated && target->encoding.order == ByteOrder::Little;
    if (!writable || file.transfer_syntax == nullptr ||
        !same_pixels(*file.transfer_syntax, *target)) {
        return fail(ErrorCode::Unsupported,
                    "no data set of transfer syntax " + file.transfer_syntax_uid +
                        " can be written as " + std::string(transfer_syntax_uid) +
                        " without touching its pixels");
    }

    FileMeta meta{.media_storage_sop_class_uid =
                      uid_in(file.meta, file.meta_encoding, tags::MediaStorageSOPClassUID),
                  .media_storage_sop_instance_uid =
                      uid_in(file.meta, file.meta_encoding, tags::MediaStorageSOPInstanceUID),
                  .transfer_syntax_uid = std::string(target->uid),
                  .source_application_entity_title = uid_in(
                      file.meta, file.meta_encoding, tags::SourceApplicationEntityTitle)};
    if (meta.media_storage_sop_class_uid.empty()) {
        meta.media_storage_sop_class_uid =
            uid_in(file.data_set, file.encoding, tags::SOPClassUID);
    }
    if (meta.media_storage_sop_instance_uid.empty()) {
        meta.media_storage_sop_instance_uid =
            uid_in(file.data_set, file.encoding, tags::SOPInstanceUID);
    }
    ByteBuffer out;
    write_file_meta(meta, out);
    TRY_VOID(rewrite(file.data_set, file.encoding, target->encoding, preserve, out));
    return out;
}

}  // namespace larmor::dicom
