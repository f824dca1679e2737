// Whole runs over small archives that GNU tar made.
#include "reassembly/run/reassemble.h"

#include <sys/resource.h>

#include <csignal>
#include <fstream>

#include "base/tests/run_command.h"

namespace larmor::reassembly::run {
namespace {

namespace fs = std::filesystem;

/// A metadata member: a square image of pixels of 8 bits.
std::string json_of(const std::string& uid, int frames, const std::string& modality,
                    int side = 2) {
    const auto rows = std::to_string(side);
    return R"({"00080016":{"vr":"UI","Value":["1.2.840.10008.5.1.4.1.1.7"]},)"
           R"("00080018":{"vr":"UI","Value":[")" +
           uid + R"("]},"00080060":{"vr":"CS","Value":[")" + modality +
           R"("]},"0020000D":{"vr":"UI","Value":["1.2.9"]},)"
           R"("0020000E":{"vr":"UI","Value":["1.2.9.1"]},)"
           R"("00280002":{"vr":"US","Value":[1]},)"
           R"("00280004":{"vr":"CS","Value":["MONOCHROME2"]},)"
           R"("00280008":{"vr":"IS","Value":[)" +
           std::to_string(frames) + R"(]},"00280010":{"vr":"US","Value":[)" + rows +
           R"(]},"00280011":{"vr":"US","Value":[)" + rows +
           R"(]},)"
           R"("00280100":{"vr":"US","Value":[8]},"00280101":{"vr":"US","Value":[8]},)"
           R"("00280102":{"vr":"US","Value":[7]},"00280103":{"vr":"US","Value":[0]},)"
           R"("7FE00010":{"vr":"OB","BulkDataURI":"b"}})";
}

