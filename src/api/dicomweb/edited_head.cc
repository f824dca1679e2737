#include "api/dicomweb/edited_head.h"

#include "dicom/rewrite.h"
#include "edits/apply_data_set.h"

namespace larmor::api {

Result<std::size_t> head_size(const dicom::File& file) {
    constexpr std::uint16_t kPixelGroup = 0x7f00;
    dicom::Reader reader(file.data_set, file.encoding);
    for (;;) {
        TRY(const dicom::Token token, reader.next());
        const bool ends = token.kind == dicom::TokenKind::End || token.tag.group >= kPixelGroup;
        if (ends) return token.offset;
        if (token.kind != dicom::TokenKind::Element) TRY_VOID(reader.skip());
    }
}

Result<ByteBuffer> edited_head(const dicom::File& file, dicom::Encoding encoding,
                               const edits::Changes& changes) {
    TRY(const std::size_t size, head_size(file));
    const Bytes head = file.data_set.first(size);
    if (file.encoding == encoding) return edits::apply_to_data_set(head, encoding, changes);
    ByteBuffer again;
    TRY_VOID(dicom::rewrite(head, file.encoding, encoding, dicom::Preserve::No, again));
    return edits::apply_to_data_set(again, encoding, changes);
}

bool can_be_edited_as_stored(std::string_view transfer_syntax_uid) {
    const auto* syntax = dicom::find_transfer_syntax(transfer_syntax_uid);
    return syntax != nullptr && !syntax->deflated &&
           syntax->encoding.order == dicom::ByteOrder::Little;
}

}  // namespace larmor::api
