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
    /// `http://host`, or what was configured, as the client sees us.
    std::string base_url(const http::Request& request) const {
        return options.base_url.empty()
                   ? http::origin_of(request, options.trusted_proxies).base_url()
                   : options.base_url;
    }
    /// `http://host/dicomweb`.
    std::string service_base(const http::Request& request) const {
        return base_url(request) + "/dicomweb";
    }
};
using ContextPtr = std::shared_ptr<Context>;

}  // namespace larmor::api