class Reassemble : public testing::Test {
protected:
    Reassemble() {
        auto name = (fs::temp_directory_path() / "larmor_run_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        folder_ = name;
    }
    ~Reassemble() override {
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    /// Makes `<archive>` of the members that were put into it since.
    void put(const std::string& archive, const std::string& path, const std::string& content) {
        const auto at = folder_ / "in" / archive / path;
        fs::create_directories(at.parent_path());
        std::ofstream(at, std::ios::binary) << content;
    }
    void make(const std::string& archive, const std::string& options = "--format=pax") {
        const auto from = (folder_ / "in" / archive).string();
        ASSERT_EQ(test::run_command("tar --sort=name " + options + " -cf '" + from +
                                    ".tar' -C '" + from + "' ."),
                  0);
        fs::remove_all(folder_ / "in" / archive);
    }
    Result<Outcome> run(const std::string& output, unsigned threads) {
        Progress progress;
        return run(output, threads, progress);
    }
    Result<Outcome> run(const std::string& output, unsigned threads, Progress& progress,
                        std::uint64_t memory_bytes = std::uint64_t{512} << 20) {
        Request request;
        for (const auto& entry : fs::directory_iterator(folder_ / "in")) {
            const bool is_image = entry.path().filename().string().starts_with("image");
            (is_image ? request.images : request.metadata).push_back(entry.path());
        }
        request.output = folder_ / output;
        request.memory_bytes = memory_bytes;
        request.threads = threads;
        request.checkpoint_interval = std::chrono::milliseconds(0);
        return reassemble(request, progress);
    }
    std::string read(const std::string& path) const {
        return read_file(folder_ / path, 1 << 20).value_or("");
    }
    /// The pixels of an instance: what is at the end of its file.
    std::string pixels_of(const std::string& path, std::size_t count = 4) const {
        const auto text = read(path);
        return text.substr(text.size() - std::min(text.size(), count));
    }

    fs::path folder_;
};

TEST_F(Reassemble, SaysOfEachMemberWhatBecameOfIt) {
    put("metadata1", "x/1.2.1.json", json_of("1.2.1", 1, "OT"));
    put("metadata1", "x/1.2.2.json", json_of("1.2.2", 1, "OT"));  // its image never comes
    put("metadata1", "x/1.2.4.json", json_of("1.2.4", 1, "OT"));
    put("metadata1", "x/1.2.5.json", json_of("1.2.5", 1, "OT"));
    put("metadata1", "x/1.2.6.json", json_of("1.2.6", 1, "OT"));
    put("metadata1", "x/1.2.9.json", json_of("1.2.9", 1, "OT"));
    make("metadata1");
    put("metadata2", "1.2.1.json", json_of("1.2.1", 1, "OT"));  // the same again
    put("metadata2", "1.2.6.json", json_of("1.2.6", 1, "MR"));  // another one
    put("metadata2", "1.2.7.json", json_of("1.2.7", 2, "OT"));
    put("metadata2", "1.2.8.json", "{");
    make("metadata2", "--format=gnu -z");
    put("image1", "1.2.1.raw", "abcd");
    put("image1", "1.2.3.raw", "orph");  // no metadata
    put("image1", "1.2.4.raw", "same");
    put("image1", "1.2.5.raw", "one!");
    put("image1", "1.2.6.raw", "mmmm");
    put("image1", "1.2.7/1.raw", "frm1");
    put("image1", "1.2.8.raw", "hhhh");
    put("image1", "1.2.9.raw", "short by one");  // not 2 x 2
    make("image1");
    put("image2", "1.2.4.raw", "same");
    put("image2", "1.2.5.raw", "two!");
    put("image2", "1.2.7_2.raw", "frm2");
    put("image2", "notes.txt", "no image");
    make("image2", "--format=ustar --zstd");

    const auto one = run("one", 1);
    const auto two = run("two", 2);

    ASSERT_TRUE(one) << one.error().message;
    ASSERT_TRUE(two) << two.error().message;
    const auto& metadata = one->counts.metadata;
    EXPECT_EQ(metadata.members, 10U);
    EXPECT_EQ(metadata.written, 3U);  // 1, 4, 7
    EXPECT_EQ(metadata.duplicates, 1U);
    EXPECT_EQ(metadata.orphans, 1U);    // 2
    EXPECT_EQ(metadata.conflicts, 4U);  // 5, both of 6, 9
    EXPECT_EQ(metadata.corrupt, 1U);    // 8
    const auto& images = one->counts.images;
    EXPECT_EQ(images.members, 12U);
    EXPECT_EQ(images.written, 4U);  // 1, 4, two frames of 7
    EXPECT_EQ(images.duplicates, 1U);
    EXPECT_EQ(images.orphans, 2U);    // 3, 8
    EXPECT_EQ(images.conflicts, 4U);  // both of 5, 6, 9
    EXPECT_EQ(images.corrupt, 1U);    // notes.txt
    EXPECT_EQ(one->counts.instances, 3U);
    EXPECT_EQ(one->counts.conflict_files, 4U);
    EXPECT_EQ(one->image_bytes_read, one->image_bytes);

    EXPECT_EQ(pixels_of("one/instances/1.2.9/1.2.9.1/1.2.1.dcm"), "abcd");
    EXPECT_EQ(pixels_of("one/instances/1.2.9/1.2.9.1/1.2.4.dcm"), "same");
    EXPECT_EQ(pixels_of("one/instances/1.2.9/1.2.9.1/1.2.7.dcm", 8), "frm1frm2");
    // In the order of archives, whoever came first.
    EXPECT_EQ(pixels_of("one/conflicts/1.2.5/1.dcm"), "one!");
    EXPECT_EQ(pixels_of("one/conflicts/1.2.5/2.dcm"), "two!");
    EXPECT_FALSE(fs::exists(folder_ / "one/instances/1.2.9/1.2.9.1/1.2.5.dcm"));
    EXPECT_FALSE(fs::exists(folder_ / "one/.reassembly"));
    const auto both = folder_.string();
    EXPECT_EQ(test::run_command("diff -r '" + both + "/one' '" + both + "/two' >/dev/null"), 0);
}

TEST_F(Reassemble, DoesNothingWhereTheSameRunIsFinishedAndNothingToAnythingElse) {
    put("metadata1", "1.2.1.json", json_of("1.2.1", 1, "OT"));
    make("metadata1");
    put("image1", "1.2.1.raw", "abcd");
    make("image1");
    ASSERT_TRUE(run("out", 1));
    fs::create_directories(folder_ / "other");
    std::ofstream(folder_ / "other/letter.txt") << "mine";

    const auto again = run("out", 2);
    const auto other = run("other", 1);
    put("image2", "1.2.3.raw", "abcd");
    make("image2");
    const auto changed = run("out", 1);

    ASSERT_TRUE(again) << again.error().message;
    EXPECT_TRUE(again->was_done);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().code, ErrorCode::Conflict);
    EXPECT_EQ(read("other/letter.txt"), "mine");
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().code, ErrorCode::Conflict);
}

TEST_F(Reassemble, BeginsAgainWhatWasBrokenOff) {
    put("metadata1", "1.2.1.json", json_of("1.2.1", 1, "OT"));
    make("metadata1");
    put("image1", "1.2.1.raw", "abcd");
    make("image1");
    Progress stopped;
    stopped.stop = true;
    const auto broken_off = run("out", 1, stopped);
    ASSERT_FALSE(broken_off);
    EXPECT_EQ(broken_off.error().code, ErrorCode::Cancelled);
    // As after a kill in the middle of writing.
    fs::create_directories(folder_ / "out/instances/1.2.9/1.2.9.1");
    std::ofstream(folder_ / "out/instances/1.2.9/1.2.9.1/1.2.1.dcm") << "half a fi";

    const auto again = run("out", 1);

    ASSERT_TRUE(again) << again.error().message;
    EXPECT_FALSE(again->was_done);
    EXPECT_EQ(again->counts.instances, 1U);
    EXPECT_EQ(pixels_of("out/instances/1.2.9/1.2.9.1/1.2.1.dcm"), "abcd");
}

