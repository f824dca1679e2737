#pragma once
#include <memory>
#include <string>
#include <utility>

#include "api/application.h"
#include "api/instance_cache.h"
#include "auth/gate.h"

namespace larmor::api {

/// What every handler needs. Shared by all routes.
struct Context {
    Context(Services with_services, Options with_options)
        : services(with_services),
          options(std::move(with_options)),
          gate(services.credentials, options.sign_in, options.session_cookie) {}

    Services services;
    Options options;
    auth::Gate gate;
    InstanceCache instances;

    /// `f(db::Snapshot&)` on the worker pool, where it may block.
    template <typename F>
    auto read(F f) const {
        return services.pool.run(async::Priority::Interactive, [this, f = std::move(f)] {
            return services.database.read(f);
        });
    }
    /// Anything else that blocks or computes, for somebody who waits.
    template <typename F>
    auto work(F f) const {
        return services.pool.run(async::Priority::Interactive, std::move(f));
    }
    /// `http://host/dicomweb` as the client sees it.
    std::string service_base(const http::Request& request) const {
        return http::origin_of(request, options.trust_proxy).base_url() + "/dicomweb";
    }
};
using ContextPtr = std::shared_ptr<Context>;

}  // namespace larmor::api
