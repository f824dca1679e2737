// Any bytes as the manifest of a lake, which also others than us can write: what is read of it
// names files below the lake and no others, and says the same when it is written again.
#include <algorithm>
#include <set>

#include "index/lake/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larmor;
    using namespace larmor::index;
    const auto input = as_text(std::as_bytes(std::span(data, size)));

    if (const auto number = lake::manifest_number(input)) {
        LARMOR_CHECK(*number > 0 && lake::manifest_name(*number) == input);
    }
    const auto manifest = lake::parse_manifest(input);
    if (!manifest) {
        LARMOR_CHECK(manifest.error().code == ErrorCode::Corrupt ||
                     manifest.error().code == ErrorCode::Unsupported);
        return 0;
    }
    LARMOR_CHECK(manifest->number >= 0);
    std::set<std::string> paths;
    for (const auto& file : manifest->files) {
        const auto path = lake::path_of(file);
        LARMOR_CHECK(
            path.starts_with(std::string(lake::name_of(file.table)) + "/study_month="));
        LARMOR_CHECK(std::ranges::all_of(path, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '=' ||
                   c == '-' || c == '_' || c == '.';
        }));
        LARMOR_CHECK(path.find("..") == std::string::npos);
        LARMOR_CHECK(paths.insert(path).second);
        LARMOR_CHECK(file.rows >= 0 && file.bytes >= 0);
    }
    const auto again = lake::parse_manifest(lake::to_json(*manifest));
    LARMOR_CHECK(again && *again == *manifest);
    LARMOR_CHECK(!lake::views_of(*manifest, "/a lake/").empty());
    return 0;
}
