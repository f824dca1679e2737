#include <algorithm>

#include "base/ids.h"
#include "base/xml_text.h"
#include "objects/s3/client.h"
#include "objects/s3/requester.h"
#include "objects/s3/xml_document.h"

namespace larmor::objects::s3 {
namespace {

constexpr std::size_t kPartsMax = 10'000;  // of S3
constexpr std::size_t kPartMin = 5 << 20;  // of S3, but for the last

/// The answer to the completion: a status of 200 is sent before the work is done, and the body
/// then says how it went.
std::optional<Failure> failure_in(const HttpAnswer& answer, const std::string& key) {
    const auto document = read_xml(answer.body);
    if (document && document->name == "CompleteMultipartUploadResult") return {};
    const std::string what = "S3 CompleteMultipartUpload " + key;
    auto failure =
        server_failure(what, answer.status, answer.body, answer.header("x-amz-request-id"));
    // No error that we can read: cut off or rewritten on the way. Asking again tells.
    if (failure.code.empty()) failure.again = true;
    return failure;
}

}  // namespace

StreamedPut::StreamedPut(Requester& requester, Client& client, std::string key,
                         StreamedPutOptions options)
    : requester_(requester),
      client_(client),
      key_(std::move(key)),
      options_(std::move(options)) {
    const auto key_is_good = check_key(key_);
    if (!key_is_good) failed_ = key_is_good.error();
    if (options_.part_bytes < kPartMin) {
        failed_ = Error{ErrorCode::InvalidInput, "a part of an upload has 5 MiB at least"};
    }
}

StreamedPut::~StreamedPut() {
    abort();
}

Result<void> StreamedPut::write(Bytes piece) {
    if (failed_) return tl::unexpected(*failed_);
    auto written = fill(piece);
    if (!written) failed_ = written.error();
    return written;
}

Result<void> StreamedPut::fill(Bytes piece) {
    size_bytes_ += piece.size();
    while (!piece.empty()) {
        // Only when more comes: what fits into one part is put with one request.
        if (buffer_.size() == options_.part_bytes) TRY_VOID(send_part());
        if (buffer_.capacity() < options_.part_bytes &&
            buffer_.size() + piece.size() > kPartMin) {
            buffer_.reserve(options_.part_bytes);
        }
        const auto room = std::min(piece.size(), options_.part_bytes - buffer_.size());
        buffer_.insert(buffer_.end(), piece.begin(),
                       piece.begin() + static_cast<std::ptrdiff_t>(room));
        piece = piece.subspan(room);
    }
    return {};
}

Result<void> StreamedPut::begin() {
    mark_ = random_id();
    Call call;
    call.name = "CreateMultipartUpload";
    call.method = "POST";
    call.key = key_;
    call.query = {{"uploads", ""}};
    call.headers = {{"content-type", options_.put.content_type},
                    {std::string(kUploadHeader), mark_}};
    if (options_.put.sha256) {
        call.headers.push_back({std::string(kSha256Header), to_hex(*options_.put.sha256)});
    }
    if (!options_.put.storage_class.empty()) {
        call.headers.push_back({"x-amz-storage-class", options_.put.storage_class});
    }
    auto outcome = requester_.run(call);
    if (!outcome) return tl::unexpected(std::move(outcome).error().error);
    TRY(upload_id_, read_upload_id(outcome->body));
    return {};
}

Result<void> StreamedPut::send_part() {
    if (upload_id_.empty()) TRY_VOID(begin());
    if (parts_.size() == kPartsMax) {
        return fail(ErrorCode::LimitExceeded, "S3 UploadPart " + key_ + ": more than " +
                                                  std::to_string(kPartsMax) + " parts of " +
                                                  std::to_string(options_.part_bytes) +
                                                  " bytes: make the parts larger");
    }
    Call call;
    call.name = "UploadPart";
    call.method = "PUT";
    call.key = key_;
    call.query = {{"partNumber", std::to_string(parts_.size() + 1)}, {"uploadId", upload_id_}};
    call.body = buffer_;
    auto outcome = requester_.run(call);
    if (!outcome) return tl::unexpected(std::move(outcome).error().error);
    Part part{std::string(outcome->header("etag"))};
    if (part.etag.empty()) {
        return fail(ErrorCode::Unavailable,
                    "S3 UploadPart " + key_ + ": an answer without ETag");
    }
    parts_.push_back(std::move(part));
    buffer_.clear();
    return {};
}

Result<PutResult> StreamedPut::finish() {
    if (failed_) return tl::unexpected(*failed_);
    auto finished = [&]() -> Result<PutResult> {
        if (upload_id_.empty()) return client_.put(key_, buffer_, options_.put);
        TRY_VOID(send_part());
        return complete();
    }();
    if (!finished) abort();
    failed_ = finished ? Error{ErrorCode::InvalidInput, "S3: this upload was finished before"}
                       : finished.error();
    return finished;
}

std::string StreamedPut::completion() const {
    std::string body = "<CompleteMultipartUpload>";
    for (std::size_t i = 0; i < parts_.size(); ++i) {
        body += "<Part><PartNumber>" + std::to_string(i + 1) + "</PartNumber><ETag>";
        append_xml_text(body, parts_[i].etag);
        body += "</ETag></Part>";
    }
    return body + "</CompleteMultipartUpload>";
}

Result<PutResult> StreamedPut::complete() {
    const std::string body = completion();
    Call call;
    call.name = "CompleteMultipartUpload";
    call.method = "POST";
    call.key = key_;
    call.query = {{"uploadId", upload_id_}};
    call.body = as_bytes(body);
    call.silence_max = requester_.options().completion_max;
    if (options_.put.if_absent == IfAbsent::Yes) {
        // Servers of before 2024 do not know the condition.
        auto there = client_.head(key_);
        if (there || there.error().code != ErrorCode::NotFound) {
            if (!there) return tl::unexpected(std::move(there).error());
            const bool is_equal = options_.put.sha256 && there->sha256 == options_.put.sha256 &&
                                  there->size_bytes == size_bytes_;
            if (!is_equal) {
                return fail(ErrorCode::Conflict, "S3 CompleteMultipartUpload " + key_ +
                                                     ": an object stands under this key");
            }
            abort();
            return PutResult{there->etag, true};
        }
        call.headers.push_back({"if-none-match", "*"});
    }
    for (unsigned number = 1;; ++number) {
        auto outcome = requester_.attempt(call, {});
        std::optional<Failure> failure;
        if (outcome) {
            failure = failure_in(*outcome, key_);
        } else {
            failure = std::move(outcome).error();
        }
        if (!failure) return settle({}, number);
        // It was done before, and the answer lost; or another has removed our parts.
        if (failure->code == "NoSuchUpload" || failure->status == 412) {
            return settle(failure->error, number);
        }
        TRY_VOID(requester_.wait_before_next(*failure, number));
    }
}

Result<PutResult> StreamedPut::settle(const Error& failure, unsigned attempts) {
    auto there = client_.head(key_);
    if (there && there->upload_mark == mark_ && there->size_bytes == size_bytes_) {
        upload_id_.clear();
        return PutResult{there->etag};
    }
    if (there && there->upload_mark == mark_) {
        return fail(ErrorCode::Corrupt, "S3 CompleteMultipartUpload " + key_ +
                                            ": the object has " +
                                            std::to_string(there->size_bytes) + " bytes, " +
                                            std::to_string(size_bytes_) + " were sent");
    }
    if (!there && there.error().code != ErrorCode::NotFound) {
        return tl::unexpected(std::move(there).error());
    }
    // That another stood there is certain; that there is no such upload may have been our
    // doing.
    const bool is_certain = failure.code == ErrorCode::Conflict || attempts == 1;
    if (!failure.message.empty() && is_certain) return tl::unexpected(failure);
    return fail(ErrorCode::OutcomeUnknown,
                "S3 CompleteMultipartUpload " + key_ +
                    ": the server says it is done, and what stands there is not ours");
}

void StreamedPut::abort() {
    if (upload_id_.empty()) return;
    Call call;
    call.name = "AbortMultipartUpload";
    call.method = "DELETE";
    call.key = key_;
    call.query = {{"uploadId", upload_id_}};
    upload_id_.clear();
    // Where it fails, the bucket's rule for incomplete uploads removes the parts.
    static_cast<void>(requester_.run(call));
}

}  // namespace larmor::objects::s3
