// Any bytes as a file: with or without preamble, meta group, deflate. The parts lie where they
// are said to lie; what is readable is shown and written again as a file that reads the same.
#include <algorithm>

#include "dicom/dump.h"
#include "dicom/file.h"
#include "dicom/rewrite.h"

namespace {

using namespace larmor;
using namespace larmor::dicom;

bool is_readable(Bytes data_set, Encoding encoding) {
    Reader reader(data_set, encoding);
    for (Token token; reader.advance(token);) {
        if (token.kind == TokenKind::End) return true;
    }
    return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const auto file = open_file(input, {.inflated_max_bytes = 1U << 20});
    if (!file) {
        LARMOR_CHECK(!file.error().message.empty());
        return 0;
    }
    LARMOR_CHECK(file->data_set_offset <= size);
    LARMOR_CHECK(is_readable(file->meta, file->meta_encoding));
    LARMOR_CHECK(file->inflated || file->data_set.size() == size - file->data_set_offset);

    const bool readable = is_readable(file->data_set, file->encoding);
    std::string text;
    LARMOR_CHECK(dump_text(*file, text).has_value() == readable);

    const auto whole = rewrite_file(*file, file->transfer_syntax_uid, Preserve::Yes);
    const auto made = rewrite_file(*file, kExplicitLittleUid, Preserve::No);
    if (!readable || !made) return 0;
    LARMOR_CHECK(whole.has_value() || file->encoding.order == ByteOrder::Big || file->inflated);
    const auto again = open_file(*made);
    LARMOR_CHECK(again && again->transfer_syntax_uid == kExplicitLittleUid);
    ByteBuffer first;
    ByteBuffer second;
    LARMOR_CHECK(rewrite(file->data_set, file->encoding, kExplicitLittle, Preserve::No, first)
                     .has_value());
    LARMOR_CHECK(
        rewrite(again->data_set, again->encoding, kExplicitLittle, Preserve::Yes, second)
            .has_value());
    LARMOR_CHECK(first == second);
    return 0;
}
