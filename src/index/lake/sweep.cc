#include "index/lake/sweep.h"

#include <algorithm>
#include <set>

namespace larmor::index::lake {

Result<Manifest> newest_manifest(Store& store) {
    // One that is removed meanwhile is not the newest any more.
    for (int tries = 0; tries < 5; ++tries) {
        TRY(const auto names, store.list(std::string(kManifests)));
        std::int64_t newest = 0;
        for (const auto& name : names) {
            newest = std::max(newest, manifest_number(name).value_or(0));
        }
        if (newest == 0) return Manifest{};
        const auto json = store.get(manifest_name(newest));
        if (!json && json.error().code == ErrorCode::NotFound) continue;
        if (!json) return tl::unexpected(json.error());
        return parse_manifest(*json);
    }
    return fail(ErrorCode::Unavailable, "the manifests of the lake go away while one reads");
}

Result<std::size_t> Sweep::run() {
    // Files first: what comes into a manifest meanwhile is of use.
    std::vector<std::string> names;
    for (const Table table : kTables) {
        TRY(const auto some, store_.list(std::string(name_of(table)) + "/"));
        names.insert(names.end(), some.begin(), some.end());
    }
    TRY(const auto own, store_.list("_larmor/"));
    names.insert(names.end(), own.begin(), own.end());
    TRY(const auto manifest, newest_manifest(store_));
    std::set<std::string> useful = {manifest_name(manifest.number), std::string(kLockName)};
    for (const auto& file : manifest.files) useful.insert(path_of(file));

    const auto now = clock_.uptime();
    std::map<std::string, std::chrono::microseconds> useless;
    std::vector<std::string> removed;
    for (const auto& name : names) {
        if (useful.contains(name)) continue;
        const auto before = useless_since_.find(name);
        const auto since = before == useless_since_.end() ? now : before->second;
        if (now - since >= grace_) {
            removed.push_back(name);
        } else {
            useless.emplace(name, since);
        }
    }
    useless_since_ = std::move(useless);
    TRY_VOID(store_.remove(removed));
    return removed.size();
}

}  // namespace larmor::index::lake
