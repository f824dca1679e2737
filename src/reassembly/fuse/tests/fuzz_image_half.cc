// Any bytes as one or two members of an image half: the first byte says which extension,
// whether there are two frames, and for which of three images. What is written can be read to
// its end; all else has a reason.
#include "dicom/file.h"
#include "dicom/reader.h"
#include "reassembly/fuse/fuse.h"
#include "reassembly/fuse/tests/halves.h"

using namespace larmor;
using namespace larmor::reassembly;

namespace {

constexpr std::array kKinds{fuse::MemberKind::Raw,    fuse::MemberKind::Codestream,
                            fuse::MemberKind::Rle,    fuse::MemberKind::Png,
                            fuse::MemberKind::Tiff,   fuse::MemberKind::Dicom,
                            fuse::MemberKind::Unknown};

fuse::MetadataHalf half_of(unsigned choice) {
    fuse::test::JsonImage image{.rows = 4, .columns = 4};
    if (choice == 1) {
        image.samples = 3;
        image.photometric = "RGB";
        image.syntax = "1.2.840.10008.1.2.4.50";
    } else if (choice == 2) {
        image.bits = 16;
        image.syntax = "1.2.840.10008.1.2";
    }
    const auto half = fuse::read_metadata(as_bytes(fuse::test::to_json(image)));
    LARMOR_CHECK(half.has_value());
    return *half;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static const std::array halves{half_of(0), half_of(1), half_of(2)};
    const Bytes input = std::as_bytes(std::span(data, size)).subspan(1);
    const auto kind = kKinds.at(data[0] % kKinds.size());
    const bool two = data[0] / kKinds.size() % 2 == 1;
    const auto& half = halves.at(data[0] / kKinds.size() / 2 % halves.size());

    std::vector<fuse::ImageMember> members;
    std::vector<Bytes> bytes;
    const auto cut = two ? input.size() / 2 : input.size();
    for (const Bytes part : {input.first(cut), input.subspan(cut)}) {
        if (!two && !members.empty()) break;
        const auto frame = static_cast<std::uint32_t>(members.size());
        members.push_back(
            {{"1.2.3.4", two ? std::optional(frame) : std::nullopt, kind}, part.size(), part});
        bytes.push_back(part);
    }
    const auto fused = fuse::fuse(half, members, {.pixels_max_bytes = 1 << 20});
    LARMOR_CHECK((fused.outcome == fuse::Outcome::Written) == fused.reason.empty());
    if (fused.outcome != fuse::Outcome::Written) return 0;
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
