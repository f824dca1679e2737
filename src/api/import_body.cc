#include "api/import_body.h"

namespace larmor::api {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;

}  // namespace

http::Task<Result<ingest::ImportResult>> import_body(ContextPtr context,
                                                     const http::Request& request,
                                                     ingest::ImportOptions options) {
    auto& importer = context->services.importer;
    if (request.body_stream == nullptr) {
        const Bytes bytes = as_bytes(request.body);
        co_return co_await importer.import_bytes(bytes, std::move(options));
    }
    const auto stream = importer.begin(std::move(options));
    ByteBuffer buffer(kReadBytes);
    for (;;) {
        CO_TRY(const std::size_t count, co_await request.body_stream->read(buffer));
        if (count == 0) break;
        const auto written = co_await stream->write(Bytes(buffer).first(count));
        if (!written) {
            ingest::ImportResult rejected;
            rejected.error = written.error();
            co_return rejected;
        }
    }
    co_return co_await stream->finish();
}

}  // namespace larmor::api
