#pragma once
#include <atomic>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/application.h"
#include "api/edited_image_sets.h"
#include "api/known_image_frame.h"
#include "api/located_instance.h"
#include "auth/gate.h"
#include "base/bounded_cache.h"

namespace larmor::api {

/// A body that was made piece by piece.
using MetadataPieces = std::vector<std::shared_ptr<const std::string>>;

/// What every handler needs. Shared by all routes.
struct Context {
    Context(Services with_services, Options with_options)
        : services(with_services),
          options(std::move(with_options)),
          gate(services.credentials, options.sign_in, options.session_cookie) {}

    Services services;
    Options options;
    auth::Gate gate;
    /// By `study/series/instance`, so that a frame that is asked for again costs neither a
    /// database read nor a thread change. Holds what never changes while an instance stands:
    /// those that are prepared.
    BoundedCache<LocatedInstance> instances{
        {.entries_max = 32'768, .bytes_max = std::size_t{64} << 20}};
    /// Which of them are out of date.
    EditedImageSets edited;
    /// By target and Accept.
    BoundedCache<KnownFrames> frames{
        {.entries_max = 65'536, .bytes_max = std::size_t{64} << 20}};
    /// Metadata of whole series and studies, ready to send (compressed, where that is asked
    /// for), by entity tag and base URL: the tag changes with what it says.
    BoundedCache<MetadataPieces> metadata{
        {.entries_max = 4'096, .bytes_max = std::size_t{64} << 20}};

    /// Image frames of HealthImaging by image set and id.
    BoundedCache<KnownImageFrame> image_frames{
        {.entries_max = 65'536, .bytes_max = std::size_t{64} << 20}};
    RequestedOnce requested_image_frames;

    /// Of requests that wait for messages of queues.
    std::atomic<std::size_t> queue_waits{0};

    /// What was deleted or recovered must not be found as it was.
    void forget_all() {
        instances.forget_all();
        frames.forget_all();
        metadata.forget_all();
        image_frames.forget_all();
    }

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
