#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/tag.h"
#include "index/document.h"

namespace larmor::index {

/// `read_attribute_values` of one document after the other. Those of a series are mostly the
/// same: what stands in a document as it stood in the one before is compared, and not parsed
/// again.
class AttributeReader {
public:
    /// Rising; they outlive the reader.
    explicit AttributeReader(std::span<const dicom::Tag> tags) : tags_(tags) {}

    /// Takes the text, and leaves a buffer to be filled anew.
    Result<Values> read(std::string& json);

private:
    static constexpr std::uint32_t kUnwanted = 0xffffffff;
    /// `"GGGGEEEE":{...}` of a document. Small, as there are hundreds.
    struct Member {
        std::uint32_t begin = 0;
        std::uint32_t end = 0;
        dicom::Tag tag;
        std::uint32_t place = kUnwanted;  ///< among the values
    };

    /// Of `json`. False where it is not written as we write it: keys that rise, without blanks
    /// between.
    Result<bool> read_members(std::string_view json, Values& values);
    /// Takes the members from there on that are as they were in the document before; gives
    /// where the next one begins.
    std::size_t take_same(std::string_view json, std::size_t begin, Values& values);
    std::optional<Member> member_at(std::string_view json, std::size_t begin) const;

    const std::span<const dicom::Tag> tags_;
    // Of the document before.
    std::string text_;
    std::vector<Member> members_;
    Values values_;
    std::size_t next_ = 0;  ///< of these members, the first that may come
    // Of the one that is read.
    std::vector<Member> found_;
    std::string object_;
};

}  // namespace larmor::index
