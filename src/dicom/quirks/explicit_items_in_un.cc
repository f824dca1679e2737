// Shown by testdata/dicom/quirks/explicit_items_in_un.dcm: an archive that did not know a
// private sequence called it UN and left the items as they were, against PS3.5 section 6.2.2
// note 4.
#include "dicom/quirks/repairs.h"

namespace larmor::dicom::quirks {

bool mend_explicit_items_in_un(UnderRepair& it, const Failure& failure) {
    for (std::size_t i = 0; i + 1 < failure.open.size(); ++i) {
        const Token& sequence = failure.open[i];
        const Token& item = failure.open[i + 1];
        if (sequence.vr != vr::UN || sequence.kind != TokenKind::SequenceStart) continue;
        const std::size_t letters_at = item.value_offset + 4;
        if (letters_at + 2 > failure.end) return false;
        const auto letters = load_little<std::uint16_t>(&it.data_set[letters_at]);
        if (!is_known(static_cast<Vr>(letters))) return false;
        store_little(&it.data_set[sequence.offset + 4], static_cast<std::uint16_t>(vr::SQ));
        return true;
    }
    return false;
}

}  // namespace larmor::dicom::quirks
