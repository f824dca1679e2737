#include "db/sqlite/page_cache.h"

#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <new>

namespace larmor::db::sqlite {
namespace {

/// As in the file format: the locking bytes begin at 1 GiB. Source:
/// sqlite.org/fileformat2.html#the_lock_byte_page
constexpr unsigned kLockingByte = 1U << 30;

/// One connection's cache. SQLite's own cache is the layer below.
struct LayeredCache {
    sqlite3_pcache* below;
    unsigned locking_page;
    unsigned largest = 0;  ///< no page has a larger number, but perhaps the moved one
    bool has_locking_page = false;
};

LayeredCache& layered(sqlite3_pcache* cache) {
    return *reinterpret_cast<LayeredCache*>(cache);
}
sqlite3_pcache* below(sqlite3_pcache* cache) {
    return layered(cache).below;
}
/// Without functions where somebody in this process has used SQLite before.
const sqlite3_pcache_methods2& methods_below() {
    static const sqlite3_pcache_methods2 methods = [] {
        sqlite3_pcache_methods2 own{};
        sqlite3_config(SQLITE_CONFIG_GETPCACHE2, &own);
        return own;
    }();
    return methods;
}

void note(LayeredCache& cache, unsigned page) {
    if (page == cache.locking_page) {
        cache.has_locking_page = true;
    } else {
        cache.largest = std::max(cache.largest, page);
    }
}

sqlite3_pcache* cache_create(int page_bytes, int extra_bytes, int is_purgeable) {
    auto* const made = methods_below().xCreate(page_bytes, extra_bytes, is_purgeable);
    if (made == nullptr) return nullptr;
    auto* const cache = new (std::nothrow)
        LayeredCache{made, kLockingByte / static_cast<unsigned>(page_bytes) + 1};
    if (cache == nullptr) methods_below().xDestroy(made);
    return reinterpret_cast<sqlite3_pcache*>(cache);
}
void cache_destroy(sqlite3_pcache* cache) {
    const std::unique_ptr<LayeredCache> gone(&layered(cache));
    methods_below().xDestroy(gone->below);
}
void cache_size(sqlite3_pcache* cache, int pages) {
    methods_below().xCachesize(below(cache), pages);
}
int cache_page_count(sqlite3_pcache* cache) {
    return methods_below().xPagecount(below(cache));
}
sqlite3_pcache_page* cache_fetch(sqlite3_pcache* cache, unsigned page, int create) {
    auto* const fetched = methods_below().xFetch(below(cache), page, create);
    if (fetched != nullptr) note(layered(cache), page);
    return fetched;
}
void cache_unpin(sqlite3_pcache* cache, sqlite3_pcache_page* page, int discard) {
    methods_below().xUnpin(below(cache), page, discard);
}
void cache_rekey(sqlite3_pcache* cache, sqlite3_pcache_page* page, unsigned from, unsigned to) {
    methods_below().xRekey(below(cache), page, from, to);
    if (from == layered(cache).locking_page) layered(cache).has_locking_page = false;
    note(layered(cache), to);
}
void cache_truncate(sqlite3_pcache* cache, unsigned limit) {
    auto& layer = layered(cache);
    if (layer.largest < limit && !layer.has_locking_page) return;
    methods_below().xTruncate(layer.below, limit);
    layer.largest = std::min(layer.largest, limit - 1);
    if (limit <= layer.locking_page) layer.has_locking_page = false;
}
void cache_shrink(sqlite3_pcache* cache) {
    methods_below().xShrink(below(cache));
}

}  // namespace

void install_page_cache() {
    if (methods_below().xCreate == nullptr) return;  // then all goes on without it
    sqlite3_pcache_methods2 methods = methods_below();
    methods.xCreate = cache_create;
    methods.xCachesize = cache_size;
    methods.xPagecount = cache_page_count;
    methods.xFetch = cache_fetch;
    methods.xUnpin = cache_unpin;
    methods.xRekey = cache_rekey;
    methods.xTruncate = cache_truncate;
    methods.xDestroy = cache_destroy;
    methods.xShrink = cache_shrink;
    sqlite3_config(SQLITE_CONFIG_PCACHE2, &methods);
}

}  // namespace larmor::db::sqlite
