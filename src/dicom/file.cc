#include "dicom/file.h"

#include <algorithm>
#include <optional>

#include "base/checked.h"
#include "dicom/deflate.h"
#include "dicom/guess_encoding.h"
#include "dicom/tags.h"

namespace larmor::dicom {

namespace {

constexpr std::size_t kPreambleSize = 128;
constexpr std::string_view kPrefix = "DICM";
constexpr std::uint16_t kMetaGroup = 0x0002;
/// Deflate cannot do better than 1,032 to 1 (zlib's technical note); more is damage.
constexpr std::uint64_t kInflationMax = 1100;

bool has_prefix_at(Bytes bytes, std::size_t offset) {
    return bytes.size() >= offset + kPrefix.size() &&
           as_text(bytes.subspan(offset, kPrefix.size())) == kPrefix;
}

std::string_view trimmed(Bytes value) {
    std::string_view text = as_text(value);
    while (!text.empty() && (text.back() == '\0' || text.back() == ' ')) text.remove_suffix(1);
    return text;
}

struct Meta {
    std::size_t end = 0;
    Encoding encoding = kExplicitLittle;
    std::optional<std::string_view> transfer_syntax_uid;
};

bool starts_with_meta_group(Bytes bytes, std::size_t at) {
    return bytes.size() >= at + 8 && load_little<std::uint16_t>(&bytes[at]) == kMetaGroup;
}

/// Group 0002 from `begin`: ends at the first other group, since its length is often wrong.
/// Only before a deflated data set, whose first bytes can look like anything, the length
/// decides.
Result<Meta> read_meta(Bytes bytes, std::size_t begin) {
    Meta meta;
    meta.end = begin;
    if (!starts_with_meta_group(bytes, begin)) return meta;
    if (!is_vr_letters(static_cast<Vr>(load_little<std::uint16_t>(&bytes[begin + 4])))) {
        meta.encoding = kImplicitLittle;
    }
    std::optional<std::size_t> declared_end;
    bool deflated = false;
    Reader reader(bytes.subspan(begin), meta.encoding);
    while (starts_with_meta_group(bytes, meta.end) && !(deflated && meta.end == declared_end)) {
        const auto token = reader.next();
        if (!token) {
            return fail(token.error().code, "file meta information: " + token.error().message +
                                                " after its start at byte " +
                                                std::to_string(begin));
        }
        if (token->kind != TokenKind::Element) {
            return invalid_at(meta.end, "a sequence in the file meta information");
        }
        meta.end = begin + reader.offset();
        if (token->tag == tags::FileMetaInformationGroupLength && token->value.size() == 4) {
            declared_end = checked_add<std::size_t>(
                meta.end, load_little<std::uint32_t>(token->value.data()));
        } else if (token->tag == tags::TransferSyntaxUID) {
            meta.transfer_syntax_uid = trimmed(token->value);
            const auto* syntax = find_transfer_syntax(*meta.transfer_syntax_uid);
            deflated = syntax != nullptr && syntax->deflated;
        }
    }
    return meta;
}

}  // namespace

Result<File> open_file(Bytes bytes, const FileOptions& options) {
    File file;
    file.bytes = bytes;
    std::size_t begin = 0;
    if (has_prefix_at(bytes, kPreambleSize)) {
        file.has_preamble = true;
        begin = kPreambleSize + kPrefix.size();
    } else if (has_prefix_at(bytes, 0)) {
        begin = kPrefix.size();
    }
    TRY(const Meta meta, read_meta(bytes, begin));
    file.meta = bytes.subspan(begin, meta.end - begin);
    file.meta_encoding = meta.encoding;
    file.data_set_offset = meta.end;
    file.data_set = bytes.subspan(meta.end);

    if (meta.transfer_syntax_uid && !meta.transfer_syntax_uid->empty()) {
        file.transfer_syntax_uid = *meta.transfer_syntax_uid;
    } else if (const auto guessed = guess_transfer_syntax(file.data_set)) {
        file.transfer_syntax_uid = *guessed;
    } else if (begin == 0 && file.meta.empty()) {
        return invalid_at(0, "neither \"DICM\" at byte 128 nor a DICOM data element");
    } else if (file.data_set.empty()) {
        file.transfer_syntax_uid = kImplicitLittleUid;  // the default: PS3.5 section 10.1
    } else {
        return invalid_at(meta.end,
                          "no Transfer Syntax UID (0002,0010), and no encoding that fits");
    }

    file.transfer_syntax = find_transfer_syntax(file.transfer_syntax_uid);
    if (file.transfer_syntax == nullptr)
        return file;  // Explicit VR Little Endian: see the header
    file.encoding = file.transfer_syntax->encoding;
    if (file.transfer_syntax->deflated) {
        const std::uint64_t size_max = std::min<std::uint64_t>(
            options.inflated_max_bytes, std::uint64_t{file.data_set.size()} * kInflationMax);
        auto inflated = inflate_raw(file.data_set, size_max);
        if (!inflated) {
            return fail(inflated.error().code, inflated.error().message +
                                                   " of the deflated data set at byte " +
                                                   std::to_string(meta.end));
        }
        file.inflated = std::make_shared<const ByteBuffer>(*std::move(inflated));
        file.data_set = *file.inflated;
    }
    return file;
}

}  // namespace larmor::dicom
