#include "objects/s3/client.h"

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/xml_text.h"
#include "objects/s3/download.h"
#include "objects/s3/md5.h"
#include "objects/s3/requester.h"

namespace larmor::objects::s3 {
namespace {

constexpr std::size_t kDeleteMax = 1000;  // of one request

Result<HttpAnswer> result_of(Requester::Outcome outcome) {
    if (outcome) return *std::move(outcome);
    return tl::unexpected(std::move(outcome).error().error);
}

/// XML 1.0 can't hold every key.
bool fits_into_xml(std::string_view key) {
    return std::ranges::all_of(key, [](char c) { return c >= ' ' && c <= '~'; });
}

std::string_view name_of_tier(RestoreTier tier) {
    constexpr std::array<std::string_view, 3> kNames = {"Expedited", "Standard", "Bulk"};
    return kNames.at(static_cast<std::size_t>(tier));
}

/// Whether what stands under a key are the bytes with this hash.
bool holds(const ObjectInfo& info, Bytes body, const Sha256& hash) {
    if (info.size_bytes != body.size()) return false;
    // One that was put by somebody else has its MD5 as ETag, where it was put in one piece.
    if (info.sha256) return *info.sha256 == hash;
    return info.etag == '"' + to_hex(md5(body)) + '"';
}

Result<std::vector<DeleteFailure>> delete_page(Requester& requester,
                                               std::span<const std::string> keys) {
    std::string body = "<Delete><Quiet>true</Quiet>";
    for (const auto& key : keys) {
        body += "<Object><Key>";
        append_xml_text(body, key);
        body += "</Key></Object>";
    }
    body += "</Delete>";
    Call call;
    call.name = "DeleteObjects";
    call.method = "POST";
    call.query = {{"delete", ""}};
    call.headers = {{"content-md5", to_base64(md5(as_bytes(body)))}};
    call.body = as_bytes(body);
    TRY(const HttpAnswer answer, result_of(requester.run(call)));
    return read_delete_result(answer.body);
}

}  // namespace

Client::Client(std::unique_ptr<Requester> requester) : requester_(std::move(requester)) {}
Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::open(ClientOptions options) {
    TRY(auto requester, Requester::make(std::move(options)));
    return std::unique_ptr<Client>(new Client(std::move(requester)));
}

Result<ObjectInfo> Client::head(const std::string& key) {
    TRY_VOID(check_key(key));
    Call call;
    call.name = "HeadObject";
    call.method = "HEAD";
    call.key = key;
    TRY(const HttpAnswer answer, result_of(requester_->run(call)));
    return read_object_info(answer);
}

Result<ObjectInfo> Client::get(const std::string& key, const GetOptions& options,
                               const PieceSink& sink) {
    TRY_VOID(check_key(key));
    if (options.range && options.range->count > ~options.range->offset) {
        return fail(ErrorCode::InvalidInput, "S3 GetObject " + key + ": no such range");
    }
    if (!options.range || options.range->count > 0) {
        return Download(*requester_, key, options, sink).run();
    }
    // HTTP has no range of no bytes.
    TRY(const ObjectInfo info, head(key));
    if (options.range->offset > info.size_bytes) {
        return fail(ErrorCode::InvalidInput,
                    "S3 GetObject " + key + ": the range begins beyond the object");
    }
    return info;
}

Result<ByteBuffer> Client::get_all(const std::string& key, const GetOptions& options,
                                   std::size_t size_max_bytes) {
    ByteBuffer bytes;
    if (options.range)
        bytes.reserve(std::min<std::uint64_t>(options.range->count, size_max_bytes));
    TRY_VOID(get(key, options, [&](Bytes piece) -> Result<void> {
        if (piece.size() > size_max_bytes - bytes.size()) {
            return fail(ErrorCode::LimitExceeded, "S3 GetObject " + key + ": more than " +
                                                      std::to_string(size_max_bytes) +
                                                      " bytes");
        }
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return {};
    }));
    return bytes;
}

Result<PutResult> Client::put(const std::string& key, Bytes body, const PutOptions& options) {
    TRY_VOID(check_key(key));
    const Sha256 hash = options.sha256 ? *options.sha256 : sha256(body);
    Call call;
    call.name = "PutObject";
    call.method = "PUT";
    call.key = key;
    call.body = body;
    call.body_sha256 = hash;
    call.headers = {{"content-type", options.content_type},
                    {std::string(kSha256Header), to_hex(hash)}};
    if (!options.storage_class.empty()) {
        call.headers.push_back({"x-amz-storage-class", options.storage_class});
    }
    if (options.if_absent == IfAbsent::Yes) call.headers.push_back({"if-none-match", "*"});
    unsigned attempts = 0;
    auto outcome = requester_->run(call, &attempts);
    if (outcome) return PutResult{std::string(outcome->header("etag"))};
    Failure& failure = outcome.error();
    if (failure.status != 412) return tl::unexpected(std::move(failure).error);
    // Ours, when an attempt did its work and only its answer was lost; or another's.
    TRY(const ObjectInfo there, head(key));
    if (holds(there, body, hash)) return PutResult{there.etag, attempts == 1};
    return fail(ErrorCode::Conflict,
                "S3 PutObject " + key + ": other bytes stand under this key");
}

std::unique_ptr<StreamedPut> Client::begin_put(std::string key, StreamedPutOptions options) {
    return std::make_unique<StreamedPut>(*requester_, *this, std::move(key),
                                         std::move(options));
}

Result<ListPage> Client::list(const ListOptions& options) {
    Call call;
    call.name = "ListObjectsV2";
    call.method = "GET";
    call.query = {{"list-type", "2"},
                  {"encoding-type", "url"},
                  {"max-keys", std::to_string(options.keys_max)}};
    const auto add = [&](const char* name, const std::string& value) {
        if (!value.empty()) call.query.emplace_back(name, value);
    };
    add("prefix", options.prefix);
    add("delimiter", options.delimiter);
    add("start-after", options.start_after);
    add("continuation-token", options.token);
    TRY(const HttpAnswer answer, result_of(requester_->run(call)));
    TRY(ListPage page, read_list_page(answer.body));
    if (!page.next.empty() && page.next == options.token) {
        return fail(ErrorCode::Unavailable, "S3 ListObjectsV2: the same page again");
    }
    return page;
}

Result<void> Client::remove(const std::string& key) {
    TRY_VOID(check_key(key));  // without a key it would be the bucket
    Call call;
    call.name = "DeleteObject";
    call.method = "DELETE";
    call.key = key;
    auto outcome = result_of(requester_->run(call));
    if (!outcome && outcome.error().code != ErrorCode::NotFound) {
        return tl::unexpected(std::move(outcome).error());
    }
    return {};
}

Result<std::vector<DeleteFailure>> Client::remove_many(std::span<const std::string> keys) {
    std::vector<DeleteFailure> failures;
    std::vector<std::string> batch;
    const auto send = [&]() -> Result<void> {
        if (batch.empty()) return {};
        TRY(auto failed, delete_page(*requester_, batch));
        std::ranges::move(failed, std::back_inserter(failures));
        batch.clear();
        return {};
    };
    for (const auto& key : keys) {
        TRY_VOID(check_key(key));
        if (fits_into_xml(key)) {
            batch.push_back(key);
            if (batch.size() == kDeleteMax) TRY_VOID(send());
            continue;
        }
        auto alone = remove(key);
        if (!alone) failures.push_back({key, std::move(alone).error()});
    }
    TRY_VOID(send());
    return failures;
}

Result<std::uint64_t> Client::abort_uploads(const std::string& prefix) {
    return abort_uploads(prefix, Which::WithPrefix);
}

Result<std::uint64_t> Client::abort_uploads_of(const std::string& key) {
    return abort_uploads(key, Which::WithKey);
}

Result<std::uint64_t> Client::abort_uploads(const std::string& prefix, Which which) {
    std::uint64_t count = 0;
    for (OpenUpload from;;) {
        Call call;
        call.name = "ListMultipartUploads";
        call.method = "GET";
        // Not encoded: Ceph's gateway then encodes the keys and does not say so.
        call.query = {{"uploads", ""}, {"prefix", prefix}};
        if (!from.key.empty()) {
            call.query.emplace_back("key-marker", from.key);
            call.query.emplace_back("upload-id-marker", from.id);
        }
        TRY(const HttpAnswer answer, result_of(requester_->run(call)));
        TRY(UploadPage page, read_upload_page(answer.body));
        for (const auto& upload : page.uploads) {
            if (which == Which::WithKey && upload.key != prefix) continue;
            Call abort;
            abort.name = "AbortMultipartUpload";
            abort.method = "DELETE";
            abort.key = upload.key;
            abort.query = {{"uploadId", upload.id}};
            auto outcome = result_of(requester_->run(abort));
            if (!outcome && outcome.error().code != ErrorCode::NotFound) {
                return tl::unexpected(std::move(outcome).error());
            }
            count += outcome ? 1 : 0;
        }
        if (page.next.key.empty()) return count;
        if (page.next.key == from.key && page.next.id == from.id) {
            return fail(ErrorCode::Unavailable, "S3 ListMultipartUploads: the same page again");
        }
        from = std::move(page.next);
    }
}

Result<std::string> Client::presign_get(const std::string& key, std::chrono::seconds expires) {
    return requester_->presign("GET", key, expires);
}

Result<std::string> Client::presign_put(const std::string& key, std::chrono::seconds expires) {
    return requester_->presign("PUT", key, expires);
}

Result<Restore> Client::request_restore(const std::string& key, unsigned days,
                                        RestoreTier tier) {
    TRY_VOID(check_key(key));
    const std::string body =
        "<RestoreRequest xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">"
        "<Days>" +
        std::to_string(days) + "</Days><GlacierJobParameters><Tier>" +
        std::string(name_of_tier(tier)) + "</Tier></GlacierJobParameters></RestoreRequest>";
    Call call;
    call.name = "RestoreObject";
    call.method = "POST";
    call.key = key;
    call.query = {{"restore", ""}};
    call.body = as_bytes(body);
    auto outcome = requester_->run(call);
    if (outcome) return outcome->status == 202 ? Restore::Ongoing : Restore::Done;
    // Asked for before, perhaps by ourselves with an answer that was lost.
    if (outcome.error().code == "RestoreAlreadyInProgress") return Restore::Ongoing;
    return tl::unexpected(std::move(outcome).error().error);
}

}  // namespace larmor::objects::s3
