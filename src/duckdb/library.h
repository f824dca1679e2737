#pragma once
#include <memory>
#include <string>

#include "base/result.h"

namespace larmor::duckdb {

/// DuckDB's shared library, loaded when it is first needed: 60 MB that nobody has who writes no
/// Parquet. Never unloaded, since its threads may outlive whoever used it.
class Library {
public:
    /// From where the environment says (LARMOR_DUCKDB, the path of libduckdb.so), else from
    /// lib/larmor beside or above the program, else from where the system looks. Errors:
    /// Unsupported, with all that was looked at.
    static Result<const Library*> shared();

    /// Null where there is none of this name.
    void* symbol(const char* name) const;
    const std::string& path() const { return path_; }

private:
    Library(void* handle, std::string path) : handle_(handle), path_(std::move(path)) {}
    static Result<Library> load();

    void* handle_;
    std::string path_;
};

}  // namespace larmor::duckdb
