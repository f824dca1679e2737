#include "workers/steps/manifest_output.h"

#include <fcntl.h>

#include "base/file.h"

namespace larmor::workers {
namespace {

namespace fs = std::filesystem;
namespace s3 = objects::s3;

constexpr std::size_t kAtOnceBytes = 1 << 20;

/// Lines that go on together.
class GatheredLines : public LineOutput {
public:
    Result<void> add(std::string_view line) final {
        lines_.append(line).append(1, '\n');
        return lines_.size() < kAtOnceBytes ? Result<void>{} : flush();
    }
    Result<void> finish() final {
        TRY_VOID(flush());
        return end();
    }

private:
    virtual Result<void> write(Bytes lines) = 0;
    virtual Result<void> end() = 0;
    Result<void> flush() {
        TRY_VOID(write(as_bytes(lines_)));
        lines_.clear();
        return {};
    }
    std::string lines_;
};

class FolderLines final : public GatheredLines {
public:
    explicit FolderLines(UniqueFd file) : file_(std::move(file)) {}

private:
    Result<void> write(Bytes lines) override { return write_all(file_, lines); }
    Result<void> end() override { return sync_data(file_); }
    const UniqueFd file_;
};

class FolderOutput final : public ManifestOutput {
public:
    explicit FolderOutput(fs::path folder) : folder_(std::move(folder)) {}

    Result<std::unique_ptr<LineOutput>> begin(const std::string& name) override {
        const fs::path path = folder_ / name;
        std::error_code error;
        fs::create_directories(path.parent_path(), error);
        if (error) {
            return fail(ErrorCode::InvalidInput, "the output " + folder_.string() +
                                                     " can't be made: " + error.message());
        }
        TRY(UniqueFd file, open_file(path, O_WRONLY | O_CREAT | O_TRUNC));
        return std::make_unique<FolderLines>(std::move(file));
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        const fs::path unfinished = folder_ / ("." + name);
        {
            TRY(const auto file, open_file(unfinished, O_WRONLY | O_CREAT | O_TRUNC));
            TRY_VOID(write_all(file, as_bytes(text)));
            TRY_VOID(sync_data(file));
        }
        std::error_code error;
        fs::rename(unfinished, folder_ / name, error);
        if (error) {
            return fail(ErrorCode::Unavailable, folder_.string() + ": " + error.message());
        }
        return sync_directory(folder_);
    }

private:
    const fs::path folder_;
};

class BucketLines final : public GatheredLines {
public:
    explicit BucketLines(std::unique_ptr<s3::StreamedPut> put) : put_(std::move(put)) {}

private:
    Result<void> write(Bytes lines) override { return put_->write(lines); }
    Result<void> end() override {
        TRY_VOID(put_->finish());
        return {};
    }
    const std::unique_ptr<s3::StreamedPut> put_;
};

class BucketOutput final : public ManifestOutput {
public:
    BucketOutput(std::unique_ptr<s3::Client> client, std::string prefix)
        : client_(std::move(client)), prefix_(std::move(prefix)) {}

    Result<std::unique_ptr<LineOutput>> begin(const std::string& name) override {
        s3::StreamedPutOptions options;
        options.put.content_type = "application/x-ndjson";
        return std::make_unique<BucketLines>(client_->begin_put(prefix_ + name, options));
    }
    Result<void> put(const std::string& name, std::string_view text) override {
        s3::PutOptions options;
        options.content_type = "application/json";
        TRY_VOID(client_->put(prefix_ + name, as_bytes(text), options));
        return {};
    }

private:
    const std::unique_ptr<s3::Client> client_;
    const std::string prefix_;
};

}  // namespace

std::unique_ptr<ManifestOutput> folder_output(fs::path folder) {
    return std::make_unique<FolderOutput>(std::move(folder));
}

std::unique_ptr<ManifestOutput> bucket_output(std::unique_ptr<s3::Client> client,
                                              std::string prefix) {
    return std::make_unique<BucketOutput>(std::move(client), std::move(prefix));
}

}  // namespace larmor::workers
