#include "http/static_files.h"

#include <algorithm>
#include <unordered_map>

#include "base/file.h"
#include "base/hash.h"
#include "http/compress.h"
#include "http/conditional.h"
#include "http/media_type.h"

namespace larmor::http {
namespace {

struct StaticFile {
    std::string content_type;
    std::string etag;
    std::shared_ptr<const std::string> plain;
    std::shared_ptr<const std::string> gzipped;  ///< null when it is not smaller
    bool immutable = false;
};

constexpr std::pair<std::string_view, std::string_view> kContentTypes[] = {
    {".html", "text/html; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".mjs", "text/javascript; charset=utf-8"},
    {".css", "text/css; charset=utf-8"},
    {".json", "application/json"},
    {".map", "application/json"},
    {".svg", "image/svg+xml"},
    {".png", "image/png"},
    {".jpg", "image/jpeg"},
    {".jpeg", "image/jpeg"},
    {".webp", "image/webp"},
    {".ico", "image/vnd.microsoft.icon"},
    {".woff2", "font/woff2"},
    {".wasm", "application/wasm"},
    {".txt", "text/plain; charset=utf-8"},
    {".webmanifest", "application/manifest+json"},
};

}  // namespace

std::string_view content_type_of(std::string_view file_name) {
    for (const auto& [extension, type] : kContentTypes) {
        if (file_name.ends_with(extension)) return type;
    }
    return "application/octet-stream";
}

struct StaticFiles::State {
    StaticOptions options;
    std::unordered_map<std::string, StaticFile> files;  ///< by path relative to the folder

    const StaticFile* find(std::string_view path) const {
        const auto found = files.find(std::string(path.empty() ? "index.html" : path));
        return found == files.end() ? nullptr : &found->second;
    }
};

StaticFiles::StaticFiles(std::unique_ptr<State> state) : state_(std::move(state)) {}
StaticFiles::~StaticFiles() = default;

Result<std::shared_ptr<const StaticFiles>> StaticFiles::load(StaticOptions options) {
    namespace fs = std::filesystem;
    auto state = std::make_unique<State>();
    state->options = std::move(options);
    const auto& folder = state->options.folder;
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
        return fail(ErrorCode::NotFound, "no folder of static files: " + folder.string());
    }
    std::uint64_t left = state->options.size_max;
    auto entries = fs::recursive_directory_iterator(folder, error);
    if (error) return system_failure("read " + folder.string(), error.value());
    for (; entries != fs::recursive_directory_iterator(); entries.increment(error)) {
        if (error) return system_failure("read " + folder.string(), error.value());
        // A link could lead out of the folder.
        if (entries->is_symlink(error) || !entries->is_regular_file(error)) continue;
        const auto name = entries->path().lexically_relative(folder).generic_string();
        TRY(std::string text, read_file(entries->path(), left));
        left -= text.size();
        StaticFile file;
        file.content_type = content_type_of(name);
        file.etag = etag_of(to_hex(sha256(as_bytes(text))).substr(0, 32));
        file.immutable = !state->options.immutable_prefix.empty() &&
                         name.starts_with(state->options.immutable_prefix);
        file.plain = std::make_shared<const std::string>(std::move(text));
        state->files.emplace(name, std::move(file));
    }
    for (auto& [name, file] : state->files) {
        if (const auto beside = state->files.find(name + ".gz"); beside != state->files.end()) {
            file.gzipped = beside->second.plain;
        } else if (is_compressible(file.content_type)) {
            auto compressed = gzip(*file.plain, 9);
            if (compressed.size() < file.plain->size()) {
                file.gzipped = std::make_shared<const std::string>(std::move(compressed));
            }
        }
    }
    return std::shared_ptr<const StaticFiles>(new StaticFiles(std::move(state)));
}

std::size_t StaticFiles::file_count() const {
    return state_->files.size();
}

Response StaticFiles::answer(std::string_view path, Method method,
                             const Headers& request_headers) const {
    const auto* file = state_->find(path);
    const auto last = path.substr(path.rfind('/') + 1);
    if (!file && !state_->options.fallback.empty() &&
        last.find('.') == std::string_view::npos) {
        file = state_->find(state_->options.fallback);
    }
    if (!file) return problem(404, "there is no such file");

    Response response;
    response.headers = state_->options.extra_headers;
    response.headers.add("Content-Type", file->content_type);
    response.headers.add("X-Content-Type-Options", "nosniff");
    response.headers.add("Cache-Control",
                         file->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    auto etag = file->etag;
    if (file->gzipped) {
        response.headers.add("Vary", "Accept-Encoding");
        if (accepts_encoding(request_headers.joined("Accept-Encoding"), "gzip")) {
            response.headers.add("Content-Encoding", "gzip");
            etag.insert(etag.size() - 1, "-gzip");
            response.parts.emplace_back(file->gzipped);
        }
    }
    if (response.parts.empty()) response.parts.emplace_back(file->plain);
    response.headers.add("ETag", etag);
    return with_conditions(method, request_headers, std::move(response));
}

namespace {
Task<Response> answer_static(std::shared_ptr<const StaticFiles> files, Request request) {
    co_return files->answer(request.path_parameter("path"), request.method, request.headers);
}
}  // namespace

Route StaticFiles::route(std::shared_ptr<const StaticFiles> files, std::string prefix,
                         Right right) {
    return Route{.method = Method::Get,
                 .pattern = std::move(prefix) + "/{path...}",
                 .name = "static",
                 .right = std::move(right),
                 .handler = [files = std::move(files)](Request request) {
                     return answer_static(files, std::move(request));
                 }};
}

}  // namespace larmor::http
