#include "reassembly/run/metadata_store.h"

#include <algorithm>

namespace larmor::reassembly::run {
namespace {

FoundRecord found_record(const spool::Record& record, std::uint64_t ordinal) {
    return {.archive = record.archive,
            .offset = record.offset,
            .ordinal = ordinal,
            .encoded = {record.data_set.begin(), record.data_set.end()}};
}

}  // namespace

MetadataStore::MetadataStore(const Options& options)
    : hasher_(uid_index::UidHasher::with_random_secret().with_mask(options.uid_hash_mask)),
      builder_({.threads = options.threads,
                .memory_bytes = options.index_bytes,
                .spill_folder = options.folder}) {}

Result<std::unique_ptr<MetadataStore>> MetadataStore::create(const Options& options) {
    std::unique_ptr<MetadataStore> store(new MetadataStore(options));
    TRY(store->spool_,
        spool::Spool::create({.path = options.spool, .memory_bytes = options.spool_bytes}));
    return store;
}

Result<std::unique_ptr<MetadataStore>> MetadataStore::reopen(const Options& options,
                                                             const spool::Mark& mark,
                                                             const Counts& counts) {
    std::unique_ptr<MetadataStore> store(new MetadataStore(options));
    auto& appender = store->builder_.appender(0);
    const auto visit = [&](std::uint64_t ordinal, const spool::Record& record) -> Result<void> {
        if (!counts(ordinal / spool::kRecordsPerBlock, record.archive)) return {};
        return appender.append(store->hasher_(record.uid), ordinal);
    };
    TRY(store->spool_,
        spool::Spool::reopen({.path = options.spool, .memory_bytes = options.spool_bytes}, mark,
                             visit));
    return store;
}

Result<std::uint64_t> MetadataStore::Scribe::append(const spool::Record& record) {
    TRY(const auto ordinal, writer_.append(record));
    TRY_VOID(appender_->append(store_->hasher_(record.uid), ordinal));
    return ordinal;
}

Result<void> MetadataStore::Scribe::pause() {
    // A dictionary trained on the few records of a first small archive would be none.
    return store_->spool_->begun() ? writer_.flush() : Result<void>();
}

Result<void> MetadataStore::Scribe::close() {
    TRY_VOID(writer_.flush());
    return appender_->finish();
}

Result<std::optional<spool::Mark>> MetadataStore::save() {
    if (!spool_->begun()) return std::nullopt;
    TRY(const auto mark, spool_->sync());
    return mark;
}

Result<void> MetadataStore::finish() {
    TRY(auto index, builder_.build());
    index_.emplace(std::move(index));
    return {};
}

Result<MetadataFinder> MetadataFinder::create(const MetadataStore& store) {
    TRY(auto finder, uid_index::Finder::create(*store.index_));
    return MetadataFinder(store, std::move(finder));
}

Result<FoundRecord> MetadataFinder::read(std::uint64_t ordinal) {
    TRY(const auto record, reader_.read(ordinal));
    return found_record(record, ordinal);
}

Result<void> MetadataFinder::read_all(std::span<const std::string_view> uids,
                                      std::span<const std::size_t> askers,
                                      std::span<const std::uint64_t> ordinals,
                                      std::vector<std::vector<FoundRecord>>& found) {
    const auto take = [&](std::size_t i, const spool::Record& record) -> Result<void> {
        // What the index finds is a guess by hash; this decides.
        if (record.uid == uids[askers[i]]) {
            found[askers[i]].push_back(found_record(record, ordinals[i]));
        }
        return {};
    };
    if (reads_at_once_ && ordinals.size() > 1) {
        const auto read = reader_.read_all(ordinals, take);
        if (read || read.error().code != ErrorCode::Unsupported) return read;
        // Where io_uring is forbidden.
        reads_at_once_ = false;
        for (auto& records : found) records.clear();
        reader_ = spool::Reader(*store_->spool_);
    }
    for (std::size_t i = 0; i < ordinals.size(); ++i) {
        TRY(const auto record, reader_.read(ordinals[i]));
        TRY_VOID(take(i, record));
    }
    return {};
}

Result<std::vector<std::vector<FoundRecord>>> MetadataFinder::find(
    std::span<const std::string_view> uids) {
    std::vector<uid_index::UidHash> hashes;
    for (const auto uid : uids) hashes.push_back(store_->hasher_(uid));
    std::vector<uid_index::Match> matches(uids.size());
    std::vector<std::vector<FoundRecord>> found(uids.size());
    std::vector<std::size_t> askers;
    std::vector<std::uint64_t> ordinals;
    const auto ask = [&](std::size_t i) -> Result<void> {
        const auto before = ordinals.size();
        TRY_VOID(finder_.records_of(hashes[i], matches[i], ordinals));
        askers.insert(askers.end(), ordinals.size() - before, i);
        return {};
    };
    TRY_VOID(
        finder_.find_each(hashes, matches, [&](std::size_t i, const uid_index::Match& match) {
            return match ? ask(i) : Result<void>();
        }));
    TRY_VOID(read_all(uids, askers, ordinals, found));
    // All records of a UID are in one slot; where a slot held another UID's, the next may.
    for (std::size_t i = 0; i < uids.size(); ++i) {
        while (matches[i] && found[i].empty()) {
            TRY(matches[i], finder_.find_next(hashes[i], matches[i]));
            if (!matches[i]) break;
            askers.clear();
            ordinals.clear();
            TRY_VOID(ask(i));
            std::vector<std::vector<FoundRecord>> one(uids.size());
            TRY_VOID(read_all(uids, askers, ordinals, one));
            found[i] = std::move(one[i]);
        }
        std::ranges::sort(found[i], {}, [](const FoundRecord& record) {
            return std::pair(record.archive, record.offset);
        });
    }
    return found;
}

}  // namespace larmor::reassembly::run
