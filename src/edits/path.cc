#include "edits/path.h"

#include <charconv>

#include "dicom/dictionary.h"

namespace larmor::edits {
namespace {

/// Errors: InvalidInput. The text is not repeated where it may be anything.
Result<dicom::Tag> tag_of(std::string_view text, std::size_t part) {
    if (const auto known = dicom::tag_of_keyword(text)) return *known;
    if (text.size() == 8) {
        if (const auto tag = dicom::parse_tag(text)) return *tag;
    }
    return fail(ErrorCode::InvalidInput, "part " + std::to_string(part + 1) +
                                             " of the path of an attribute is neither a "
                                             "keyword of the dictionary nor a tag");
}

Result<std::uint32_t> item_of(std::string_view text, std::size_t part) {
    std::uint32_t item = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), item);
    if (error != std::errc() || end != text.data() + text.size() || item >= kPathItemsMax) {
        return fail(ErrorCode::InvalidInput, "part " + std::to_string(part + 1) +
                                                 " of the path of an attribute is no number of "
                                                 "an item, from 0");
    }
    return item;
}

}  // namespace

std::string to_string(const Path& path) {
    std::string text;
    for (const dicom::ItemStep& step : path.steps) {
        text += dicom::to_json_key(step.sequence) + '/' + std::to_string(step.item) + '/';
    }
    text += dicom::to_json_key(path.tag);
    if (path.item) text += '/' + std::to_string(*path.item);
    return text;
}

Result<Path> parse_path(std::string_view text) {
    Path path;
    for (std::size_t part = 0;; part += 2) {
        if (part / 2 > kPathDepthMax) {
            return fail(ErrorCode::LimitExceeded,
                        "the path of an attribute goes into more than " +
                            std::to_string(kPathDepthMax) + " sequences");
        }
        const std::size_t slash = text.find('/');
        TRY(const dicom::Tag tag, tag_of(text.substr(0, slash), part));
        path.tag = tag;
        if (slash == std::string_view::npos) return path;
        text.remove_prefix(slash + 1);
        const std::size_t next = text.find('/');
        TRY(const std::uint32_t item, item_of(text.substr(0, next), part + 1));
        if (next == std::string_view::npos) {
            path.item = item;
            return path;
        }
        path.steps.push_back({tag, item});
        text.remove_prefix(next + 1);
    }
}

}  // namespace larmor::edits
