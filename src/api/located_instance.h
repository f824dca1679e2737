#pragma once
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "api/media_choice.h"
#include "base/bytes.h"
#include "catalog/records.h"
#include "edits/change.h"
#include "objects/object_store.h"

namespace larmor::api {

/// An instance and where its bytes are: what a retrieval needs.
struct LocatedInstance {
    catalog::StoredInstance instance;
    objects::ObjectLocation file;
    /// What was edited in it, as of the version that was asked for; empty: it is as stored.
    edits::Changes changes;
    /// What was prepared, where a lister was asked for it: then `file` is not filled in.
    std::optional<objects::ObjectLocation> metadata;
    /// pixels::FrameIndex in its stored form; empty where there is none (yet).
    ByteBuffer frame_index;
    /// The file begins with preamble and file meta information (PS3.10 section 7.1); nothing
    /// where nobody looked.
    std::optional<bool> is_file_format;
};
using LocatedInstancePtr = std::shared_ptr<const LocatedInstance>;

/// An answer with frames as they lie in their file, to be given again to whoever asks the same.
/// Holds no open file.
struct KnownFrames {
    /// Text between frames, or bytes of the file.
    using Piece = std::variant<std::shared_ptr<const std::string>, ByteRange>;
    objects::ObjectLocation file;  ///< of the encoding that they are of
    MediaChoice::Form form = MediaChoice::Form::Multipart;
    std::string content_type;
    std::string etag;
    std::vector<Piece> pieces;
};

}  // namespace larmor::api
