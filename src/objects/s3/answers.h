#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "objects/s3/http_exchange.h"

/// What answers of the server say. Source: Amazon S3 API Reference.
namespace larmor::objects::s3 {

enum class Restore : std::uint8_t {
    None,     ///< nobody asked for it
    Ongoing,  ///< asked for; it can't be read yet
    Done,     ///< it can be read until `restored_until`
};

/// Whether objects of a storage class can be read only after a restore.
bool is_cold(std::string_view storage_class);

struct ObjectInfo {
    std::uint64_t size_bytes = 0;
    std::string etag;           ///< with its quotes
    std::string storage_class;  ///< empty: the usual one
    /// Of the whole object, where whoever stored it said so (`x-amz-meta-larmor-sha256`).
    std::optional<Sha256> sha256;
    std::string upload_mark;   ///< of a multipart upload of ours
    bool is_archived = false;  ///< in an archive tier of INTELLIGENT_TIERING, until its restore
    Restore restore = Restore::None;
    std::optional<Time> restored_until;

    /// False in a cold tier from which it has not been restored.
    bool is_readable() const;
};

inline constexpr std::string_view kSha256Header = "x-amz-meta-larmor-sha256";
inline constexpr std::string_view kUploadHeader = "x-amz-meta-larmor-upload";

/// Of an answer to HEAD or GET; `size_bytes` is the object's also where a range was asked for.
/// Errors: Unavailable when the answer does not say the size.
Result<ObjectInfo> read_object_info(const HttpAnswer& answer);

/// `a-b/total` of Content-Range.
struct ContentRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
    std::uint64_t total = 0;
};
std::optional<ContentRange> read_content_range(std::string_view value);

struct ListedObject {
    std::string key;
    std::uint64_t size_bytes = 0;
    std::string etag;
    std::string storage_class;
};

struct ListPage {
    std::vector<ListedObject> objects;
    std::vector<std::string> prefixes;  ///< where a delimiter was given
    std::string next;                   ///< token of the page that follows; empty on the last
};
/// Of ListObjectsV2 with `encoding-type=url`. Errors: Unavailable when it is none.
Result<ListPage> read_list_page(std::string_view body);

/// Of CreateMultipartUpload: its id. Errors: Unavailable.
Result<std::string> read_upload_id(std::string_view body);

/// A multipart upload that was begun and neither completed nor aborted.
struct OpenUpload {
    std::string key;
    std::string id;
};
struct UploadPage {
    std::vector<OpenUpload> uploads;
    OpenUpload next;  ///< where the page that follows begins; without a key on the last
};
/// Of ListMultipartUploads. Errors: Unavailable when it is none.
Result<UploadPage> read_upload_page(std::string_view body);

struct DeleteFailure {
    std::string key;
    Error error;
};
/// Of DeleteObjects, asked quietly. Errors: Unavailable when it is none.
Result<std::vector<DeleteFailure>> read_delete_result(std::string_view body);

}  // namespace larmor::objects::s3
