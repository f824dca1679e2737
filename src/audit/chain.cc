#include "audit/chain.h"

#include <algorithm>

#include "audit/fixed_text.h"

namespace larmor::audit {
namespace {

constexpr std::string_view kHeadStart = "{\"larmor_audit\":1,\"trail\":\"";
constexpr std::string_view kSealStart = "{\"seal\":";
constexpr std::string_view kRecordStart = "{\"record\":";

/// A seal up to its own hash: what the hash covers.
std::string seal_start(std::uint64_t batch, std::uint64_t records, std::uint64_t last_record,
                       const Sha256& previous) {
    return std::string(kSealStart) + std::to_string(batch) +
           ",\"records\":" + std::to_string(records) +
           ",\"last\":" + std::to_string(last_record) + ",\"previous\":\"" + to_hex(previous) +
           "\",\"hash\":\"";
}

tl::unexpected<Error> bad(std::uint64_t offset, const std::string& why) {
    return fail(ErrorCode::Corrupt, "the batch at byte " + std::to_string(offset) + " " + why);
}
tl::unexpected<Error> open_ended(std::uint64_t offset, const std::string& why) {
    return fail(ErrorCode::InvalidInput,
                "the batch at byte " + std::to_string(offset) + " " + why);
}

/// What a seal says of its batch; unchecked.
struct Seal {
    std::uint64_t records = 0;
    Sha256 previous{};
    ChainEnd end;
};
std::optional<Seal> parse_seal(std::string_view line) {
    const auto batch = take_number(line, kSealStart);
    const auto records = take_number(line, ",\"records\":");
    const auto last = take_number(line, ",\"last\":");
    const auto previous = take_hash(line, ",\"previous\":\"");
    const auto hash = take_hash(line, "\",\"hash\":\"");
    if (!batch || !records || !last || !previous || !hash || *batch == 0 || *last < *records) {
        return std::nullopt;
    }
    return Seal{*records, *previous, ChainEnd{*batch, *last, *hash}};
}

/// The lines of a batch up to its seal, which comes last. Checks no content.
Result<std::vector<std::string_view>> lines_of_batch(Bytes file, std::uint64_t offset) {
    if (offset >= file.size()) return open_ended(offset, "is not there");
    const auto left = as_text(file.subspan(offset));
    const auto within = left.substr(0, std::min(left.size(), kBatchMaxBytes));
    std::vector<std::string_view> lines;
    for (std::size_t at = 0;;) {
        const auto end = within.find('\n', at);
        if (end == std::string_view::npos) {
            if (within.size() < left.size()) return bad(offset, "is larger than any of ours");
            return open_ended(offset, "has no seal: the file ends before it");
        }
        lines.push_back(within.substr(at, end - at));
        if (lines.back().starts_with(kSealStart)) return lines;
        at = end + 1;
    }
}

}  // namespace

void append_head(std::string& out, const FileHead& head) {
    out += kHeadStart;
    out += head.trail;
    out += "\",\"file\":" + std::to_string(head.number) + "}\n";
}

Result<FileHead> parse_head(std::string_view line) {
    std::string_view text = line;
    FileHead head;
    if (text.starts_with(kHeadStart) && text.size() > kHeadStart.size() + 32) {
        head.trail = text.substr(kHeadStart.size(), 32);
        text.remove_prefix(kHeadStart.size() + 32);
        head.number = take_number(text, "\",\"file\":").value_or(0);
    }
    std::string again;
    append_head(again, head);
    if (head.number == 0 || std::string_view(again) != std::string(line) + "\n" ||
        !from_hex(head.trail)) {
        return fail(ErrorCode::Corrupt,
                    "the file does not begin as an audit file of this version");
    }
    return head;
}

void append_seal(std::string& batch, std::uint64_t record_count, ChainEnd& end) {
    end.batch += 1;
    end.record += record_count;
    batch += seal_start(end.batch, record_count, end.record, end.hash);
    end.hash = sha256(as_bytes(batch));
    batch += to_hex(end.hash) + "\"}\n";
}

Result<Batch> read_batch(Bytes file, std::uint64_t offset, const ChainEnd& before) {
    TRY(auto lines, lines_of_batch(file, offset));
    const std::string_view seal = lines.back();
    lines.pop_back();
    Batch batch{.offset = offset, .next = 0, .head = {}, .records = {}, .end = before};
    if (!lines.empty() && lines.front().starts_with(kHeadStart)) {
        batch.head = lines.front();
        lines.erase(lines.begin());
    }
    for (std::uint64_t number = before.record; std::string_view line : lines) {
        const auto found = take_number(line, kRecordStart);
        if (found != ++number) {
            return bad(offset, "has a line that is not record " + std::to_string(number));
        }
    }
    const auto* begin = reinterpret_cast<const char*>(file.data()) + offset;
    std::string again(begin, static_cast<std::size_t>(seal.data() - begin));
    append_seal(again, lines.size(), batch.end);
    if (std::string_view(begin, seal.data() + seal.size() + 1 - begin) != again) {
        return bad(offset,
                   "(number " + std::to_string(batch.end.batch) +
                       ") does not have the content that its seal was made for, or does "
                       "not follow the one before it");
    }
    batch.records = std::move(lines);
    batch.next = offset + again.size();
    return batch;
}

Result<ChainEnd> claimed_start(Bytes file, std::uint64_t offset) {
    TRY(const auto lines, lines_of_batch(file, offset));
    const auto seal = parse_seal(lines.back());
    if (!seal) {
        return fail(ErrorCode::InvalidInput, "the seal at the end of the batch at byte " +
                                                 std::to_string(offset) + " can't be read");
    }
    return ChainEnd{seal->end.batch - 1, seal->end.record - seal->records, seal->previous};
}

std::optional<ChainEnd> claimed_end(Bytes file) {
    const auto text = as_text(file);
    const auto at = text.rfind("\n" + std::string(kSealStart));
    if (at == std::string_view::npos) return std::nullopt;
    const auto line =
        text.substr(at + 1, std::min(text.size(), text.find('\n', at + 1)) - at - 1);
    const auto seal = parse_seal(line);
    return seal ? std::optional<ChainEnd>(seal->end) : std::nullopt;
}

}  // namespace larmor::audit
