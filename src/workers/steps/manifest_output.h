#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "objects/s3/client.h"

namespace larmor::workers {

/// A file of lines that is written some at a time; nobody need find it before `finish`.
class LineOutput {
public:
    virtual ~LineOutput() = default;
    /// Without the line's end. Errors: those of the disk or the bucket.
    virtual Result<void> add(std::string_view line) = 0;
    /// Durable when it returns.
    virtual Result<void> finish() = 0;
};

/// Where the files of a manifest go. What is there under a name is written over. Calls block.
class ManifestOutput {
public:
    virtual ~ManifestOutput() = default;
    /// `SUCCESS/success.ndjson`
    virtual Result<std::unique_ptr<LineOutput>> begin(const std::string& name) = 0;
    /// Whoever sees it sees all of it, and what was finished before.
    virtual Result<void> put(const std::string& name, std::string_view text) = 0;
};

/// In a folder of the server, made where it is missing.
std::unique_ptr<ManifestOutput> folder_output(std::filesystem::path folder);
/// As objects whose keys begin with `prefix`, which ends with a slash.
std::unique_ptr<ManifestOutput> bucket_output(std::unique_ptr<objects::s3::Client> client,
                                              std::string prefix);

}  // namespace larmor::workers
