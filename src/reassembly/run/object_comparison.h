#pragma once
#include <filesystem>

#include "base/file.h"
#include "objects/s3/object_source.h"

namespace larmor::reassembly::run {

/// A file that would go where an object stands: read beside that, it is written nowhere as long
/// as both are the same. From the first difference on it goes to a file here, with what came
/// before.
class ObjectComparison {
public:
    /// `client` must outlive it. `otherwise`: the file here, which is replaced. Errors: those
    /// of ObjectSource.
    static Result<ObjectComparison> open(objects::s3::Client& client, const std::string& key,
                                         std::filesystem::path otherwise);

    /// The next bytes. Errors: those of the client and of the disk.
    Result<void> write(Bytes piece);
    /// Whether both are the same to their ends; where not, the file is there, whole.
    Result<bool> finish();

private:
    ObjectComparison(objects::s3::Client& client, std::string key,
                     std::unique_ptr<objects::s3::ObjectSource> object,
                     std::filesystem::path otherwise)
        : client_(&client),
          key_(std::move(key)),
          object_(std::move(object)),
          otherwise_(std::move(otherwise)) {}
    Result<void> differ();

    objects::s3::Client* client_;
    std::string key_;
    std::unique_ptr<objects::s3::ObjectSource> object_;
    std::filesystem::path otherwise_;
    std::uint64_t same_bytes_ = 0;
    ByteBuffer theirs_;
    UniqueFd file_;  ///< once they differ
};

}  // namespace larmor::reassembly::run
