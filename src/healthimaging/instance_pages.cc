#include "healthimaging/instance_pages.h"

namespace larmor::healthimaging {

Result<std::vector<ListedInstance>> InstancePages::next() {
    while (!done_) {
        TRY(auto page,
            database_.read([&](db::Snapshot& snapshot) { return read_page(snapshot); }));
        if (!page.empty()) return page;
    }
    return std::vector<ListedInstance>();
}

Result<std::vector<ListedInstance>> InstancePages::read_page(db::Snapshot& snapshot) {
    TRY(auto instances, catalog_.list_instances(snapshot, image_set_, after_, kPageInstances));
    done_ = instances.size() < kPageInstances;
    std::vector<ListedInstance> page;
    if (instances.empty()) return page;
    after_ = instances.back().row;
    catalog::ImageSetEdits edits;
    if (instances.front().edited_version != 0) {
        TRY(edits, catalog_.find_edits(snapshot, image_set_, version_, instances.front().row,
                                       instances.back().row));
    }
    for (auto& instance : instances) {
        if (instance.first_version > version_) continue;
        TRY(auto listed, locate(snapshot, std::move(instance), edits));
        page.push_back(std::move(listed));
    }
    return page;
}

Result<ListedInstance> InstancePages::locate(db::Snapshot& snapshot,
                                             catalog::StoredInstance instance,
                                             const catalog::ImageSetEdits& edits) const {
    ListedInstance listed;
    TRY(listed.metadata, preprocess::locate_metadata(store_, snapshot, instance));
    TRY(listed.file, store_.locate(snapshot, instance.file.object));
    TRY(const auto frames, catalog_.find_image_frames(snapshot, instance.file.object));
    if (frames) {
        TRY(listed.frames, store_.locate(snapshot, *frames));
    }
    listed.changes = edits.of(instance.row);
    listed.instance = std::move(instance);
    return listed;
}

}  // namespace larmor::healthimaging
