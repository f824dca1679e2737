#include "objects/s3/download.h"

namespace larmor::objects::s3 {

Download::Download(Requester& requester, const std::string& key, const GetOptions& options,
                   const PieceSink& sink)
    : requester_(requester), key_(key), options_(options), sink_(sink) {}

Result<ObjectInfo> Download::run() {
    // Attempts that bring something do not count: a large object may take many connections.
    constexpr std::uint64_t kProgress = 64 << 10;
    unsigned number = 0;
    for (;;) {
        const auto before = delivered_;
        head_checked_ = false;
        const auto outcome = attempt();
        if (outcome) break;
        number = delivered_ - before >= kProgress ? 1 : number + 1;
        TRY_VOID(requester_.wait_before_next(outcome.error(), number));
    }
    TRY_VOID(check_hash());
    return *info_;
}

Requester::Outcome Download::attempt() {
    Call call;
    call.name = "GetObject";
    call.method = "GET";
    call.key = key_;
    const std::uint64_t start = options_.range ? options_.range->offset : 0;
    if (options_.range || delivered_ > 0) {
        const std::uint64_t count = options_.range ? options_.range->count : wanted_;
        call.headers.push_back({"range", "bytes=" + std::to_string(start + delivered_) + '-' +
                                             std::to_string(start + count - 1)});
    }
    const std::string& etag = info_ ? info_->etag : options_.etag;
    if (!etag.empty()) call.headers.push_back({"if-match", etag});

    auto outcome =
        requester_.attempt(call, [this](const HttpAnswer& answer, Bytes piece) -> Result<void> {
            return take(answer, piece);
        });
    if (!outcome) return outcome;
    const auto head = check_head(*outcome);  // of an empty object, of which no piece came
    if (!head) return tl::unexpected(Failure{head.error()});
    if (delivered_ != wanted_) {
        Failure cut{{ErrorCode::Unavailable, "S3 GetObject " + key_ + ": " +
                                                 std::to_string(delivered_) + " of " +
                                                 std::to_string(wanted_) + " bytes came"}};
        cut.again = true;
        return tl::unexpected(std::move(cut));
    }
    return outcome;
}

Result<void> Download::check_head(const HttpAnswer& answer) {
    if (std::exchange(head_checked_, true)) return {};
    TRY(ObjectInfo info, read_object_info(answer));
    const std::uint64_t start = options_.range ? options_.range->offset : 0;
    const bool is_part = options_.range || delivered_ > 0;
    const auto range = read_content_range(answer.header("content-range"));
    if (is_part && (!range || range->first != start + delivered_)) {
        return fail(ErrorCode::Unsupported,
                    "S3 GetObject " + key_ + ": the server gives another range than asked for");
    }
    const std::uint64_t wanted = options_.range ? options_.range->count : info.size_bytes;
    if (start > info.size_bytes || wanted > info.size_bytes - start) {
        return fail(ErrorCode::InvalidInput,
                    "S3 GetObject " + key_ + ": the range ends beyond the object, which has " +
                        std::to_string(info.size_bytes) + " bytes");
    }
    if (info_ && (info.size_bytes != info_->size_bytes || info.etag != info_->etag)) {
        return fail(ErrorCode::Conflict,
                    "S3 GetObject " + key_ + ": the object was replaced while it was read");
    }
    wanted_ = wanted;
    info_ = std::move(info);
    return {};
}

Result<void> Download::take(const HttpAnswer& answer, Bytes piece) {
    TRY_VOID(check_head(answer));
    if (piece.size() > wanted_ - delivered_) {
        return fail(ErrorCode::Unavailable,
                    "S3 GetObject " + key_ + ": more bytes came than were asked for");
    }
    TRY_VOID(sink_(piece));
    if (!options_.range && (options_.sha256 || info_->sha256)) hash_.update(piece);
    delivered_ += piece.size();
    return {};
}

Result<void> Download::check_hash() {
    if (options_.range) return {};
    const auto expected = options_.sha256 ? options_.sha256 : info_->sha256;
    if (!expected || hash_.finish() == *expected) return {};
    return fail(ErrorCode::Corrupt, "S3 GetObject " + key_ + ": the " +
                                        std::to_string(delivered_) +
                                        " bytes have another SHA-256 than what was stored");
}

}  // namespace larmor::objects::s3
