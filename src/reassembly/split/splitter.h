#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "reassembly/split/archive_set.h"
#include "reassembly/split/split_instance.h"

namespace larmor::reassembly::split {

/// What archives are made, and what is wrong with them. Parts are in thousandths; all choices
/// follow the seed: the same files and options give the same archives.
struct SplitterOptions {
    SplitOptions instance{};
    std::uint32_t archives = 4;  ///< of each kind
    archive::Compression compression = archive::Compression::None;
    bool gzip_metadata = false;  ///< each JSON member is gzip'd
    std::uint64_t seed = 1;
    /// Each half goes to any archive, and members leave in another order than they came: at
    /// most 64 MiB or 4,096 of them wait. Otherwise archives are filled in turn, both halves
    /// alike.
    bool shuffle = false;
    std::uint32_t missing_permille = 0;    ///< instances that lose one half
    std::uint32_t duplicate_permille = 0;  ///< halves that come twice, the same
    std::uint32_t conflict_permille = 0;   ///< halves that come twice, with another content
    std::uint32_t damage_permille = 0;     ///< members with one wrong bit
    std::uint32_t truncated_archives = 0;  ///< that end early, compression and all
};

struct SplitCounts {
    std::uint64_t instances = 0;  ///< split
    std::uint64_t frames = 0;
    std::uint64_t without_pixels = 0;  ///< left out: nothing to split
    std::uint64_t repeated = 0;        ///< left out: their UID was there before
    std::uint64_t unreadable = 0;      ///< left out: no DICOM, or broken
    std::uint64_t metadata_members = 0;
    std::uint64_t image_members = 0;
    std::uint64_t bytes = 0;  ///< of all members
    std::uint64_t missing_metadata = 0;
    std::uint64_t missing_image = 0;
    std::uint64_t duplicates = 0;  ///< members that are there twice, the same
    std::uint64_t conflicts = 0;   ///< instances of which one half differs from its copy
    std::uint64_t damaged = 0;     ///< members
    std::uint64_t truncated = 0;   ///< archives
};

/// Splits instances into archives in a folder, and writes down beside them what is true of
/// them: `truth.ndjson`, docs/operating/split.md. Not safe from two threads.
class Splitter {
public:
    /// Errors: Conflict where the folder holds such archives; those of writing.
    static Result<Splitter> create(const std::filesystem::path& folder,
                                   const SplitterOptions& options);

    /// Adds a file that was read from `source`, a name for people. What can't be split is
    /// counted, and the reason given. Errors: those of writing.
    Result<std::optional<std::string>> add(const std::string& source, Bytes file);
    Result<SplitCounts> finish();

private:
    struct Waiting {
        bool is_image = false;
        std::uint32_t archive = 0;
        std::string path;
        ByteBuffer bytes;
        std::string sop_instance_uid;
        std::string copy;  ///< `duplicate`, `conflict`; empty: the first
    };
    Splitter(ArchiveSet metadata, ArchiveSet image, const SplitterOptions& options)
        : metadata_(std::move(metadata)),
          image_(std::move(image)),
          options_(options),
          random_(options.seed) {}

    bool happens(std::uint32_t permille) { return random_() % 1000 < permille; }
    Result<void> add_half(const SplitInstance& instance, bool is_image, bool& conflict);
    Result<void> wait(Waiting member);
    Result<void> put_one();
    Result<void> put_truth(const std::string& line);

    ArchiveSet metadata_;
    ArchiveSet image_;
    SplitterOptions options_;
    std::mt19937_64 random_;
    std::set<std::string> uids_;
    std::vector<Waiting> waiting_;
    std::uint64_t waiting_bytes_ = 0;
    UniqueFd truth_;
    SplitCounts counts_;
};

}  // namespace larmor::reassembly::split
