#include "dicom/quirks/quirks.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

#include "dicom/quirks/repairs.h"

namespace larmor::dicom {

namespace {

using namespace quirks;

/// Each attempt reads from the start: files with hundreds of mistakes are no files of ours.
constexpr int kAttemptsMax = 200;

struct Repairer {
    Quirk quirk;
    bool (*mend)(UnderRepair&, const Failure&);
};

// Those that explain an error best come first; a cut end explains nearly everything.
constexpr std::array kRepairers{
    Repairer{{"wrong_encoding",
              "reads a data set whose transfer syntax says another VR form or byte order"},
             mend_wrong_encoding},
    Repairer{
        {"trailing_bytes", "drops NUL bytes, or fewer than 8 others, behind the last element"},
        mend_trailing_bytes},
    Repairer{{"stray_delimiter",
              "drops a delimiter that ends nothing, as behind items of defined length"},
             mend_stray_delimiter},
    Repairer{{"explicit_items_in_un",
              "reads a UN sequence of undefined length whose items have explicit VRs as SQ"},
             mend_explicit_items_in_un},
    Repairer{{"implicit_element",
              "gives a data element without VR among explicit ones that of the dictionary"},
             mend_implicit_element},
    Repairer{{"truncated",
              "ends a data set that was cut: shortens its last value, ends what is open"},
             mend_truncated},
};

constexpr auto kQuirks = [] {
    std::array<Quirk, kRepairers.size()> quirks;
    std::ranges::transform(kRepairers, quirks.begin(), &Repairer::quirk);
    return quirks;
}();

/// Reads all of `data_set`; the failure, where there is one.
std::optional<Failure> find_failure(Bytes data_set, Encoding encoding, Error& error) {
    Failure failure;
    Reader reader(data_set, encoding);
    for (Token token; reader.advance(token);) {
        switch (token.kind) {
            case TokenKind::SequenceStart:
            case TokenKind::ItemStart:
            case TokenKind::FragmentsStart:
                failure.open.push_back(token);
                break;
            case TokenKind::ItemEnd:
            case TokenKind::SequenceEnd:
            case TokenKind::FragmentsEnd:
                failure.open.pop_back();
                break;
            case TokenKind::End:
                return std::nullopt;
            default:
                break;
        }
    }
    error = reader.error();
    failure.offset = reader.offset();
    failure.encoding = reader.encoding();
    failure.end = data_set.size();
    for (const Token& start : failure.open) {
        if (start.length != kUndefinedLength) failure.end = start.value_offset + start.length;
    }
    return failure;
}

}  // namespace

std::span<const Quirk> all_quirks() {
    return kQuirks;
}

Result<Repaired> repair(Bytes data_set, Encoding encoding,
                        std::span<const std::string_view> accepted) {
    for (const std::string_view name : accepted) {
        if (std::ranges::find(kQuirks, name, &Quirk::name) == kQuirks.end()) {
            return fail(ErrorCode::InvalidInput, "no repair is called " + std::string(name));
        }
    }
    UnderRepair it{ByteBuffer(data_set.begin(), data_set.end()), encoding};
    std::vector<std::string_view> applied;
    Error error{};
    for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
        const auto failure = find_failure(it.data_set, it.encoding, error);
        if (!failure) return Repaired{std::move(it.data_set), it.encoding, std::move(applied)};

        const auto* mended = std::ranges::find_if(kRepairers, [&](const Repairer& repairer) {
            return std::ranges::find(accepted, repairer.quirk.name) != accepted.end() &&
                   repairer.mend(it, *failure);
        });
        if (mended == kRepairers.end()) break;
        if (std::ranges::find(applied, mended->quirk.name) == applied.end()) {
            applied.push_back(mended->quirk.name);
        }
    }
    return tl::unexpected(std::move(error));
}

namespace quirks {

void store_length(ByteBuffer& data_set, std::size_t value_offset, Encoding encoding,
                  std::uint32_t length) {
    std::byte* to = &data_set[value_offset - 4];
    encoding.order == ByteOrder::Little ? store_little(to, length) : store_big(to, length);
}

void change_lengths(ByteBuffer& data_set, const Failure& failure, std::int64_t change) {
    for (const Token& start : failure.open) {
        if (start.length == kUndefinedLength) continue;
        const auto length = static_cast<std::uint32_t>(start.length + change);
        store_length(data_set, start.value_offset, failure.encoding, length);
    }
}

}  // namespace quirks

}  // namespace larmor::dicom
