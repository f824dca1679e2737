#include "dicom/guess_encoding.h"

#include <algorithm>
#include <array>

#include "dicom/dictionary.h"
#include "dicom/reader.h"

namespace larmor::dicom {

namespace {

/// How many data elements must agree with an encoding that nothing declares.
constexpr int kElementsToGuess = 8;

}  // namespace

bool looks_like(Bytes data_set, Encoding encoding) {
    Reader reader(data_set, encoding);
    Tag last;
    for (int i = 0; i < kElementsToGuess; ++i) {
        const auto token = reader.next();
        if (!token) return i > 1;  // cut, but what there is agrees
        if (token->kind == TokenKind::End) return i > 0;
        if (i > 0 && token->tag <= last) return false;
        if (!token->tag.is_private() && !find_entry(token->tag)) return false;
        if (token->tag.is_group_length() && token->length != 4) return false;
        if (encoding.vr == VrForm::Explicit && !is_known(token->vr)) return false;
        last = token->tag;
        if (!reader.skip()) return i > 0;
    }
    return true;
}

std::optional<std::string_view> guess_transfer_syntax(Bytes data_set) {
    static constexpr std::array kCandidates{kExplicitLittleUid, kImplicitLittleUid,
                                            kExplicitBigUid};
    const auto* found = std::ranges::find_if(kCandidates, [&](std::string_view uid) {
        return looks_like(data_set, find_transfer_syntax(uid)->encoding);
    });
    if (found == kCandidates.end()) return std::nullopt;
    return *found;
}

}  // namespace larmor::dicom
