#include "duckdb/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace larmor::duckdb {
namespace {

std::vector<std::string> candidates() {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): nobody sets the environment.
    if (const char* const named = std::getenv("LARMOR_DUCKDB")) return {named};
    std::vector<std::string> paths;
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (!error) {
        // bin/larmor of an installation or a checkout's build/ci; build/release/larmor.
        for (const char* const below : {"../lib/larmor", "lib/larmor"}) {
            const auto path = program.parent_path() / below / "libduckdb.so";
            if (std::filesystem::exists(path, error)) paths.push_back(path);
        }
    }
    paths.emplace_back("libduckdb.so");
    return paths;
}

}  // namespace

Result<Library> Library::load() {
    std::string tried;
    for (const auto& path : candidates()) {
        // Its symbols stay its own: it brings C++ libraries of others with it.
        if (void* const handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)) {
            return Library(handle, path);
        }
        // NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps it by thread.
        tried += std::string("; ") + dlerror();
    }
    return fail(ErrorCode::Unsupported,
                "Parquet is written with DuckDB's library, which is not here: put libduckdb.so "
                "1.4 into lib/larmor beside the program's bin, or name it in LARMOR_DUCKDB" +
                    tried);
}

Result<const Library*> Library::shared() {
    static const Result<Library> kLibrary = load();
    if (!kLibrary) return tl::unexpected(kLibrary.error());
    return &*kLibrary;
}

void* Library::symbol(const char* name) const {
    return dlsym(handle_, name);
}

}  // namespace larmor::duckdb
