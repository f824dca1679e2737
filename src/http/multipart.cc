#include "http/multipart.h"

#include <algorithm>
#include <cstring>

#include "base/ids.h"
#include "http/field_scanner.h"
#include "http/media_type.h"
#include "http/multipart_scanner.h"

namespace larmor::http {
namespace {

using Kind = MultipartScanner::Kind;

/// RFC 2046 section 5.1.1: bchars.
bool is_boundary_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
}

}  // namespace

Result<std::string> boundary_of(std::string_view content_type) {
    TRY(const MediaType type, parse_media_type(content_type));
    if (type.type != "multipart") {
        return fail(ErrorCode::InvalidInput, "the content type is not multipart");
    }
    const auto boundary = type.parameter("boundary");
    if (!boundary || boundary->empty()) {
        return fail(ErrorCode::InvalidInput, "the multipart content type has no boundary");
    }
    if (boundary->size() > 70 || boundary->ends_with(' ') ||
        !std::all_of(boundary->begin(), boundary->end(), is_boundary_char)) {
        return fail(ErrorCode::InvalidInput,
                    "the multipart boundary is longer than 70 characters or has characters "
                    "that a boundary cannot have");
    }
    return std::string(*boundary);
}

Result<std::vector<MultipartPart>> parse_multipart(Bytes body, std::string_view boundary,
                                                   const MultipartLimits& limits) {
    std::vector<MultipartPart> parts;
    MultipartScanner scanner(boundary, limits);
    Bytes left = body;
    while (true) {
        TRY(auto event, scanner.next(left, MultipartScanner::Window::IsTheRest));
        left = left.subspan(event.consumed);
        if (event.kind == Kind::End) return parts;
        if (event.kind == Kind::PartBegins) {
            parts.push_back({std::move(event.headers), left.first(0), scanner.offset()});
        } else if (event.kind == Kind::Data) {
            // Pieces of one part follow each other without a gap.
            auto& data = parts.back().data;
            data = Bytes(data.data(), data.size() + event.consumed);
        }
    }
}

struct MultipartReader::State {
    State(BodyReader& from, const std::string& boundary, const MultipartLimits& limits,
          std::size_t window_bytes)
        : body(from),
          scanner(boundary, limits),
          window(std::max(window_bytes, scanner.window_bytes_min())) {}

    BodyReader& body;
    MultipartScanner scanner;
    ByteBuffer window;
    std::size_t begin = 0;  ///< of what is in the window and not consumed
    std::size_t end = 0;
    bool at_end = false;   ///< the body gave its last byte
    bool in_part = false;  ///< data of the current part may follow

    Bytes unread() const { return Bytes(window).subspan(begin, end - begin); }

    Task<Result<void>> fill() {
        if (begin > 0) {
            std::memmove(window.data(), window.data() + begin, end - begin);
            end -= begin;
            begin = 0;
        }
        // The scanner asks for more only while its event may be larger than what it sees.
        LARMOR_CHECK(end < window.size());
        const auto out = std::span(window).subspan(end);
        CO_TRY(const std::size_t count, co_await body.read(out));
        end += count;
        at_end = count == 0;
        co_return Result<void>();
    }

    /// The next event that says something.
    Task<Result<MultipartScanner::Event>> next() {
        while (true) {
            const auto kind = at_end ? MultipartScanner::Window::IsTheRest
                                     : MultipartScanner::Window::MayGrow;
            CO_TRY(auto event, scanner.next(unread(), kind));
            begin += event.consumed;
            if (event.kind != Kind::NeedMore) co_return event;
            CO_TRY_VOID(co_await fill());
        }
    }
};

MultipartReader::MultipartReader(BodyReader& body, std::string boundary, MultipartLimits limits,
                                 std::size_t window_bytes)
    : state_(std::make_unique<State>(body, boundary, limits, window_bytes)) {}
MultipartReader::~MultipartReader() = default;
MultipartReader::MultipartReader(MultipartReader&&) noexcept = default;

Task<Result<std::optional<Headers>>> MultipartReader::next_part() {
    while (true) {
        CO_TRY(auto event, co_await state_->next());
        state_->in_part = event.kind == Kind::PartBegins || event.kind == Kind::Data;
        if (event.kind == Kind::End) co_return std::nullopt;
        if (event.kind == Kind::PartBegins) co_return std::move(event.headers);
    }
}

Task<Result<Bytes>> MultipartReader::read() {
    if (!state_->in_part) co_return Bytes();
    CO_TRY(const auto event, co_await state_->next());
    if (event.kind == Kind::Data) {
        co_return Bytes(state_->window).subspan(state_->begin - event.consumed, event.consumed);
    }
    state_->in_part = false;
    co_return Bytes();
}

std::uint64_t MultipartReader::offset() const {
    return state_->scanner.offset();
}

MultipartWriter::MultipartWriter(std::string subtype, std::string part_type)
    : subtype_(std::move(subtype)), part_type_(std::move(part_type)), boundary_(random_id()) {}

std::string MultipartWriter::content_type() const {
    MediaType type{"multipart", subtype_, {}};
    if (!part_type_.empty()) type.parameters.emplace_back("type", part_type_);
    type.parameters.emplace_back("boundary", boundary_);
    return to_string(type);
}

std::string MultipartWriter::part_head(const Headers& headers) {
    std::string text = std::exchange(first_, false) ? "--" : "\r\n--";
    text += boundary_ + "\r\n";
    for (const auto& header : headers) text += header.name + ": " + header.value + "\r\n";
    text += "\r\n";
    return text;
}

std::string MultipartWriter::closing() const {
    return (first_ ? "--" : "\r\n--") + boundary_ + "--\r\n";
}

void MultipartWriter::add(std::vector<Part>& parts, const Headers& headers, Part data) {
    parts.emplace_back(part_head(headers));
    parts.push_back(std::move(data));
}

void MultipartWriter::finish(std::vector<Part>& parts) const {
    parts.emplace_back(closing());
}

std::optional<std::string> disposition_parameter(std::string_view value,
                                                 std::string_view name) {
    FieldScanner scanner(value);
    scanner.token();
    while (true) {
        scanner.skip_space();
        if (!scanner.take(';')) return std::nullopt;
        scanner.skip_space();
        const auto key = scanner.token();
        if (!scanner.take('=')) continue;
        std::string text;
        if (scanner.take('"')) {
            auto quoted = scanner.quoted_rest();
            if (!quoted) return std::nullopt;
            text = *std::move(quoted);
        } else {
            text = scanner.token();
        }
        if (equal_ignoring_case(key, name)) return text;
    }
}

}  // namespace larmor::http