/// Writing beyond so many bytes of a file is an error while this lives, as on a full disk.
class SmallFiles {
public:
    explicit SmallFiles(rlim_t size_max_bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
        ::getrlimit(RLIMIT_FSIZE, &before_);
        const rlimit small{size_max_bytes, before_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    SmallFiles(const SmallFiles&) = delete;
    SmallFiles& operator=(const SmallFiles&) = delete;
    ~SmallFiles() {
        ::setrlimit(RLIMIT_FSIZE, &before_);
        std::signal(SIGXFSZ, handler_);
    }

private:
    rlimit before_{};
    void (*handler_)(int);
};

TEST_F(Reassemble, GoesOnWithoutReadingAgainWhatWasDone) {
    put("metadata1", "1.2.1.json", json_of("1.2.1", 1, "OT"));
    put("metadata1", "1.2.2.json", json_of("1.2.2", 2, "OT"));
    put("metadata1", "1.2.3.json", json_of("1.2.3", 50000, "OT"));
    make("metadata1");
    put("image1", "1.2.1.raw", "abcd");
    put("image1", "1.2.2_1.raw", "frm1");  // the second is in an archive that is read later
    make("image1");
    put("image2", "1.2.1.raw", "abcd");
    put("image2", "1.2.2_2.raw", "frm2");
    put("image2", "1.2.3.raw", std::string(200000, 'x'));
    make("image2");
    ASSERT_TRUE(run("undisturbed", 1));
    {
        const SmallFiles full_disk(100'000);
        ASSERT_FALSE(run("out", 1));
    }
    EXPECT_FALSE(fs::exists(folder_ / "out/complete.json"));

    const auto again = run("out", 2);

    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->archives_before, 2U);
    EXPECT_EQ(again->image_bytes_read, fs::file_size(folder_ / "in/image2.tar"));
    EXPECT_EQ(again->counts.instances, 3U);
    EXPECT_EQ(again->counts.images.duplicates, 1U);
    EXPECT_EQ(pixels_of("out/instances/1.2.9/1.2.9.1/1.2.2.dcm", 8), "frm1frm2");
    const auto both = folder_.string();
    EXPECT_EQ(
        test::run_command("diff -r '" + both + "/out' '" + both + "/undisturbed' >/dev/null"),
        0);
}

TEST_F(Reassemble, LeavesNoFileOfFramesThatWereInMemoryBeforeAndAreShelvedNow) {
    constexpr int kSide = 1000;
    put("metadata1", "1.2.2.json", json_of("1.2.2", 4, "OT", kSide));
    put("metadata1", "1.2.3.json", json_of("1.2.3", 12, "OT", kSide));
    make("metadata1");
    for (const char frame : {'1', '2', '3', '4'}) {
        put("image1", std::string("1.2.2_") + frame + ".raw",
            std::string(kSide * kSide, frame));
    }
    put("image1", "1.2.3.raw", std::string(12 * kSide * kSide, 'x'));
    make("image1");
    put("image2", "1.2.2_2.raw", std::string(kSide * kSide, 'b'));
    make("image2");
    ASSERT_TRUE(run("undisturbed", 1));
    const std::string place = "instances/1.2.9/1.2.9.1/1.2.2.dcm";
    {
        // All four frames are in memory and written; then the disk is full.
        const SmallFiles full_disk(8'000'000);
        ASSERT_FALSE(run("out", 1));
    }
    ASSERT_TRUE(fs::exists(folder_ / "out" / place));

    // Of 129 MiB, frames of a thread that wait for the next take 2.
    Progress progress;
    const auto again = run("out", 1, progress, std::uint64_t{129} << 20);

    ASSERT_TRUE(again) << again.error().message;
    EXPECT_GE(again->image_bytes_read, fs::file_size(folder_ / "in/image1.tar"));
    EXPECT_EQ(again->counts.images.conflicts, 5U);
    EXPECT_FALSE(fs::exists(folder_ / "out" / place));
    const auto both = folder_.string();
    EXPECT_EQ(
        test::run_command("diff -r '" + both + "/out' '" + both + "/undisturbed' >/dev/null"),
        0);
}

TEST_F(Reassemble, RefusesACheckpointThatIsNotAsItWasWritten) {
    put("metadata1", "1.2.3.json", json_of("1.2.3", 50000, "OT"));
    make("metadata1");
    put("image1", "1.2.3.raw", std::string(200000, 'x'));
    make("image1");
    {
        const SmallFiles full_disk(100'000);
        ASSERT_FALSE(run("out", 1));
    }
    auto text = read("out/.reassembly/checkpoint");
    ASSERT_FALSE(text.empty());
    text[text.find("metadata 0 1") + 9] = '7';
    std::ofstream(folder_ / "out/.reassembly/checkpoint") << text;

    const auto again = run("out", 1);

    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Corrupt);
}

}  // namespace
}  // namespace larmor::reassembly::run
