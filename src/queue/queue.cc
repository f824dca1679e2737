#include "queue/queue.h"

namespace larmor::queue {

async::Task<Result<std::vector<Sent>>> Queue::send(std::vector<NewMessage> messages) {
    co_return co_await database().write(
        [&](db::Transaction& tx) { return send(tx, std::span<const NewMessage>(messages)); });
}

async::Task<Result<void>> Queue::start(std::string receipt_handle) {
    co_return co_await database().write(
        [&](db::Transaction& tx) { return start(tx, receipt_handle); });
}

async::Task<Result<void>> Queue::extend(std::string receipt_handle, microseconds timeout) {
    co_return co_await database().write(
        [&](db::Transaction& tx) { return extend(tx, receipt_handle, timeout); });
}

Result<void> Queue::remove(db::Transaction& tx, const std::string& receipt_handle) {
    return remove(tx, std::span(&receipt_handle, 1));
}

async::Task<Result<void>> Queue::remove(std::vector<std::string> receipt_handles) {
    co_return co_await database().write([&](db::Transaction& tx) {
        return remove(tx, std::span<const std::string>(receipt_handles));
    });
}

async::Task<Result<void>> Queue::release(std::string receipt_handle, Release release) {
    co_return co_await database().write(
        [&](db::Transaction& tx) { return this->release(tx, receipt_handle, release); });
}

async::Task<Result<void>> Queue::dead_letter(std::string receipt_handle, std::string reason,
                                             std::string error) {
    co_return co_await database().write(
        [&](db::Transaction& tx) { return dead_letter(tx, receipt_handle, reason, error); });
}

}  // namespace larmor::queue
