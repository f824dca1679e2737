#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "api/context.h"
#include "api/media_choice.h"
#include "http/message.h"

namespace larmor::api {

/// Answers with frames of an instance in the form that `choices` ask for, each a part of its
/// own. Without `frames` the answer is the whole value of Pixel Data: decoded frames follow
/// each other in one part. Errors: Unsupported (406), NotFound, those of decoding.
async::Task<Result<http::Response>> answer_frames(
    ContextPtr context, http::Request request, LocatedInstancePtr located,
    std::vector<MediaChoice> choices, std::optional<std::vector<std::uint32_t>> frames);

}  // namespace larmor::api
