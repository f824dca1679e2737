#include "larmor/remote_importer.h"

#include <charconv>
#include <thread>
#include <utility>

#include "base/percent.h"
#include "dicom/file.h"
#include "dicom/tags.h"
#include "dicom/values.h"

namespace larmor {
namespace {

using namespace std::chrono_literals;
using ingest::ImportOptions;
using ingest::ImportResult;

/// A large instance is hashed, read and synced between its last byte and the answer.
constexpr auto kTimeout = 10min;
/// How often an instance that the server was too busy for (503) is sent again.
constexpr int kAttemptsMax = 20;
constexpr auto kBusyPauseMax = 10s;
/// Of a deflated data set that is only asked for its UID.
constexpr std::uint64_t kInflatedMaxBytes = 64 << 20;

std::string target_for(const ImportOptions& options) {
    std::string target = "/v1/instances";
    if (!options.study_instance_uid.empty()) {
        target += "?StudyInstanceUID=" + percent_encode(options.study_instance_uid);
    }
    return target;
}

/// Empty where it cannot be read: then the server will reject the instance.
std::string sop_instance_uid(Bytes bytes) {
    const auto file = dicom::open_file(bytes, {.inflated_max_bytes = kInflatedMaxBytes});
    if (!file) return {};
    const auto head =
        dicom::Attributes::read(file->data_set, file->encoding, dicom::tags::SOPInstanceUID);
    return head ? std::string(head->text(dicom::tags::SOPInstanceUID)) : std::string();
}

ImportResult failed(Error error) {
    ImportResult result;
    result.error = std::move(error);
    return result;
}

std::chrono::seconds retry_after(const http::ClientResponse& response) {
    const auto text = response.headers.get("Retry-After");
    unsigned seconds = 1;
    std::from_chars(text.data(), text.data() + text.size(), seconds);
    return std::min<std::chrono::seconds>(std::chrono::seconds(seconds), kBusyPauseMax);
}

}  // namespace

RemoteImporter::RemoteImporter(RunningServer server)
    : server_(std::move(server)),
      pool_({.name = "send", .threads = kConnectionsMax, .background_threads = 0}) {}
RemoteImporter::~RemoteImporter() = default;

http::ClientRequest RemoteImporter::request_for(const std::string& target) const {
    auto headers = server_.headers();
    headers.add("Content-Type", "application/dicom");
    return {.method = "POST", .target = target, .headers = std::move(headers)};
}

std::unique_ptr<http::Client> RemoteImporter::take_client() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty()) return std::make_unique<http::Client>(server_.client(kTimeout));
    auto client = std::move(idle_.back());
    idle_.pop_back();
    return client;
}

void RemoteImporter::give_back(std::unique_ptr<http::Client> client) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(client));
}

Error RemoteImporter::went_away(const Error& error) const {
    return {error.code, "the server at " + server_.name() + " went away (" + error.message +
                            "): what it acknowledged is stored, import again for the rest"};
}

/// On a thread of the pool. Sending an instance twice is harmless: the second is a duplicate.
ImportResult RemoteImporter::send(Bytes bytes, const std::string& target) {
    auto request = request_for(target);
    request.body = as_text(bytes);
    auto client = take_client();
    for (int attempt = 1;; ++attempt) {
        const auto response = client->send(request);
        if (!response) return failed(went_away(response.error()));
        auto result = read_import_answer(response->status, response->body);
        const bool busy = response->status == 503 && attempt < kAttemptsMax;
        if (!busy) {
            give_back(std::move(client));
            return result;
        }
        std::this_thread::sleep_for(retry_after(*response));
    }
}

async::Task<ImportResult> RemoteImporter::import_bytes(Bytes bytes, ImportOptions options) {
    const auto target = target_for(options);
    // As without a server, the first of those that claim one UID is the one that stays primary.
    std::optional<ingest::Turns::Turn> turn;
    if (auto uid = sop_instance_uid(bytes); !uid.empty()) {
        turn.emplace(co_await turns_.take(std::move(uid)));
    }
    const auto sent = co_await pool_.run(
        async::Priority::Normal, [&] { return send(bytes, target); }, async::WhenFull::Wait);
    if (!sent) co_return failed(sent.error());
    co_return *sent;
}

class RemoteImporter::Stream final : public ingest::ImportStream {
public:
    Stream(RemoteImporter& importer, std::string target)
        : importer_(importer),
          target_(std::move(target)),
          client_(importer.server_.client(kTimeout)) {}

    async::Task<Result<void>> write(Bytes piece) override {
        co_return co_await importer_.pool_.run(
            async::Priority::Normal, [&] { return write_now(piece); }, async::WhenFull::Wait);
    }

    async::Task<ImportResult> finish() override {
        const auto ended = co_await importer_.pool_.run(
            async::Priority::Normal, [&] { return finish_now(); }, async::WhenFull::Wait);
        if (!ended) co_return failed(ended.error());
        co_return *ended;
    }

private:
    Result<void> begin_now() {
        if (std::exchange(begun_, true)) return {};
        const auto begun = client_.begin_body(importer_.request_for(target_));
        if (!begun) return tl::unexpected(importer_.went_away(begun.error()));
        return {};
    }
    Result<void> write_now(Bytes piece) {
        TRY_VOID(begin_now());
        if (client_.write_body(piece)) return {};
        const ImportResult refused = finish_now();
        if (refused.error) return tl::unexpected(*refused.error);
        return fail(ErrorCode::Unavailable, "the server answered before it had everything");
    }
    ImportResult finish_now() {
        if (const auto begun = begin_now(); !begun) return failed(begun.error());
        const auto response = client_.end_body();
        if (!response) return failed(importer_.went_away(response.error()));
        return read_import_answer(response->status, response->body);
    }

    RemoteImporter& importer_;
    const std::string target_;
    http::Client client_;
    bool begun_ = false;
};

std::unique_ptr<ingest::ImportStream> RemoteImporter::begin(ImportOptions options) {
    return std::make_unique<Stream>(*this, target_for(options));
}

}  // namespace larmor
