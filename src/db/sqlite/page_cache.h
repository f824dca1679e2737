#pragma once

namespace larmor::db::sqlite {

/// Puts a layer over SQLite's page cache that spares commits a walk over all of it. To be
/// called once a process, before SQLite is used.
///
/// Where a balanced b-tree gets its pages into order, SQLite gives one of them, for a moment,
/// the number of the page that holds the locking bytes (262,145 with pages of 4 KiB). Its cache
/// keeps that as the largest number that it has seen, and so every such commit to a library
/// below 1 GiB looks at all pages for some to be dropped behind the library's end: 1 ms with a
/// cache of 128 MiB. The layer knows better. Source: balance_nonroot and pcache1Truncate of
/// SQLite 3.40.1.
void install_page_cache();

}  // namespace larmor::db::sqlite
