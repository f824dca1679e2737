#include "ingest/walk.h"

#include <fstream>

#include "ingest/import_paths.h"
#include "ingest/tests/test_files.h"
#include "library/library.h"

namespace larmor::ingest {
namespace {

using namespace testing_files;

/// Notes what it is given, with how much of it can be read.
class Collector final : public WalkVisitor {
public:
    Result<void> instance(const std::string& name, std::optional<std::uint64_t>,
                          archive::Source& content) override {
        ByteBuffer bytes(1 << 20);
        const auto count = archive::read_fully(content, bytes);
        order.push_back(name);
        if (count) {
            found[name.substr(root.size())] = *count;
        } else {
            refused(name, count.error());
        }
        return {};
    }
    void refused(const std::string& name, const Error& error) override {
        if (order.empty() || order.back() != name) order.push_back(name);
        refusals[name.substr(root.size())] = error.message;
    }
    void passed(std::uint64_t bytes, const WalkPosition& next) override {
        bytes_passed += bytes;
        positions.push_back(next);
    }

    std::string root;
    std::map<std::string, std::size_t> found;
    std::map<std::string, std::string> refusals;
    std::uint64_t bytes_passed = 0;
    std::vector<WalkPosition> positions;
    std::vector<std::string> order;  ///< of everything that it was given
};

class WalkTest : public testing::Test {
protected:
    void collect(const std::vector<fs::path>& paths) {
        collector.root = folder.path().string();
        const auto outcome = walk(paths, collector);
        EXPECT_TRUE(outcome);
    }
    fs::path at(const std::string& name) const { return folder.path() / name; }
    std::string in() const { return "cd " + folder.path().string() + " && "; }

