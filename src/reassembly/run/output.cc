#include "reassembly/run/output.h"

#include "reassembly/run/early_sync.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

class FolderOutput final : public Output {
public:
    FolderOutput(OutputFolder& folder, unsigned threads)
        : folder_(folder),
          root_(folder.path().string() + '/'),
          direct_(threads),
          early_([&folder] { return folder.sync(); }) {}

    Result<PlacedFile> write(const std::string& key, const std::string& staged,
                             const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override {
        auto written = write_file(root_ + key, IfThere::Refuse, file, members, &direct_);
        if (written) return placed(*written, false);
        if (written.error().code != ErrorCode::Conflict) {
            return tl::unexpected(std::move(written).error());
        }
        return stage(staged, file, members);
    }
    Result<PlacedFile> stage(const std::string& staged, const fuse::FusedFile& file,
                             std::span<MemberBytes> members) override {
        TRY(const auto written, write_file((folder_.staged() / staged).string(),
                                           IfThere::Replace, file, members, &direct_));
        return placed(written, true);
    }
    Result<void> move(const Event& file, const std::string& key) override {
        const auto to = folder_.path() / key;
        std::error_code error;
        fs::create_directories(to.parent_path(), error);
        if (!error) fs::rename(place_of(file), to, error);
        // Moved before the run was broken off.
        if (error == std::errc::no_such_file_or_directory && fs::exists(to)) return {};
        if (error) return system_failure("move a file to " + key, error.value());
        return {};
    }
    Result<void> remove(const Event& file) override {
        std::error_code error;
        fs::remove(place_of(file), error);
        if (error) return system_failure("remove " + place_of(file).string(), error.value());
        return {};
    }
    Result<void> clear_place(const std::string& key) override {
        const auto path = folder_.path() / key;
        std::error_code error;
        fs::remove(path, error);
        if (error) return system_failure("remove " + path.string(), error.value());
        // Up to the first that is not empty.
        auto above = path.parent_path();
        for (; above != folder_.path() && !error; above = above.parent_path()) {
            fs::remove(above, error);
        }
        return {};
    }
    Result<void> sync() override {
        TRY_VOID(direct_.drain());
        return early_.finish();
    }
    Result<void> write_checkpoint(std::string_view text) override {
        return folder_.write_checkpoint(text);
    }
    Result<void> complete(const std::string& json) override {
        TRY_VOID(direct_.drain());
        TRY_VOID(early_.wait());
        return folder_.complete(json);
    }

private:
    PlacedFile placed(const WrittenFile& written, bool is_staged) {
        if (written.size_bytes < OutputFile::kDirectFromBytes) early_.wrote(written.size_bytes);
        return PlacedFile{written, is_staged};
    }
    fs::path place_of(const Event& file) const {
        return file.staged.empty() ? folder_.path() / file.key : folder_.staged() / file.staged;
    }

    OutputFolder& folder_;
    std::string root_;  ///< the folder as text: a path is parsed for each file otherwise
    DirectWriter direct_;
    EarlySync early_;
};

}  // namespace

std::unique_ptr<Output> output_to(OutputFolder& folder, unsigned threads) {
    return std::make_unique<FolderOutput>(folder, threads);
}

}  // namespace larmor::reassembly::run
