// Any bytes as a data set; the first one chooses the encoding. Reading ends, moves forward and
// stays inside the input; what is readable is written again without loss; what is repaired is
// readable.
#include <algorithm>
#include <array>

#include "dicom/dump.h"
#include "dicom/file.h"
#include "dicom/quirks/quirks.h"
#include "dicom/rewrite.h"

namespace {

using namespace larmor;
using namespace larmor::dicom;

bool read_whole(Bytes data_set, Encoding encoding) {
    Reader reader(data_set, encoding);
    std::size_t at = 0;
    unsigned depth = 0;
    for (Token token; reader.advance(token);) {
        LARMOR_CHECK(token.offset == at && token.value_offset >= at);
        LARMOR_CHECK(token.value_offset + token.value.size() <= data_set.size());
        at = token.value_offset + token.value.size();
        LARMOR_CHECK(reader.offset() == at);
        if (token.kind == TokenKind::SequenceEnd) --depth;
        LARMOR_CHECK(token.depth +
                         (token.kind == TokenKind::ItemStart || token.kind == TokenKind::ItemEnd
                              ? 1U
                              : 0U) ==
                     depth);
        if (token.kind == TokenKind::SequenceStart) ++depth;
        if (token.kind == TokenKind::End) {
            LARMOR_CHECK(at == data_set.size());
            return true;
        }
    }
    LARMOR_CHECK(!reader.error().message.empty() && !reader.next());
    return false;
}

ByteBuffer rewritten(Bytes data_set, Encoding from, Encoding to, Preserve preserve) {
    ByteBuffer out;
    const auto done = rewrite(data_set, from, to, preserve, out);
    LARMOR_CHECK(done.has_value());
    return out;
}

/// Skipping goes where reading goes.
void check_skipping(Bytes data_set, Encoding encoding) {
    Reader reader(data_set, encoding);
    for (Token token; reader.advance(token) && token.kind != TokenKind::End;) {
        LARMOR_CHECK(token.depth == 0);
        LARMOR_CHECK(reader.skip().has_value());
    }
    LARMOR_CHECK(!reader.failed() && reader.offset() == data_set.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    constexpr std::array kEncodings{kExplicitLittle, kImplicitLittle, kExplicitBig};
    const Encoding encoding = kEncodings[data[0] % kEncodings.size()];
    const Bytes input = std::as_bytes(std::span(data + 1, size - 1));

    if (!read_whole(input, encoding)) {
        std::vector<std::string_view> accepted;
        for (const auto& quirk : all_quirks()) accepted.push_back(quirk.name);
        const auto repaired = repair(input, encoding, accepted);
        LARMOR_CHECK(!repaired || read_whole(repaired->data_set, repaired->encoding));
        return 0;
    }
    check_skipping(input, encoding);
    if (encoding.order == ByteOrder::Little) {
        const auto same = rewritten(input, encoding, encoding, Preserve::Yes);
        LARMOR_CHECK(std::ranges::equal(same, input));
    }
    for (const Encoding target : {kExplicitLittle, kImplicitLittle}) {
        ByteBuffer out;
        const auto done = rewrite(input, encoding, target, Preserve::No, out);
        if (!done) {
            // Fragments of a tag that Implicit VR cannot tell from a sequence.
            LARMOR_CHECK(done.error().code == ErrorCode::Unsupported &&
                         target == kImplicitLittle);
            continue;
        }
        // A VR that contradicts the dictionary is lost there.
        if (target == kImplicitLittle) continue;
        LARMOR_CHECK(read_whole(out, target));
        LARMOR_CHECK(rewritten(out, target, target, Preserve::No) == out);
        LARMOR_CHECK(read_whole(rewritten(input, encoding, target, Preserve::Yes), target));
    }
    return 0;
}
