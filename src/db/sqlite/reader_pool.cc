#include "db/sqlite/reader_pool.h"

namespace larmor::db::sqlite {
namespace {

/// Instructions of SQLite's machine between two looks at the clock: some 20 us.
constexpr int kInstructionsBetweenLooks = 2000;

}  // namespace

class ReaderPool::ReadSnapshot final : public Snapshot {
public:
    explicit ReadSnapshot(Reader& reader) : reader_(reader) {}
    Result<Query> prepare(std::string_view sql) override {
        if (std::chrono::steady_clock::now() > reader_.deadline) {
            return tl::unexpected(error_of(SQLITE_INTERRUPT, nullptr, "SQL"));
        }
        return reader_.connection->prepare(sql);
    }

private:
    Reader& reader_;
};

ReaderPool::ReaderPool(std::vector<std::unique_ptr<Connection>> connections, Limits limits)
    : limits_(limits) {
    for (auto& connection : connections) {
        auto reader = std::make_unique<Reader>();
        reader->connection = std::move(connection);
        sqlite3_progress_handler(reader->connection->handle(), kInstructionsBetweenLooks,
                                 &ReaderPool::on_progress, reader.get());
        free_.push_back(reader.get());
        readers_.push_back(std::move(reader));
    }
}

int ReaderPool::on_progress(void* reader) {
    return std::chrono::steady_clock::now() > static_cast<Reader*>(reader)->deadline ? 1 : 0;
}

Result<ReaderPool::Reader*> ReaderPool::take() {
    std::unique_lock lock(mutex_);
    if (!freed_.wait_for(lock, limits_.wait, [&] { return !free_.empty(); })) {
        return fail(ErrorCode::Unavailable, "all " + std::to_string(readers_.size()) +
                                                " readers of the library are busy");
    }
    // The last one given back: its pages are warm.
    Reader* reader = free_.back();
    free_.pop_back();
    return reader;
}

void ReaderPool::give_back(Reader* reader) {
    {
        const std::lock_guard lock(mutex_);
        free_.push_back(reader);
    }
    freed_.notify_one();
}

Result<void> ReaderPool::run(const std::function<void(Snapshot&)>& f) {
    TRY(Reader* const reader, take());
    const std::unique_ptr<Reader, std::function<void(Reader*)>> returned(
        reader, [this](Reader* done) { give_back(done); });
    reader->deadline = std::chrono::steady_clock::now() + limits_.held;

    TRY_VOID(reader->connection->run("BEGIN"));
    // Also when f throws: an open transaction would hold the log for good.
    const std::unique_ptr<Connection, void (*)(Connection*)> ended(
        reader->connection.get(), [](Connection* connection) {
            if (connection->in_transaction()) {
                static_cast<void>(connection->run("ROLLBACK"));
            }
        });
    ReadSnapshot snapshot(*reader);
    f(snapshot);
    return {};
}

}  // namespace larmor::db::sqlite
