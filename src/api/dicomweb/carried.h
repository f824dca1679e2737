#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/context.h"
#include "http/message.h"

namespace larmor::api {

/// What an instance shows that is no picture: a video or a document, whose rendering is what
/// its sender put in, or a structured report, which is written as a page or as text.
/// Source: PS3.18 table 8.7.4-1; PS3.5 sections 8.2.5 to 8.2.8, PS3.3 section C.24.2.
struct Carried {
    /// What it may be called, the most fitting first. Of a video by its container
    /// (`video/mp4`), then by its transfer syntax as PS3.18 table 8.7.3-5 says; of a document
    /// what its sender declared, application/octet-stream where that is no media type.
    std::vector<std::string> media_types;
    bool is_video = false;
    std::vector<http::Part> parts;  ///< the bytes, in their file where they can be
    std::string as_text;            ///< a report's, where `parts` are its page

    /// `media_type`, one of its own, with what else there is to say of it.
    std::string content_type(std::string_view media_type) const;
    /// The bytes in that form.
    std::vector<http::Part> take(std::string_view media_type);
    std::vector<std::string_view> offers() const {
        return {media_types.begin(), media_types.end()};
    }
};

/// Whether an instance carries something, as far as transfer syntax and SOP class tell.
bool may_carry(const LocatedInstance& located);

/// Nothing for an instance that does not. Blocks. Errors: those of the store; Unsupported (406)
/// for one that should and in which it can't be found: without fragments, without a value, in
/// more than 65,536 fragments.
Result<std::optional<Carried>> find_carried(const Context& context, LocatedInstancePtr located);

/// As a body of its own, with ranges. A document is somebody else's page on our origin: it may
/// run nothing, see nothing and ask for nothing. `media_type` is one of its own.
http::Response carried_response(const http::Request& request, const LocatedInstance& located,
                                Carried carried, std::string_view media_type);

}  // namespace larmor::api
