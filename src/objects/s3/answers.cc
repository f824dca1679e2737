#include "objects/s3/answers.h"

#include <curl/curl.h>

#include <charconv>

#include "base/percent.h"
#include "objects/s3/xml_document.h"

namespace larmor::objects::s3 {
namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) return {};
    return value;
}

/// `name="value"` of x-amz-restore.
std::string_view quoted(std::string_view text, std::string_view name) {
    const auto at = text.find(std::string(name) + "=\"");
    if (at == std::string_view::npos) return {};
    text.remove_prefix(at + name.size() + 2);
    return text.substr(0, text.find('"'));
}

void read_restore(ObjectInfo& info, std::string_view header) {
    if (header.empty()) return;
    if (quoted(header, "ongoing-request") == "true") {
        info.restore = Restore::Ongoing;
        return;
    }
    info.restore = Restore::Done;
    const std::string date(quoted(header, "expiry-date"));
    const auto seconds = curl_getdate(date.c_str(), nullptr);
    if (seconds >= 0) info.restored_until = Time(std::chrono::seconds(seconds));
}

std::optional<Sha256> read_sha256(std::string_view hex) {
    const auto bytes = from_hex(hex);
    Sha256 hash{};
    if (!bytes || bytes->size() != hash.size()) return {};
    std::ranges::copy(*bytes, hash.begin());
    return hash;
}

tl::unexpected<Error> not_an_answer(std::string_view what) {
    return fail(ErrorCode::Unavailable, "not an answer to " + std::string(what));
}

Result<XmlElement> read_answer(std::string_view body, std::string_view root,
                               std::string_view call) {
    auto document = read_xml(body);
    if (!document) return not_an_answer(std::string(call) + ": " + document.error().message);
    if (document->name != root) return not_an_answer(call);
    return document;
}

/// A key as the listing `document` writes it.
Result<std::string> key_in(const XmlElement& document, std::string_view text) {
    if (document.text_of("EncodingType") != "url") return std::string(text);
    return percent_decode(text, PlusIsSpace::Yes);
}

}  // namespace

bool is_cold(std::string_view storage_class) {
    return storage_class == "GLACIER" || storage_class == "DEEP_ARCHIVE";
}

bool ObjectInfo::is_readable() const {
    return !is_archived && (!is_cold(storage_class) || restore == Restore::Done);
}

std::optional<ContentRange> read_content_range(std::string_view value) {
    constexpr std::string_view kUnit = "bytes ";
    if (!value.starts_with(kUnit)) return {};
    value.remove_prefix(kUnit.size());
    const auto hyphen = value.find('-');
    const auto slash = value.find('/');
    if (hyphen == std::string_view::npos || slash == std::string_view::npos || hyphen > slash) {
        return {};
    }
    const auto first = number_in(value.substr(0, hyphen));
    const auto last = number_in(value.substr(hyphen + 1, slash - hyphen - 1));
    const auto total = number_in(value.substr(slash + 1));
    if (!first || !last || !total || *first > *last || *last >= *total) return {};
    return ContentRange{*first, *last, *total};
}

Result<ObjectInfo> read_object_info(const HttpAnswer& answer) {
    ObjectInfo info;
    const auto range = read_content_range(answer.header("content-range"));
    const auto length = number_in(answer.header("content-length"));
    if (!range && (answer.status == 206 || !length)) {
        return fail(ErrorCode::Unavailable, "the answer does not say the object's size");
    }
    info.size_bytes = range ? range->total : *length;
    info.etag = answer.header("etag");
    info.storage_class = answer.header("x-amz-storage-class");
    info.sha256 = read_sha256(answer.header(kSha256Header));
    info.upload_mark = answer.header(kUploadHeader);
    info.is_archived = !answer.header("x-amz-archive-status").empty();
    read_restore(info, answer.header("x-amz-restore"));
    return info;
}

Result<UploadPage> read_upload_page(std::string_view body) {
    TRY(const XmlElement document,
        read_answer(body, "ListMultipartUploadsResult", "ListMultipartUploads"));
    UploadPage page;
    for (const auto& child : document.children) {
        if (child.name != "Upload") continue;
        OpenUpload upload;
        TRY(upload.key, key_in(document, child.text_of("Key")));
        upload.id = child.text_of("UploadId");
        if (upload.key.empty() || upload.id.empty()) {
            return not_an_answer("ListMultipartUploads: an upload without key or id");
        }
        page.uploads.push_back(std::move(upload));
    }
    if (document.text_of("IsTruncated") == "true") {
        TRY(page.next.key, key_in(document, document.text_of("NextKeyMarker")));
        page.next.id = document.text_of("NextUploadIdMarker");
        if (page.next.key.empty()) {
            return not_an_answer("ListMultipartUploads: cut without a marker");
        }
    }
    return page;
}

Result<ListPage> read_list_page(std::string_view body) {
    TRY(const XmlElement document, read_answer(body, "ListBucketResult", "ListObjectsV2"));
    ListPage page;
    for (const auto& child : document.children) {
        if (child.name == "Contents") {
            ListedObject object;
            TRY(object.key, key_in(document, child.text_of("Key")));
            const auto size = number_in(child.text_of("Size"));
            if (!size || object.key.empty()) {
                return not_an_answer("ListObjectsV2: an object without key or size");
            }
            object.size_bytes = *size;
            object.etag = child.text_of("ETag");
            object.storage_class = child.text_of("StorageClass");
            page.objects.push_back(std::move(object));
        } else if (child.name == "CommonPrefixes") {
            TRY(std::string prefix, key_in(document, child.text_of("Prefix")));
            page.prefixes.push_back(std::move(prefix));
        }
    }
    if (document.text_of("IsTruncated") == "true") {
        page.next = document.text_of("NextContinuationToken");
        if (page.next.empty()) return not_an_answer("ListObjectsV2: cut without a token");
    }
    return page;
}

Result<std::string> read_upload_id(std::string_view body) {
    TRY(const XmlElement document,
        read_answer(body, "InitiateMultipartUploadResult", "CreateMultipartUpload"));
    std::string id(document.text_of("UploadId"));
    if (id.empty()) return not_an_answer("CreateMultipartUpload: no id");
    return id;
}

Result<std::vector<DeleteFailure>> read_delete_result(std::string_view body) {
    TRY(const XmlElement document, read_answer(body, "DeleteResult", "DeleteObjects"));
    std::vector<DeleteFailure> failures;
    for (const auto& child : document.children) {
        if (child.name != "Error") continue;
        auto failure = failure_of("S3 DeleteObjects", 200, child.text_of("Code"),
                                  child.text_of("Message"), {});
        failures.push_back({std::string(child.text_of("Key")), std::move(failure.error)});
    }
    return failures;
}

}  // namespace larmor::objects::s3
