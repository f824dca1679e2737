#include "http/multipart_scanner.h"

#include <algorithm>

#include "http/field_scanner.h"

namespace larmor::http {
namespace {

// After a boundary some mailers pad with blanks; more than this is no padding.
constexpr std::size_t kPaddingMax = 64;

tl::unexpected<Error> over_limit(std::uint64_t offset, std::string_view what,
                                 std::uint64_t limit) {
    return fail(ErrorCode::LimitExceeded, "multipart at byte " + std::to_string(offset) + ": " +
                                              std::string(what) + " (limit " +
                                              std::to_string(limit) + ")");
}

}  // namespace

MultipartScanner::MultipartScanner(std::string_view boundary, const MultipartLimits& limits)
    : dash_boundary_("--" + std::string(boundary)), limits_(limits) {}

std::size_t MultipartScanner::window_bytes_min() const {
    return std::max<std::size_t>(limits_.part_head_bytes_max, limits_.preamble_bytes_max) +
           dash_boundary_.size() + kPaddingMax + 16;
}

Result<MultipartScanner::Event> MultipartScanner::next(Bytes window, Window kind) {
    auto text = as_text(window);
    const bool rest = kind == Window::IsTheRest;
    Event event;
    while (true) {
        Result<Step> step = Step{Kind::End};
        switch (state_) {
            case State::Preamble:
                step = preamble(text, rest);
                break;
            case State::Boundary:
                step = boundary_line(text, rest);
                break;
            case State::Head:
                step = head(text, rest);
                break;
            case State::Data:
                step = data(text, rest);
                break;
            case State::End:
                break;
        }
        if (!step) return tl::unexpected(std::move(step).error());
        offset_ += step->consumed;
        event.consumed += step->consumed;
        text.remove_prefix(step->consumed);
        if (step->kind) {
            event.kind = *step->kind;
            event.headers = std::move(step->headers);
            return event;
        }
    }
}

/// Looks for the first boundary: at the start of the body or of a line.
Result<MultipartScanner::Step> MultipartScanner::preamble(std::string_view text, bool rest) {
    std::size_t at = 0;
    if (!text.starts_with(dash_boundary_)) {
        at = text.find('\n' + dash_boundary_);
        at = at == std::string_view::npos ? at : at + 1;
    }
    const bool found = at != std::string_view::npos;
    // A boundary that begins within the limit is whole when the limit and its length are there.
    if (found ? at > limits_.preamble_bytes_max
              : text.size() >= limits_.preamble_bytes_max + dash_boundary_.size()) {
        return over_limit(offset_, "no boundary near the start", limits_.preamble_bytes_max);
    }
    if (!found) {
        if (rest) return invalid_at(offset_ + text.size(), "multipart body has no boundary");
        return Step{Kind::NeedMore};
    }
    state_ = State::Boundary;
    return Step{std::nullopt, at};
}

/// The window starts with `--boundary` where it is the first, else with a delimiter.
Result<MultipartScanner::Step> MultipartScanner::boundary_line(std::string_view text,
                                                               bool rest) {
    const bool first = newline_.empty();
    const auto at =
        first || text.starts_with(dash_boundary_) ? dash_boundary_.size() : delimiter_.size();
    const auto after = text.substr(at);
    if (after.size() < 2 && !rest) return Step{Kind::NeedMore};
    if (after.starts_with("--")) {
        state_ = State::End;
        return Step{std::exchange(in_part_, false) ? Kind::PartEnds : Kind::End, at + 2};
    }
    // The same answer however much of the body the window shows: padding that is too long makes
    // no boundary line, whether or not its end can be seen.
    const auto padding = std::min(after.find_first_not_of(" \t"), after.size());
    const auto line = padding > kPaddingMax ? std::string_view() : after.substr(padding);
    if (!rest && padding <= kPaddingMax && line.size() < 2) return Step{Kind::NeedMore};
    const bool crlf = line.starts_with("\r\n");
    const bool lf = line.starts_with('\n');
    if (first && (crlf || lf)) {
        newline_ = crlf ? "\r\n" : "\n";
        delimiter_ = std::string(newline_) + dash_boundary_;
    }
    if (!newline_.empty() && line.starts_with(newline_)) {
        state_ = State::Head;
        return Step{
            std::exchange(in_part_, false) ? std::optional(Kind::PartEnds) : std::nullopt,
            at + padding + newline_.size()};
    }
    if (first) return invalid_at(offset_ + at, "text behind a multipart boundary");
    // Data that only looks like a boundary: give out its first byte and search on.
    state_ = State::Data;
    data_began_ = true;
    return Step{Kind::Data, 1};
}

Result<MultipartScanner::Step> MultipartScanner::head(std::string_view text, bool rest) {
    if (parts_ >= limits_.parts_max)
        return over_limit(offset_, "too many parts", limits_.parts_max);
    std::size_t length = 0;  // of the header lines, each with its line end
    if (!text.starts_with(newline_)) {
        const auto blank = text.find(std::string(newline_) + std::string(newline_));
        // A head within the limit is seen whole once the limit and its blank line are there.
        if (blank == std::string_view::npos
                ? text.size() >= limits_.part_head_bytes_max + 2 * newline_.size()
                : blank > limits_.part_head_bytes_max) {
            return over_limit(offset_, "the head of a part is too long",
                              limits_.part_head_bytes_max);
        }
        if (blank == std::string_view::npos) {
            if (rest) return invalid_at(offset_ + text.size(), "the head of a part has no end");
            return Step{Kind::NeedMore};
        }
        length = blank + newline_.size();
    }
    TRY(Headers headers, parse_head(text.substr(0, length)));
    ++parts_;
    in_part_ = true;
    data_began_ = false;
    state_ = State::Data;
    return Step{Kind::PartBegins, length + newline_.size(), std::move(headers)};
}

Result<MultipartScanner::Step> MultipartScanner::data(std::string_view text, bool rest) {
    // A part without data may end in the blank line of its head (RFC 2046 section 5.1.1).
    if (!data_began_) {
        if (text.starts_with(dash_boundary_)) {
            state_ = State::Boundary;
            return Step{};
        }
        if (!rest && text.size() < dash_boundary_.size() &&
            std::string_view(dash_boundary_).starts_with(text)) {
            return Step{Kind::NeedMore};
        }
    }
    const auto at = text.find(delimiter_);
    if (at == 0) {
        state_ = State::Boundary;
        return Step{};
    }
    if (at != std::string_view::npos) {
        data_began_ = true;
        return Step{Kind::Data, at};
    }
    if (rest)
        return invalid_at(offset_ + text.size(), "multipart body has no closing boundary");
    if (text.size() < delimiter_.size()) return Step{Kind::NeedMore};
    data_began_ = true;
    return Step{Kind::Data, text.size() - (delimiter_.size() - 1)};
}

Result<Headers> MultipartScanner::parse_head(std::string_view text) const {
    Headers headers;
    std::string name;
    std::string value;
    const auto keep = [&] {
        if (!name.empty()) headers.add(name, trim(value));
    };
    for (std::size_t at = 0; at < text.size();) {
        const auto end = std::min(text.find(newline_, at), text.size());
        const auto line = text.substr(at, end - at);
        if (line.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos) {
            return invalid_at(offset_ + at, "control character in the head of a part");
        }
        if (line.starts_with(' ') || line.starts_with('\t')) {
            if (name.empty()) return invalid_at(offset_ + at, "a part's head begins folded");
            value += ' ';
            value += trim(line);
        } else {
            keep();
            const auto colon = line.find(':');
            if (colon == std::string_view::npos || colon == 0 ||
                !std::all_of(line.begin(), line.begin() + static_cast<std::ptrdiff_t>(colon),
                             is_token_char)) {
                return invalid_at(offset_ + at, "a line of a part's head is no header");
            }
            if (headers.size() >= limits_.part_headers_max) {
                return over_limit(offset_ + at, "too many headers in a part",
                                  limits_.part_headers_max);
            }
            name = line.substr(0, colon);
            value = line.substr(colon + 1);
        }
        at = end + newline_.size();
    }
    keep();
    return headers;
}

}  // namespace larmor::http
