#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/chain.h"

namespace larmor::audit {

/// `00000001.jsonl`
std::string file_name(std::uint64_t number);
/// The numbers of the files in a trail's folder, rising. Errors: those of listing a folder.
Result<std::vector<std::uint64_t>> list_files(const std::filesystem::path& folder);

/// How far a file is as it was written.
struct FileScan {
    std::string trail;             ///< of its head; empty when not even that could be read
    ChainEnd end;                  ///< of the last whole batch
    std::uint64_t size_bytes = 0;  ///< up to the end of the last whole batch
    std::uint64_t batches = 0;
    std::optional<Error> bad;  ///< what is wrong behind it
};
/// Reads the batches of file `number` one after the other up to the first that is bad. `see`
/// gets each whole one. Goes on where `scan` stands: a file that is still written grows.
void scan_on(Bytes file, std::uint64_t number, FileScan& scan,
             const std::function<void(const Batch&)>& see = {});
FileScan scan_file(Bytes file, std::uint64_t number, const ChainEnd& before,
                   const std::function<void(const Batch&)>& see = {});

}  // namespace larmor::audit
