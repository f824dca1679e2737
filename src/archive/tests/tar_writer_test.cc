// Read back by those who read everybody's archives: GNU tar, bsdtar and Python's tarfile.
#include "archive/tar_writer.h"

#include "archive/compressor.h"
#include "archive/tests/archive_maker.h"

namespace larmor::archive {
namespace {

Files long_named_files() {
    auto files = awkward_files();
    files[std::string(99, 'a')] = "99";
    files[std::string(100, 'a')] = "100";
    files[std::string(101, 'a')] = "101";
    files[std::string(154, 'p') + "/" + std::string(100, 'n')] = "255";
    files[std::string(155, 'p') + "/" + std::string(100, 'n')] = "256";
    files[std::string(156, 'p') + "/" + std::string(100, 'n')] = "257";
    return files;
}

std::string written(const Files& files, Compression compression) {
    std::string out;
    const auto compressor = Compressor::make(compression);
    const auto put = [&](std::string_view text) { compressor->write(as_bytes(text), out); };
    for (const auto& [path, content] : files) {
        put(tar_member_head(path, content.size()));
        put(content);
        put(tar_padding(content.size()));
    }
    put(tar_end());
    compressor->finish(out);
    return out;
}

TEST(TarWriter, IsUnderstoodByGnuTarBsdtarAndPython) {
    const Workshop workshop;
    const auto files = long_named_files();
    workshop.write_inputs(files);
    workshop.write("a.tar", written(files, Compression::None));
    workshop.write("a.tar.gz", written(files, Compression::Gzip));
    workshop.write("a.tar.zst", written(files, Compression::Zstd));

    workshop.run("mkdir gnu && tar -C gnu -xf a.tar && diff -r in gnu");
    workshop.run("mkdir gz && tar -C gz -xzf a.tar.gz && diff -r in gz");
    workshop.run("mkdir zst && zstd -dc a.tar.zst | tar -C zst -xf - && diff -r in zst");
    workshop.run("mkdir bsd && LC_ALL=C.UTF-8 bsdtar -C bsd -xf a.tar && diff -r in bsd");
    workshop.python("import tarfile\ntarfile.open('a.tar').extractall('py')\n");
    workshop.run("diff -r in py");
    EXPECT_EQ(digests(read_all(workshop.path("a.tar")).files), digests(files));
    EXPECT_EQ(digests(read_all(workshop.path("a.tar.gz")).files), digests(files));
    EXPECT_EQ(digests(read_all(workshop.path("a.tar.zst")).files), digests(files));
}

TEST(TarWriter, GivesEightGiBAPaxSize) {
    const auto head = tar_member_head("large", 1ULL << 33);

    EXPECT_EQ(head.size(), 3U * 512);
    EXPECT_EQ(head.substr(512, 19), "19 size=8589934592\n");
    EXPECT_EQ(tar_member_head("large", (1ULL << 33) - 1).size(), 512U);
}

}  // namespace
}  // namespace larmor::archive
