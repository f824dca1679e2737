#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "catalog/attribute.h"
#include "dicom/tag.h"

namespace larmor::api {

/// The tags of `RequestAttributesSequence.ReferencedStudySequence`, outermost first; keywords
/// and tags of 8 hexadecimal digits may be mixed. Nothing for what is no attribute.
std::optional<std::vector<dicom::Tag>> parse_attribute_path(std::string_view path);

/// An attribute with its value in the DICOM JSON model: `{"vr":"LO","Value":["a"]}`.
struct SelectedField {
    std::uint32_t tag = 0;
    std::string json;
};

/// Which attributes of an instance's metadata are asked for: `includefield` of a search, as far
/// as the catalog has no column for it. Source: PS3.18 sections 8.3.4.3 and 10.6.3.3.
class FieldSelection {
public:
    /// An attribute, or one inside sequences: of the sequence only that is returned, unless all
    /// of it is asked for too. Of a private data element its creator comes along.
    void add(const std::vector<dicom::Tag>& path);
    /// Private data elements of this block count only under this creator.
    void require_creator(dicom::Tag creator, std::string_view value);
    /// Everything of these levels.
    void add_all(catalog::Level up_to) { all_up_to_ = up_to; }

    bool empty() const { return nodes_.empty() && !all_up_to_; }
    /// Something of this attribute, or inside of it, was named.
    bool names(dicom::Tag tag) const;

    /// What is there of it in the metadata of an instance (one object of the DICOM JSON model,
    /// as dicom::write_json makes it), ascending by tag. Grows the capacity of `metadata`.
    /// Errors: Corrupt for what is no such object.
    Result<std::vector<SelectedField>> select(std::string& metadata) const;

    struct Node {
        dicom::Tag tag;
        bool whole = false;
        std::vector<Node> inside;
    };

private:
    std::vector<Node> nodes_;
    std::vector<std::pair<dicom::Tag, std::string>> creators_;  ///< with their JSON
    std::optional<catalog::Level> all_up_to_;
};

}  // namespace larmor::api
