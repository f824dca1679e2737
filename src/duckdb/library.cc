#include "duckdb/library.h"

#include <dlfcn.h>

#include <cstdlib>
#include <filesystem>
#include <vector>

namespace larmor::duckdb {
namespace {

// It brings libraries of others with it, of versions of its own: an ICU whose UCaseMap is
// smaller than that which our process has under the same name, so that one's constructor
// would write beyond the other's memory. RTLD_LOCAL keeps its names from others;
// RTLD_DEEPBIND has it look for its own names in itself before it looks in the process. Of
// what it does not define, std::cout alone may be another than ours, to which DuckDB writes
// only where its log is set to go there.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Sanitizers stand between a program and libc, and so refuse RTLD_DEEPBIND.
constexpr int kHow = RTLD_NOW | RTLD_LOCAL;
#else
constexpr int kHow = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif

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
        if (void* const handle = dlopen(path.c_str(), kHow)) {
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
