#include "reassembly/run/event.h"

#include <algorithm>

namespace larmor::reassembly::run {
namespace {

class EventWriter {
public:
    template <std::integral T>
    void big(T value) {
        std::byte bytes[sizeof(T)];
        store_big(bytes, value);
        row.append(as_text(bytes));
    }
    /// Seven bits a byte, the lowest first: most numbers are small.
    void number(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7) row.push_back(static_cast<char>(value | 0x80));
        row.push_back(static_cast<char>(value));
    }
    void text(std::string_view value) {
        number(value.size());
        row.append(value);
    }
    std::string row;
};

class EventReader {
public:
    explicit EventReader(std::string_view row) : rest_(row) {}

    template <std::integral T>
    T big() {
        const auto bytes = take(sizeof(T));
        return bytes.size() == sizeof(T) ? load_big<T>(as_bytes(bytes).data()) : T{};
    }
    std::uint64_t number() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = big<std::uint8_t>();
            value |= std::uint64_t{byte & 0x7fU} << shift;
            if (byte < 0x80) return value;
        }
        failed_ = true;
        return 0;
    }
    std::string text() { return std::string(take(number())); }
    std::string_view take(std::size_t count) {
        failed_ = failed_ || count > rest_.size();
        if (failed_) return {};
        const auto taken = rest_.substr(0, count);
        rest_.remove_prefix(count);
        return taken;
    }
    std::string_view until_zero() {
        const auto end = rest_.find('\0');
        if (end == std::string_view::npos) failed_ = true;
        const auto taken = take(failed_ ? 0 : end);
        take(1);
        return taken;
    }
    bool whole() const { return !failed_ && rest_.empty(); }

private:
    std::string_view rest_;
    bool failed_ = false;
};

constexpr std::uint8_t kHasFrame = 1, kOtherSyntax = 2, kNamesPixels = 4, kWasRead = 8,
                       kHasDigest = 16, kIsShelved = 32, kIsLink = 64, kIsSparse = 128;

std::uint8_t flags_of(const Event& event) {
    return static_cast<std::uint8_t>(
        (event.frame ? kHasFrame : 0) | (event.is_other_syntax ? kOtherSyntax : 0) |
        (event.names_pixels ? kNamesPixels : 0) | (event.was_read ? kWasRead : 0) |
        (event.digest == Sha256{} ? 0 : kHasDigest) | (event.shelved_at ? kIsShelved : 0) |
        (event.bytes_at ? kIsLink : 0) | (event.is_sparse ? kIsSparse : 0));
}

}  // namespace

std::string encode_event(const Event& event) {
    EventWriter out;
    // UIDs are digits and dots, so that a zero ends them and sorts before what is longer.
    out.row = event.uid;
    out.row.push_back('\0');
    out.big(static_cast<std::uint8_t>(event.side));
    out.big(event.archive);
    out.big(event.offset);
    out.big(static_cast<std::uint8_t>(event.about));
    out.big(static_cast<std::uint8_t>(event.fate));
    out.big(flags_of(event));
    out.big(static_cast<std::uint8_t>(event.kind));
    out.number(event.attempt);
    out.number(event.size_bytes);
    if (event.frame) out.number(*event.frame);
    if (event.shelved_at) out.number(*event.shelved_at);
    if (event.bytes_at) out.number(*event.bytes_at);
    if (event.digest != Sha256{}) out.row.append(as_text(event.digest));
    out.number(event.file_size_bytes);
    out.number(event.frames_expected);
    out.number(event.ordinal);
    for (const auto* text :
         {&event.path, &event.reason, &event.key, &event.staged, &event.transfer_syntax_uid}) {
        out.text(*text);
    }
    return std::move(out.row);
}

Result<Event> decode_event(std::string_view row) {
    EventReader in(row);
    Event event;
    event.uid = in.until_zero();
    event.side = static_cast<Side>(in.big<std::uint8_t>());
    event.archive = in.big<std::uint32_t>();
    event.offset = in.big<std::uint64_t>();
    event.about = static_cast<About>(in.big<std::uint8_t>());
    event.fate = static_cast<Fate>(in.big<std::uint8_t>());
    const auto flags = in.big<std::uint8_t>();
    event.kind = static_cast<fuse::MemberKind>(in.big<std::uint8_t>());
    event.attempt = static_cast<std::uint32_t>(in.number());
    event.size_bytes = in.number();
    if ((flags & kHasFrame) != 0) event.frame = static_cast<std::uint32_t>(in.number());
    if ((flags & kIsShelved) != 0) event.shelved_at = in.number();
    if ((flags & kIsLink) != 0) event.bytes_at = in.number();
    if ((flags & kHasDigest) != 0) {
        const auto digest = in.take(event.digest.size());
        std::ranges::copy(as_bytes(digest), event.digest.begin());
    }
    event.is_other_syntax = (flags & kOtherSyntax) != 0;
    event.names_pixels = (flags & kNamesPixels) != 0;
    event.is_sparse = (flags & kIsSparse) != 0;
    event.was_read = (flags & kWasRead) != 0;
    event.file_size_bytes = in.number();
    event.frames_expected = static_cast<std::uint32_t>(in.number());
    event.ordinal = in.number();
    for (auto* text :
         {&event.path, &event.reason, &event.key, &event.staged, &event.transfer_syntax_uid}) {
        *text = in.text();
    }
    if (!in.whole()) return fail(ErrorCode::Corrupt, "an event of the run is not whole");
    return event;
}

}  // namespace larmor::reassembly::run
