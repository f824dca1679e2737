#pragma once
#include <cstdint>
#include <optional>
#include <vector>

#include "api/context.h"
#include "api/media_choice.h"
#include "http/message.h"

namespace larmor::api {

/// What is asked for of an instance.
struct FramesWanted {
    std::vector<MediaChoice> choices;
    /// Numbers from 0. Nothing: the whole value of Pixel Data, in which decoded frames follow
    /// each other in one part.
    std::optional<std::vector<std::uint32_t>> frames;
    /// Under which key of Context::frames the answer is remembered, where it can be; empty:
    /// nowhere.
    std::string key = {};
    std::uint64_t generation = 0;  ///< of Context::frames, before the instance was looked for
};

/// Answers with frames of an instance, each a part of its own. Errors: Unsupported (406),
/// NotFound, those of decoding.
async::Task<Result<http::Response>> answer_frames(ContextPtr context, http::Request request,
                                                  LocatedInstancePtr located,
                                                  FramesWanted wanted);

}  // namespace larmor::api
