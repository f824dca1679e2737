#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "objects/object_store.h"

namespace larmor::healthimaging {

/// What an id of an image frame stands for: a frame of a stored file. The same in every version
/// and in every image set that has the file.
struct FrameName {
    objects::ObjectId file{};
    std::uint32_t frame = 0;  ///< from 0
    friend bool operator==(const FrameName&, const FrameName&) = default;
};

/// 32 lower-case hexadecimal digits that say nothing by themselves and can be read back without
/// a table: the name, enciphered with the id of the datastore. No secret: who may see a frame
/// is asked of the image set that has it.
std::string to_frame_id(const FrameName& name, std::string_view datastore_id);

/// Nothing for what is no id of this datastore.
std::optional<FrameName> parse_frame_id(std::string_view id, std::string_view datastore_id);

}  // namespace larmor::healthimaging
