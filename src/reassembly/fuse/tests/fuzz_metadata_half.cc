// Any bytes as a metadata member, and as a record. What is read is a record that reads back
// equal, and with four pixels a file that can be read to its end, or a reason.
#include "dicom/file.h"
#include "dicom/reader.h"
#include "reassembly/fuse/fuse.h"

using namespace larmor;
using namespace larmor::reassembly;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const Bytes input = std::as_bytes(std::span(data, size));
    const auto record = fuse::decode(input);
    if (record) LARMOR_CHECK(fuse::decode(fuse::encode(*record)).has_value());

    const auto half = fuse::read_metadata(input, {.json_max_bytes = 1 << 22});
    if (!half) {
        LARMOR_CHECK(!half.error().message.empty());
        return 0;
    }
    const auto again = fuse::decode(fuse::encode(*half));
    LARMOR_CHECK(again.has_value() && *again == *half);
    const std::array pixels{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}};
    const std::array members{fuse::ImageMember{
        {"1.2.3.4", std::nullopt, fuse::MemberKind::Raw}, pixels.size(), pixels}};
    const auto fused = fuse::fuse(*half, members, {.allow_incomplete = true});
    LARMOR_CHECK((fused.outcome == fuse::Outcome::Written) == fused.reason.empty());
    if (fused.outcome != fuse::Outcome::Written) return 0;
    const std::array<Bytes, 1> bytes{Bytes(pixels)};
    const auto made = fuse::to_bytes(fused.file, bytes);
    LARMOR_CHECK(made.size() == fused.file.size_bytes);
    const auto file = dicom::open_file(made);
    LARMOR_CHECK(file.has_value());
    dicom::Reader reader(file->data_set, file->encoding);
    dicom::Token token;
    while (reader.advance(token) && token.kind != dicom::TokenKind::End) {
    }
    LARMOR_CHECK(!reader.failed());
    return 0;
}
