#include "objects/s3/stored_upload.h"

#include <optional>

#include "objects/s3/nameless_file.h"

namespace larmor::objects::s3 {
namespace {

class StoredUpload final : public Upload {
public:
    StoredUpload(const BucketArea& area, const Clock& clock, std::string writer,
                 std::string key, UniqueFd file)
        : area_(area),
          clock_(clock),
          writer_(std::move(writer)),
          key_(std::move(key)),
          file_(std::move(file)) {}

    Result<void> write(Bytes piece) override {
        if (failed_) return tl::unexpected(*failed_);
        if (auto written = write_all(file_, piece); !written) {
            failed_ = written.error();
            return written;
        }
        hash_.update(piece);
        size_ += piece.size();
        return {};
    }

    Result<MappedFile> map() override { return MappedFile::map(file_); }
    std::uint64_t size_bytes() const override { return size_; }

    Result<StagedObject> finish(
        const std::function<std::string(const Sha256&)>& key_of) override {
        if (failed_) return tl::unexpected(*failed_);
        // Whatever goes wrong from here on, the hash can't be continued.
        failed_ = Error{ErrorCode::Unavailable, "the upload was finished before"};
        StagedObject staged;
        staged.location.sha256 = hash_.finish();
        staged.location.size_bytes = size_;
        staged.location.key = key_of ? key_of(staged.location.sha256) : key_;
        if (!is_object_key(staged.location.key)) {
            return fail(ErrorCode::InvalidInput, "not an object key");
        }
        const auto now = clock_.now().time_since_epoch().count();
        TRY(staged.intent, area_.database.write_and_wait([&](db::Transaction& tx) {
            return insert_intent(tx, staged.location.key, now, writer_);
        }));
        if (auto put = send(staged.location); !put) {
            // If this fails too, the intent stays, and its end or the next start cleans up.
            static_cast<void>(clean_up_intent(area_, {staged.intent, staged.location.key}));
            return tl::unexpected(std::move(put).error());
        }
        return staged;
    }

private:
    Result<void> send(const ObjectLocation& location) {
        if (size_ == 0) return put_object(area_, location.key, {}, location.sha256);
        TRY(const MappedFile mapped, MappedFile::map(file_));
        return put_object(area_, location.key, mapped.bytes(), location.sha256);
    }

    const BucketArea& area_;
    const Clock& clock_;
    const std::string writer_;
    const std::string key_;
    UniqueFd file_;
    Sha256Stream hash_;
    std::uint64_t size_ = 0;
    std::optional<Error> failed_;
};

}  // namespace

Result<std::unique_ptr<Upload>> begin_stored_upload(const BucketArea& area, const Clock& clock,
                                                    std::string writer, std::string key) {
    if (!is_object_key(key)) return fail(ErrorCode::InvalidInput, "not an object key");
    TRY(UniqueFd file, make_nameless_file(area.folder));
    return std::make_unique<StoredUpload>(area, clock, std::move(writer), std::move(key),
                                          std::move(file));
}

}  // namespace larmor::objects::s3
