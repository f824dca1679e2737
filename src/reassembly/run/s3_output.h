#pragma once
#include <array>
#include <atomic>
#include <mutex>
#include <optional>

#include "objects/s3/address.h"
#include "objects/s3/client.h"
#include "reassembly/run/output.h"

namespace larmor::reassembly::run {

/// A run whose instances go straight to S3, each put whole, while its work folder here has its
/// checkpoint, what waits, and the report until it is put too.
///
/// A place in S3 is that of one run: `.reassembly/run.json` there has its fingerprint, the
/// place and an id, and the work folder has the same, so that no two processes write into it,
/// and none counts as put what was put elsewhere. When the run is finished, `complete.json` in
/// the work folder names the place.
///
/// A put is durable when it is answered. What was put behind the last checkpoint stands there
/// when a run goes on; what it makes of the same members again is the same, and is compared
/// with it instead of being put: what goes with one request by the SHA-256 that it was put
/// with.
class S3Output final : public Output {
public:
    /// Takes a place that is empty, or goes on with the run of this work folder that was broken
    /// off there; where that has no checkpoint it begins again, and what was put is removed.
    /// Where the place holds this run finished, a folder that is not at one into another place
    /// is, too. `client` and `folder` must outlive it. Errors: Conflict for a place that holds
    /// anything else, and for one or a folder whose run is another; those of the client and of
    /// the disk.
    static Result<std::unique_ptr<S3Output>> open(objects::s3::Client& client,
                                                  const objects::s3::Address& address,
                                                  OutputFolder& folder,
                                                  const std::string& fingerprint);

    /// What `complete.json` there says, where the run is finished and nothing is to do.
    const std::optional<std::string>& finished() const { return finished_; }

    Result<PlacedFile> write(const std::string& key, const std::string& staged,
                             const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override;
    Result<PlacedFile> stage(const std::string& staged, const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override;
    Result<void> move(const Event& file, const std::string& key) override;
    Result<void> remove(const Event& file) override;
    Result<void> clear_place(const std::string& key) override;
    Result<void> sync() override { return folder_.sync(); }
    Result<void> write_checkpoint(std::string_view text) override {
        return folder_.write_checkpoint(text);
    }
    Result<void> complete(const std::string& json) override;

private:
    S3Output(objects::s3::Client& client, const objects::s3::Address& address,
             OutputFolder& folder)
        : client_(client),
          prefix_(address.as_prefix()),
          place_(address.text_of(prefix_)),
          folder_(folder) {}

    Result<void> begin(const std::string& fingerprint);
    Result<std::string> read_mark(const std::string& name);
    Result<void> take_place(const std::string& fingerprint, const std::string& mark);
    Result<void> take_empty_place(const std::string& fingerprint);
    /// The end of the JSON of the work folder's marks.
    std::string place_member() const;
    Result<void> complete_folder(std::string_view json);
    Result<bool> is_empty();
    Result<void> remove_below(const std::string& name);
    Result<PlacedFile> put_whole(const std::string& key, const std::string& staged,
                                 const fuse::FusedFile& file, std::span<MemberBytes> members);
    /// What an attempt before put there, as far as it is looked for.
    Result<std::optional<objects::s3::ObjectInfo>> put_before(const std::string& key);
    Result<PlacedFile> put_streamed(const std::string& key, const std::string& staged,
                                    const fuse::FusedFile& file,
                                    std::span<MemberBytes> members);
    Result<PlacedFile> compare(const std::string& key, const std::string& staged,
                               const fuse::FusedFile& file, std::span<MemberBytes> members);
    Result<void> put_file(const std::filesystem::path& from, const std::string& key);
    Result<void> move_object(const Event& file, const std::string& key);
    /// What was to be moved there is gone: well, where it was moved before.
    Result<void> was_moved_to(const std::string& key, const Error& otherwise);

    objects::s3::Client& client_;
    const std::string prefix_;  ///< before each key
    const std::string place_;   ///< as people read it, without the endpoint
    OutputFolder& folder_;
    std::optional<std::string> finished_;
    std::array<std::mutex, 1024> being_written_;  ///< by key
    std::atomic<unsigned> absent_{0};             ///< looked for one after the other, in vain
};

}  // namespace larmor::reassembly::run
