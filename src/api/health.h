#pragma once
#include <memory>

#include "admission/admission.h"
#include "async/worker_pool.h"
#include "db/database.h"
#include "http/router.h"

namespace larmor::api {

// What a load balancer and a monitor ask of a process: the same of one that serves and of one
// that only works on queues.

/// The process answers: nothing else is looked at, so that a full disk does not restart it.
http::Response health_response();
/// Whether rows can be read. Blocks.
Result<void> check_readable(db::Database& database);
/// 503 after a failed write. A disk that is short of space, or a library that is read-only by
/// switch, still serves whoever reads: ready, and the body says why nothing is stored.
http::Response readiness_response(const http::Request& request, const admission::State& state);
http::Response metrics_response(const http::Request& request);

/// What a process that works on queues answers. All of it must outlive the router's last
/// request.
struct WorkerServices {
    db::Database& database;
    async::WorkerPool& pool;
    admission::Admission& admission;
};

/// GET /healthz, /readyz and /metrics and nothing else, without sign-in: for a server that
/// binds to loopback. Names of other hosts are refused (DNS rebinding).
std::shared_ptr<http::Router> make_worker_router(WorkerServices services);

}  // namespace larmor::api
