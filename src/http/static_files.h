#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "http/router.h"

namespace larmor::http {

struct StaticOptions {
    std::filesystem::path folder = {};
    /// Sent for a path without a dot in its last segment that names no file, so that a page's
    /// own routes work after a reload; empty: 404.
    std::string fallback = "index.html";
    /// Names under this prefix carry a hash of their content and are cached for a year.
    std::string immutable_prefix = "assets/";
    std::uint64_t size_max = 64 * 1024 * 1024;  ///< of all files together
    Headers extra_headers = {};  ///< on every response, e.g. Content-Security-Policy
};

/// The Content-Type of a file name, by its extension; application/octet-stream if unknown.
std::string_view content_type_of(std::string_view file_name);

/// The files of a folder, read into memory once, compressed once (`x.gz` beside `x` is taken
/// instead where it exists), with ETags. A request looks up a name in a table: no path from
/// outside ever reaches the file system.
class StaticFiles {
public:
    /// Errors: NotFound without the folder, LimitExceeded over size_max, those of reading.
    static Result<std::shared_ptr<const StaticFiles>> load(StaticOptions options);
    ~StaticFiles();

    /// Answers GET and HEAD for a decoded path relative to the folder ("" is index.html).
    Response answer(std::string_view path, Method method, const Headers& request_headers) const;
    std::size_t file_count() const;

    /// A route `prefix/{path...}` that serves this.
    static Route route(std::shared_ptr<const StaticFiles> files, std::string prefix,
                       Right right);

private:
    struct State;
    explicit StaticFiles(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

}  // namespace larmor::http
