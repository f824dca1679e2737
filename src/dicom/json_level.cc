#include <algorithm>
#include <utility>

#include "dicom/json_writer.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

constexpr std::string_view kUtf8Element = R"("00080005":{"vr":"CS","Value":["ISO_IR 192"]},)";

}  // namespace

void JsonWriter::open_level(CharacterSet character_set) {
    out_.reserve(1);
    out_.put('{');
    const bool is_signed = !levels_.empty() && levels_.back().is_signed;
    JsonLevel& level = levels_.emplace_back();
    level.is_signed = is_signed;
    level.character_set = character_set;
    level.begin = out_.size();
    level.first_member = members_.size();
    if (order_ == MemberOrder::Sort) look_ahead(reader_);
}

/// The character set holds for text and items before it, too: private data elements below group
/// 0008, the records of a DICOMDIR, and anything where tags are not sorted.
void JsonWriter::look_ahead(Reader ahead) {
    for (Token token; ahead.advance(token);) {
        const bool is_end = token.kind == TokenKind::End || token.kind == TokenKind::ItemEnd;
        if (is_end ||
            (order_ == MemberOrder::AsStored && token.tag > tags::SpecificCharacterSet))
            return;
        if (token.tag == tags::SpecificCharacterSet) {
            levels_.back().character_set = CharacterSet(trimmed(token.value, vr::CS));
        }
        if (!ahead.skip()) return;  // the error comes again, in its place
    }
}

/// Each member ends with a comma; the last one's gives its place to the brace.
void JsonWriter::close_level() {
    const JsonLevel level = std::move(levels_.back());
    levels_.pop_back();
    if (level.beyond_ascii && !level.has_character_set) {
        if (level.character_set_at || levels_.empty()) {
            add_character_set(level);
        } else {
            levels_.back().beyond_ascii = true;  // the set is inherited
        }
    }
    if (order_ == MemberOrder::Sort) sort_members(level);
    out_.reserve(2);
    if (out_.at[-1] == ',') --out_.at;
    out_.put('}');
}

/// Only now it is known that text is not in the default repertoire.
void JsonWriter::add_character_set(const JsonLevel& level) {
    const std::size_t at = level.character_set_at.value_or(out_.size());
    if (order_ == MemberOrder::Sort) {
        // Behind the empty one that may be there: the last one counts.
        members_.push_back({tags::SpecificCharacterSet, out_.size()});
        out_.reserve(kUtf8Element.size());
        out_.put(kUtf8Element);
        return;
    }
    const std::string behind(out_.written(at + level.character_set_size));
    out_.replace(at, kUtf8Element);
    out_.reserve(behind.size());
    out_.put(behind);
}

void JsonWriter::sort_members(const JsonLevel& level) {
    struct Part {
        Tag tag;
        std::size_t begin, end;
    };
    std::vector<Part> parts;
    for (std::size_t i = level.first_member; i < members_.size(); ++i) {
        const bool last = i + 1 == members_.size();
        parts.push_back(
            {members_[i].tag, members_[i].begin, last ? out_.size() : members_[i + 1].begin});
    }
    members_.resize(level.first_member);
    std::ranges::sort(parts, {},
                      [](const Part& part) { return std::pair(part.tag, part.begin); });
    std::string sorted;
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const bool repeated = i + 1 < parts.size() && parts[i + 1].tag == parts[i].tag;
        if (repeated) continue;  // the last one counts
        sorted += out_.written(parts[i].begin).substr(0, parts[i].end - parts[i].begin);
    }
    out_.replace(level.begin, sorted);
}

}  // namespace larmor::dicom
