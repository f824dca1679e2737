#include "api/dicomweb/bulk_value.h"

#include <charconv>

namespace larmor::api {
namespace {

using dicom::TokenKind;

constexpr std::size_t kStepsMax = 64;

Result<dicom::Tag> parse_key(std::string_view text) {
    if (text.size() == 8) {
        return dicom::parse_tag(text);
    }
    return fail(ErrorCode::InvalidInput, "a tag in the bulk data path is not 8 digits");
}

/// The next part of a path, taken off its front.
std::string_view take_part(std::string_view& text) {
    const auto slash = text.find('/');
    const auto part = text.substr(0, slash);
    text.remove_prefix(slash == std::string_view::npos ? text.size() : slash + 1);
    return part;
}

tl::unexpected<Error> not_there() {
    return fail(ErrorCode::NotFound, "the instance has no such bulk data");
}

/// Goes on to the item of a sequence that was just entered.
Result<void> enter_item(dicom::Reader& reader, std::uint32_t item) {
    for (std::uint32_t i = 0;; ++i) {
        TRY(const dicom::Token token, reader.next());
        if (token.kind != TokenKind::ItemStart) {
            return not_there();
        }
        if (i == item) {
            return {};
        }
        TRY_VOID(reader.skip());
    }
}

/// Goes on to the data element `tag` of the level that the reader is in.
Result<dicom::Token> find_in_level(dicom::Reader& reader, dicom::Tag tag) {
    for (;;) {
        TRY(const dicom::Token token, reader.next());
        if (token.kind == TokenKind::End || token.kind == TokenKind::ItemEnd) {
            return not_there();
        }
        if (token.tag == tag) {
            return token;
        }
        if (token.kind != TokenKind::Element) {
            TRY_VOID(reader.skip());
        }
    }
}

}  // namespace

Result<BulkDataPath> parse_bulk_data_path(std::string_view text) {
    BulkDataPath path;
    for (;;) {
        TRY(const dicom::Tag tag, parse_key(take_part(text)));
        if (text.empty()) {
            path.tag = tag;
            return path;
        }
        if (path.steps.size() == kStepsMax) {
            return fail(ErrorCode::LimitExceeded, "the bulk data path is too deep");
        }
        const auto number = take_part(text);
        dicom::ItemStep step{tag, 0};
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), step.item);
        if (error != std::errc() || end != number.data() + number.size() || text.empty()) {
            return fail(ErrorCode::InvalidInput,
                        "the bulk data path is not of the form <tag>[/<item>/<tag>]...");
        }
        path.steps.push_back(step);
    }
}

Result<FoundValue> find_bulk_value(const dicom::File& file, const BulkDataPath& path) {
    dicom::Reader reader(file.data_set, file.encoding);
    for (const dicom::ItemStep& step : path.steps) {
        TRY(const dicom::Token sequence, find_in_level(reader, step.sequence));
        if (sequence.kind != TokenKind::SequenceStart) {
            return not_there();
        }
        TRY_VOID(enter_item(reader, step.item));
    }
    TRY(const dicom::Token token, find_in_level(reader, path.tag));
    if (token.kind == TokenKind::FragmentsStart) {
        return FoundValue{token.vr, token.value_offset, {}, true};
    }
    if (token.kind != TokenKind::Element) {
        return not_there();
    }
    return FoundValue{token.vr, token.value_offset, token.value, false};
}

}  // namespace larmor::api
