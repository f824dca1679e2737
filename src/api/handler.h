#pragma once
#include <utility>

#include "api/context.h"
#include "http/message.h"
#include "http/router.h"

namespace larmor::api {

/// What a route keeps: `f(context, request)` as a handler. `f` is a function or a lambda
/// without captures, since a coroutine must not outlive what it captured.
template <typename F>
http::Handler handler(const ContextPtr& context, F f) {
    return [context, f](http::Request request) { return f(context, std::move(request)); };
}

}  // namespace larmor::api