    TemporaryFolder folder;
    Collector collector;
};

TEST_F(WalkTest, FindsFilesInFoldersAndInArchivesOfEveryKind) {
    const std::size_t size = fs::file_size(ct_small());
    fs::create_directories(at("in/b/c"));
    fs::copy_file(ct_small(), at("in/a.dcm"));
    fs::copy_file(ct_small(), at("in/b/c/d"));
    run_tool(
        in() +
        "tar cf in/one.tar in/a.dcm in/b && tar czf in/two.tgz in/b && gzip -k in/a.dcm && "
        "/usr/bin/python3 -m zipfile -c in/three.zip in/a.dcm && tar cf in/nested.tar "
        "in/a.dcm.gz "
        "in/one.tar");
    collect({at("in")});

    const std::map<std::string, std::size_t> expected = {
        {"/in/a.dcm", size},
        {"/in/a.dcm.gz", size},
        {"/in/b/c/d", size},
        {"/in/nested.tar!in/a.dcm.gz", size},
        {"/in/nested.tar!in/one.tar!in/a.dcm", size},
        {"/in/nested.tar!in/one.tar!in/b/c/d", size},
        {"/in/one.tar!in/a.dcm", size},
        {"/in/one.tar!in/b/c/d", size},
        {"/in/three.zip!a.dcm", size},
        {"/in/two.tgz!in/b/c/d", size},
    };
    EXPECT_EQ(collector.found, expected);
    EXPECT_TRUE(collector.refusals.empty());
    const WalkTotal total = total_size({at("in")});
    EXPECT_EQ(total.files, 7U);
    EXPECT_EQ(total.bytes, collector.bytes_passed);
}

TEST_F(WalkTest, RefusesNothingOfArchivesThatWereJoinedAndHaveHardLinks) {
    const std::size_t size = fs::file_size(ct_small());
    fs::create_directories(at("in"));
    fs::copy_file(ct_small(), at("in/a.dcm"));
    run_tool(in() +
             "ln in/a.dcm in/b.dcm && tar cf one.tar in && (cat one.tar one.tar > joined.tar)");
    collect({at("joined.tar")});

    const std::map<std::string, std::size_t> expected = {{"/joined.tar!in/a.dcm", size},
                                                         {"/joined.tar!in/b.dcm", size}};
    EXPECT_EQ(collector.found, expected);
    EXPECT_TRUE(collector.refusals.empty());
}

TEST_F(WalkTest, GoesOnAfterWhatCannotBeRead) {
    fs::create_directories(at("in"));
    fs::copy_file(ct_small(), at("in/z.dcm"));
    run_tool(in() + "tar czf in/cut.tgz in/z.dcm && truncate -s 4000 in/cut.tgz");
    collect({at("missing"), at("in")});
    EXPECT_EQ(collector.found.count("/in/z.dcm"), 1U);
    EXPECT_EQ(collector.refusals.count("/missing"), 1U);
    EXPECT_EQ(collector.refusals.count("/in/cut.tgz!in/z.dcm"), 1U);
}

TEST_F(WalkTest, ADicomdirStandsForTheFilesThatItNames) {
    fs::create_directories(at("disc/DIR"));
    fs::copy_file(ct_small(), at("disc/DIR/CT1"));
    fs::copy_file(ct_small(), at("disc/NOTNAMED"));
    run_tool("cd " + at("disc").string() + " && dcmmkdir +I DIR/CT1");
    ASSERT_TRUE(fs::exists(at("disc/DICOMDIR")));

    collect({at("disc/DICOMDIR")});
    EXPECT_EQ(collector.found.size(), 1U);
    EXPECT_EQ(collector.found.count("/disc/DIR/CT1"), 1U);

    Collector folder_walk;
    folder_walk.root = folder.path().string();
    ASSERT_TRUE(walk({at("disc")}, folder_walk));
    EXPECT_EQ(folder_walk.found.size(), 2U);  // the folder's files, without the DICOMDIR itself
}

TEST_F(WalkTest, EndsWhenTheVisitorWantsNoMore) {
    class Ending final : public WalkVisitor {
    public:
        Result<void> instance(const std::string&, std::optional<std::uint64_t>,
                              archive::Source&) override {
            ++instances;
            return fail(ErrorCode::Cancelled, "stopped");
        }
        void refused(const std::string&, const Error&) override { ++refusals; }
        void passed(std::uint64_t, const WalkPosition&) override {}
        int instances = 0;
        int refusals = 0;
    };
    fs::create_directories(at("a/b"));
    fs::create_directories(at("c"));
    fs::copy_file(ct_small(), at("a/b/1.dcm"));
    fs::copy_file(ct_small(), at("a/2.dcm"));
    std::ofstream(at("c/DICOMDIR")) << "no DICOMDIR";
    Ending visitor;
    const auto outcome = walk({at("a"), at("c/DICOMDIR")}, visitor);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, ErrorCode::Cancelled);
    EXPECT_EQ(visitor.instances, 1);
    EXPECT_EQ(visitor.refusals, 0) << "what follows is not even looked at";
}

TEST_F(WalkTest, GoesOnFromEveryPosition) {
    fs::create_directories(at("in/a/b"));
    fs::create_directories(at("disc/DIR"));
    for (const char* name : {"in/a.dcm", "in/a/1", "in/a/b/2", "in/z", "one", "disc/DIR/CT2"}) {
        fs::copy_file(ct_small(), at(name));
    }
    modified("-m SOPInstanceUID=1.2.3", at("disc/DIR/CT1"));
    run_tool("cd " + at("disc").string() + " && dcmmkdir +I DIR/CT2 DIR/CT1");
    run_tool(in() +
             "tar cf in/b.tar in/a in/z && gzip -k in/z && tar cf in/n.tar in/z in/b.tar "
             "in/z.gz in/a && head -c 9000 in/b.tar > in/cut.tar");
    const std::vector<fs::path> paths = {at("in"), at("missing"), at("one"),
                                         at("disc/DICOMDIR"), at("one")};
    collect(paths);
    const auto all = collector.order;
    ASSERT_GT(all.size(), 20U);
    // One for each, and one for the end of each archive.
    std::size_t passed = 0;
    bool is_in_archive = false;
    for (const WalkPosition& from : collector.positions) {
        if (!from.archive.empty() || !is_in_archive) ++passed;
        is_in_archive = !from.archive.empty();
        Collector rest;
        rest.root = folder.path().string();
        ASSERT_TRUE(walk(paths, rest, from));
        const std::vector<std::string> expected(
            all.begin() + static_cast<std::ptrdiff_t>(passed), all.end());
        EXPECT_EQ(rest.order, expected) << "from " << from.file << " " << from.archive;
    }
    EXPECT_EQ(passed, all.size());
}

TEST_F(WalkTest, AFileThatWentOrCameDoesNotMoveThePosition) {
    fs::create_directories(at("in"));
    for (const char* name : {"in/b", "in/d", "in/f"}) fs::copy_file(ct_small(), at(name));
    collect({at("in")});
    const WalkPosition behind_d = collector.positions.at(1);
    fs::remove(at("in/d"));
    fs::copy_file(ct_small(), at("in/a"));
    fs::copy_file(ct_small(), at("in/e"));
    Collector rest;
    rest.root = folder.path().string();
    ASSERT_TRUE(walk({at("in")}, rest, behind_d));
    EXPECT_EQ(rest.order, (std::vector<std::string>{at("in/e").string(), at("in/f").string()}));
}

class Silent final : public ImportObserver {
public:
    void done(const std::string& name, const ImportResult&, const ImportTally&) override {
        names.push_back(fs::path(name).filename());
    }
    void passed(const WalkPosition& next, const ImportTally& tally) override {
        EXPECT_EQ(tally.bytes_passed > 0, true);
        last = next;
    }
    std::vector<std::string> names;
    WalkPosition last;
};

TEST_F(WalkTest, AnImportCountsEveryOutcome) {
    fs::create_directories(at("in"));
    fs::copy_file(ct_small(), at("in/a"));
    fs::copy_file(ct_small(), at("in/b"));
    made_by("dcmconv +ti", at("in/c"));
    modified("-m PatientBirthDate=19700101", at("in/d"));
    modified("-m SOPInstanceUID=1.2.3", at("in/e"));
    write_content(at("in/f"), "no DICOM");

    auto library = Library::open({.folder = at("library")});
    ASSERT_TRUE(library) << library.error().message;
    Silent observer;
    const auto tally = import_paths((*library)->importer(), {at("in")}, observer);
    ASSERT_TRUE(tally) << tally.error().message;
    EXPECT_EQ(tally->imported, 2U);
    EXPECT_EQ(tally->rejected, 1U);
    // a to d are one instance in four forms; which one is first is not promised.
    EXPECT_EQ(tally->duplicates + tally->alternates + tally->conflicts, 3U);
    EXPECT_EQ(tally->bytes_passed, total_size({at("in")}).bytes);
    EXPECT_EQ(observer.names, (std::vector<std::string>{"a", "b", "c", "d", "e", "f"}));
    EXPECT_EQ(observer.last.file, at("in/f"));
}

}  // namespace
}  // namespace larmor::ingest
