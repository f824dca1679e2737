#include <cstdint>

#include "dicom/reader.h"
#include "dimse/commitment.h"
#include "dimse/identifier.h"
#include "dimse/negotiation.h"

/// Any bytes as the data set of a query or of a storage commitment: reading must end, and what
/// is answered must be a data set.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    using namespace larmor::dimse;
    const Bytes bytes = std::as_bytes(std::span(data, size));
    for (const auto encoding : {dicom::kImplicitLittle, dicom::kExplicitLittle}) {
        if (const auto identifier =
                parse_identifier(bytes, encoding, sop_class::kPatientRootFind)) {
            const catalog::StoredStudy study;
            const auto match = encode_match(*identifier, {.study = &study}, "LARMOR", encoding);
            dicom::Reader reader(match, encoding);
            dicom::Token token;
            while (reader.advance(token) && token.kind != dicom::TokenKind::End) {
            }
            LARMOR_CHECK(!reader.failed());
        }
        if (const auto request = parse_commitment(bytes, encoding)) {
            LARMOR_CHECK(!encode_commitment(*request, {}, "LARMOR", encoding).empty());
        }
    }
    return 0;
}
