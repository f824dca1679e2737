#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "edits/path.h"

namespace larmor::edits {

/// One attribute that is set or removed.
struct Change {
    Path path;
    /// A data element of DICOM JSON, `{"vr":"LO","Value":["x"]}`, or an item of a sequence
    /// where the path is one; empty: it is removed.
    std::string element;
    std::int64_t version = 0;  ///< of the image set that the change made
    Time time;                 ///< when

    bool removes() const { return element.empty(); }
    friend bool operator==(const Change&, const Change&) = default;
};
using Changes = std::vector<Change>;

/// What is stored of the changes of an image set or of one instance, and how: all that hold in
/// one version, in the order in which they were made (docs/formats/edit_document.md). A reader
/// needs the latest document only.
inline constexpr std::size_t kDocumentBytesMax = std::size_t{256} << 10;

std::string to_document(const Changes& changes);
/// Errors: Corrupt.
Result<Changes> parse_document(std::string_view document);

/// Adds a change that is made after all others. One of a whole top-level element replaces those
/// before it of it and inside it, so that a document does not grow with the number of edits.
void add_change(Changes& changes, Change change);

/// Whether a value needs more than the default repertoire.
bool has_text_beyond_ascii(const Changes& changes);

/// Those of all instances and those of one, in the order of their versions.
Changes merged(Changes of_all, const Changes& of_one);

}  // namespace larmor::edits
