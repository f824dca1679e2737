#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::objects::s3 {

/// An element of an answer: the local name, its text without that of its children, and those.
struct XmlElement {
    std::string name;
    std::string text;
    std::vector<XmlElement> children;

    /// The text of the first child of this name; empty where there is none.
    std::string_view text_of(std::string_view child) const;
};

inline constexpr std::size_t kXmlDepthMax = 16;
inline constexpr std::size_t kXmlElementsMax = 50'000;  ///< a page of a listing has some 7,000

/// Reads a whole document; blanks before it are skipped, since servers send some to keep a
/// connection alive while they work. Name spaces, attributes and comments mean nothing here.
/// Errors: InvalidInput for what is not well formed and for a document type declaration;
/// LimitExceeded.
Result<XmlElement> read_xml(std::string_view document);

}  // namespace larmor::objects::s3
