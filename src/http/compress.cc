#include "http/compress.h"

#include <libdeflate.h>

#include "http/field_scanner.h"
#include "http/media_type.h"

namespace larmor::http {
namespace {

/// The compressor of this thread: making one costs more than compressing a small text.
libdeflate_compressor* compressor_of(int level) {
    struct Deleter {
        void operator()(libdeflate_compressor* c) const { libdeflate_free_compressor(c); }
    };
    thread_local std::unique_ptr<libdeflate_compressor, Deleter> compressor;
    thread_local int made_for = 0;
    if (!compressor || made_for != level) {
        compressor.reset(libdeflate_alloc_compressor(level));
        made_for = level;
    }
    LARMOR_CHECK(compressor != nullptr);
    return compressor.get();
}

/// All parts as one text, or nothing when some are files.
std::optional<std::string> joined(const std::vector<Part>& parts) {
    std::string text;
    for (const auto& part : parts) {
        if (const auto* owned = std::get_if<std::string>(&part)) {
            text += *owned;
        } else if (const auto* shared =
                       std::get_if<std::shared_ptr<const std::string>>(&part)) {
            text += **shared;
        } else if (const auto* bytes = std::get_if<SharedBytes>(&part)) {
            text += as_text(bytes->bytes);
        } else {
            return std::nullopt;
        }
    }
    return text;
}

}  // namespace

std::string gzip(std::string_view text, int level) {
    auto* compressor = compressor_of(level);
    std::string out(libdeflate_gzip_compress_bound(compressor, text.size()), '\0');
    out.resize(
        libdeflate_gzip_compress(compressor, text.data(), text.size(), out.data(), out.size()));
    LARMOR_CHECK(!out.empty());
    return out;
}

bool is_compressible(std::string_view content_type) {
    const auto essence = to_lower(trim(content_type.substr(0, content_type.find(';'))));
    return essence.starts_with("text/") || essence.ends_with("+json") ||
           essence.ends_with("+xml") || essence == "application/json" ||
           essence == "application/xml" || essence == "application/javascript" ||
           essence == "application/wasm" || essence == "application/x-ndjson";
}

Response compress_if_accepted(const Headers& request_headers, Response response,
                              std::uint64_t size_min, std::uint64_t size_max) {
    const auto length = response.length();
    if (response.generator || !length || *length < size_min || *length > size_max ||
        response.headers.has("Content-Encoding") || response.headers.has("Content-Range") ||
        !is_compressible(response.headers.get("Content-Type"))) {
        return response;
    }
    // Also on the plain form: a cache must not give one to a client that wants the other.
    response.headers.add("Vary", "Accept-Encoding");
    if (!accepts_encoding(request_headers.joined("Accept-Encoding"), "gzip")) return response;
    const auto text = joined(response.parts);
    if (!text) return response;
    auto compressed = gzip(*text);
    if (compressed.size() >= text->size()) return response;
    response.parts.clear();
    response.parts.emplace_back(std::move(compressed));
    response.headers.set("Content-Encoding", "gzip");
    if (std::string etag(response.headers.get("ETag")); etag.size() > 2 && etag.back() == '"') {
        etag.insert(etag.size() - 1, "-gzip");
        response.headers.set("ETag", etag);
    }
    return response;
}

}  // namespace larmor::http
