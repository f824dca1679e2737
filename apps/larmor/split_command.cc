#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>

#include "ingest/walk.h"
#include "larmor/command.h"
#include "reassembly/split/splitter.h"

namespace larmor {
namespace {

namespace split = reassembly::split;

struct SplitRequest {
    std::vector<std::filesystem::path> paths;
    std::filesystem::path out;
    split::SplitterOptions options;
    double missing = 0, duplicates = 0, conflicts = 0, damage = 0;  ///< percent
    std::string compression = "none";
    bool json = false;
};

/// Hands what a walk finds to the splitter.
class SplitWalk final : public ingest::WalkVisitor {
public:
    explicit SplitWalk(split::Splitter& splitter) : splitter_(splitter) {}

    Result<void> instance(const std::string& name, std::optional<std::uint64_t> size_bytes,
                          archive::Source& content) override {
        constexpr std::uint64_t kFileMaxBytes = std::uint64_t{4} << 30;
        ByteBuffer bytes;
        bytes.reserve(std::min<std::uint64_t>(size_bytes.value_or(0), std::uint64_t{1} << 30));
        while (true) {
            constexpr std::size_t kPieceBytes = std::size_t{1} << 20;
            const auto begin = bytes.size();
            bytes.resize(begin + kPieceBytes);
            const auto count = content.read(std::span(bytes).subspan(begin));
            if (!count || bytes.size() > kFileMaxBytes) {
                refused(name,
                        count ? Error{ErrorCode::LimitExceeded, "over 4 GiB"} : count.error());
                return {};
            }
            bytes.resize(begin + *count);
            if (*count == 0) break;
        }
        TRY(const auto left_out, splitter_.add(name, bytes));
        if (left_out) say(name, *left_out);
        return {};
    }
    void refused(const std::string& name, const Error& error) override {
        ++refused_;
        say(name, error.message);
    }
    void passed(std::uint64_t /*bytes*/, const ingest::WalkPosition& /*next*/) override {}
    std::uint64_t refused_count() const { return refused_; }

private:
    static void say(const std::string& name, const std::string& why) {
        std::fprintf(stderr, "left out: %s: %s\n", name.c_str(), why.c_str());
    }
    split::Splitter& splitter_;
    std::uint64_t refused_ = 0;
};

void print_counts(const split::SplitCounts& counts, std::uint64_t refused, bool json) {
    const std::pair<const char*, std::uint64_t> rows[] = {
        {"instances", counts.instances},
        {"frames", counts.frames},
        {"metadata_members", counts.metadata_members},
        {"image_members", counts.image_members},
        {"bytes", counts.bytes},
        {"missing_metadata", counts.missing_metadata},
        {"missing_image", counts.missing_image},
        {"duplicates", counts.duplicates},
        {"conflicts", counts.conflicts},
        {"damaged", counts.damaged},
        {"truncated", counts.truncated},
        {"without_pixels", counts.without_pixels},
        {"repeated", counts.repeated},
        {"unreadable", counts.unreadable + refused}};
    if (json) std::fputs("{", stdout);
    for (const auto& [name, count] : rows) {
        const auto number = static_cast<unsigned long long>(count);
        if (json) {
            std::printf("%s\"%s\":%llu", name == rows[0].first ? "" : ",", name, number);
        } else {
            std::printf("%-17s %llu\n", name, number);
        }
    }
    if (json) std::fputs("}\n", stdout);
}

std::uint32_t permille(double percent) {
    return static_cast<std::uint32_t>(std::lround(percent * 10));
}

int run(SplitRequest request) {
    auto& options = request.options;
    options.compression = request.compression == "gz"    ? archive::Compression::Gzip
                          : request.compression == "zst" ? archive::Compression::Zstd
                                                         : archive::Compression::None;
    options.missing_permille = permille(request.missing);
    options.duplicate_permille = permille(request.duplicates);
    options.conflict_permille = permille(request.conflicts);
    options.damage_permille = permille(request.damage);
    auto splitter = split::Splitter::create(request.out, options);
    if (!splitter) return fail_command(splitter.error());
    SplitWalk walk(*splitter);
    if (const auto walked = ingest::walk(request.paths, walk); !walked) {
        return fail_command(walked.error());
    }
    const auto counts = splitter->finish();
    if (!counts) return fail_command(counts.error());
    print_counts(*counts, walk.refused_count(), request.json);
    return counts->instances > 0 ? kDone : kFailed;
}

void add_disorder(CLI::App& command, SplitRequest& request) {
    auto& options = request.options;
    const auto percent = CLI::Range(0.0, 100.0);
    command
        .add_option("--seed", options.seed, "of all choices: the same seed, the same archives")
        ->capture_default_str();
    command.add_flag("--shuffle", options.shuffle,
                     "both halves in any archives, members in any order");
    command
        .add_option("--missing", request.missing, "percent of the instances that lose one half")
        ->check(percent);
    command
        .add_option("--duplicates", request.duplicates,
                    "percent of the halves of which one member comes twice, the same")
        ->check(percent);
    command
        .add_option("--conflicts", request.conflicts,
                    "percent of the halves of which one member comes twice, with other content")
        ->check(percent);
    command
        .add_option("--damage", request.damage, "percent of the members that get one wrong bit")
        ->check(percent);
    command.add_option("--truncate", options.truncated_archives,
                       "how many archives end early, anywhere");
}

}  // namespace

void add_split(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "split", "make image and metadata archives of DICOM files, the inverse of reassemble");
    auto request = std::make_shared<SplitRequest>();
    auto& options = request->options;
    command->add_option("PATHS", request->paths, "files, folders, archives")->required();
    command->add_option("--out", request->out, "folder for the archives; made when missing")
        ->required();
    command->add_option("--archives", options.archives, "how many of each kind")
        ->check(CLI::Range(1U, 1000U))
        ->capture_default_str();
    command->add_option("--compression", request->compression, "of the archives")
        ->check(CLI::IsMember({"none", "gz", "zst"}))
        ->capture_default_str();
    command->add_flag("--gzip-metadata", options.gzip_metadata, "each JSON member is gzip'd");
    command->add_flag("--frames", options.instance.frames_apart,
                      "each native frame as a member of its own, too");
    command->add_flag("--headless", options.instance.headless,
                      "pixels as DICOM files that hold nothing else");
    command->add_flag("!--no-file-meta", options.instance.with_file_meta,
                      "metadata without group 0002: (0008,3002) says the transfer syntax");
    add_disorder(*command, *request);
    command->add_flag("--json", request->json, "counts as one JSON object");
    command->callback(
        [&run = line.run, request] { run = [request] { return larmor::run(*request); }; });
}

}  // namespace larmor
