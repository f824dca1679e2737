#pragma once
#include "api/context.h"
#include "api/healthimaging/errors.h"
#include "http/router.h"

namespace larmor::api {

/// A handler of which an error becomes an answer in the service's form.
using ServiceAnswer = http::Task<Result<http::Response>> (*)(ContextPtr, http::Request);

inline http::Task<http::Response> answer_or_error(ContextPtr context, http::Request request,
                                                  ServiceAnswer answer) {
    auto response = co_await answer(std::move(context), request);
    if (!response) {
        co_return service_error(request, response.error());
    }
    co_return *std::move(response);
}

inline http::Handler answering(const ContextPtr& context, ServiceAnswer answer) {
    return [context, answer](http::Request request) {
        return answer_or_error(context, std::move(request), answer);
    };
}

/// How much room there must be to keep image frames that are made for an answer; how much they
/// will take is not known before.
inline constexpr std::uint64_t kImageFramesRoomBytes = std::uint64_t{16} << 20;

}  // namespace larmor::api
