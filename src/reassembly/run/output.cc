#include "reassembly/run/output.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

class FolderOutput final : public Output {
public:
    explicit FolderOutput(OutputFolder& folder) : folder_(folder) {}

    Result<PlacedFile> write(const std::string& key, const std::string& staged,
                             const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override {
        auto written = write_file(folder_.path() / key, file, members);
        if (written) return PlacedFile{*written};
        if (written.error().code != ErrorCode::Conflict || staged.empty()) {
            return tl::unexpected(std::move(written).error());
        }
        return stage(staged, file, members);
    }
    Result<PlacedFile> stage(const std::string& staged, const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override {
        TRY(const auto written, write_file(folder_.staged() / staged, file, members));
        return PlacedFile{written, true};
    }
    Result<void> move(const Event& file, const std::string& key) override {
        const auto to = folder_.path() / key;
        std::error_code error;
        fs::create_directories(to.parent_path(), error);
        if (!error) fs::rename(place_of(file), to, error);
        if (error) return system_failure("move a file to " + key, error.value());
        return {};
    }
    Result<void> remove(const Event& file) override {
        std::error_code error;
        fs::remove(place_of(file), error);
        if (error) return system_failure("remove " + place_of(file).string(), error.value());
        return {};
    }
    Result<void> complete(const std::string& json) override { return folder_.complete(json); }

private:
    fs::path place_of(const Event& file) const {
        return file.staged.empty() ? folder_.path() / file.key : folder_.staged() / file.staged;
    }

    OutputFolder& folder_;
};

}  // namespace

std::unique_ptr<Output> output_to(OutputFolder& folder) {
    return std::make_unique<FolderOutput>(folder);
}

}  // namespace larmor::reassembly::run
