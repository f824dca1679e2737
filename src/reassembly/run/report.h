#pragma once
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "reassembly/run/archive_list.h"
#include "reassembly/run/event.h"

namespace larmor::reassembly::run {

/// What became of the members of one side; every member is one of these.
struct SideCounts {
    std::uint64_t members = 0;  ///< counted where they were read
    std::uint64_t written = 0;  ///< went into an instance
    std::uint64_t duplicates = 0;
    std::uint64_t orphans = 0;
    std::uint64_t incomplete = 0;
    std::uint64_t conflicts = 0;
    std::uint64_t corrupt = 0;
    std::uint64_t skipped = 0;  ///< belong to the other side

    std::uint64_t sum() const {
        return written + duplicates + orphans + incomplete + conflicts + corrupt + skipped;
    }
};

struct Counts {
    SideCounts metadata;
    SideCounts images;
    std::uint64_t instances = 0;       ///< files in `instances/`
    std::uint64_t bytes = 0;           ///< of them
    std::uint64_t other_syntax = 0;    ///< whose transfer syntax is not the declared one
    std::uint64_t conflict_files = 0;  ///< in `conflicts/`
    std::uint64_t damaged_places = 0;  ///< of archives, outside of members

    bool add_up() const {
        return metadata.sum() == metadata.members && images.sum() == images.members;
    }
};

/// The files of `report/`, one a kind, one JSON object a line: docs/operating/reassembly.md.
/// Lines come in the order of UIDs.
class Report {
public:
    struct Archives {
        const std::vector<ArchiveFile>& metadata;
        const std::vector<ArchiveFile>& images;
    };
    enum Kind : std::uint8_t {
        kManifest,
        kDuplicates,
        kOrphans,
        kIncomplete,
        kConflicts,
        kCorrupt
    };
    struct File {
        Kind kind;
        std::filesystem::path path;
        std::uint64_t longest_line_bytes = 0;
    };
    /// Files of an attempt that was broken off are written anew. Errors: those of making the
    /// files.
    static Result<Report> create(const std::filesystem::path& folder, const Archives& archives);

    /// An instance, with the members that it was made of.
    Result<void> instance(const Event& file, const Event& metadata,
                          const std::vector<const Event*>& images);
    Result<void> duplicate(const Event& member, const Event& first);
    Result<void> orphan(const Event& member, std::string_view reason);
    Result<void> incomplete(const Event& member, std::string_view reason);
    Result<void> conflict(const Event& member, std::string_view reason);
    /// A file in `conflicts/`.
    Result<void> conflict_file(const Event& file, const std::string& key);
    Result<void> corrupt(const Event& member, std::string_view reason);
    void skipped(const Event& member) { ++side(member).skipped; }

    /// Writes what was held back. `counts` then holds all but the members.
    Result<void> finish();
    Counts& counts() { return counts_; }
    std::vector<File> files() const;

private:
    struct Lines {
        File info;
        UniqueFd file;
        std::string text;
    };
    static constexpr std::size_t kKinds = 6;

    explicit Report(const Archives& archives) : archives_(archives) {}
    SideCounts& side(const Event& event) {
        return event.side == Side::Image ? counts_.images : counts_.metadata;
    }
    std::string place_of(const Event& member) const;
    std::string member_line(const Event& member, std::string_view reason) const;
    Result<void> add(Kind kind, std::string_view line);

    Archives archives_;
    std::vector<Lines> lines_;
    Counts counts_;
};

/// The counts as members of a JSON object, without its braces.
std::string json_members(const Counts& counts);

}  // namespace larmor::reassembly::run
