#pragma once
#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "base/tests/run_command.h"

namespace larmor::ingest::testing_files {

namespace fs = std::filesystem;

/// A folder that goes away with the test.
class TemporaryFolder {
public:
    TemporaryFolder() {
        std::string name = testing::TempDir() + "larmor_ingest_XXXXXX";
        LARMOR_CHECK(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    ~TemporaryFolder() { fs::remove_all(path_); }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const fs::path& path() const { return path_; }

private:
    fs::path path_;
};

/// A real CT of 128x128 pixels, which Debian's python3-pydicom installs.
inline fs::path ct_small() {
    return "/usr/lib/python3/dist-packages/pydicom/data/test_files/CT_small.dcm";
}

/// Runs one of Debian's DICOM tools; the test fails where it does.
inline void run_tool(const std::string& command) {
    ASSERT_EQ(larmor::test::run_command(command + " > /dev/null 2>&1"), 0) << command;
}

inline std::string content_of(const fs::path& path) {
    const auto content = read_file(path, 1 << 28);
    EXPECT_TRUE(content) << path;
    return content.value_or("");
}

inline void write_content(const fs::path& path, std::string_view content) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << content;
}

/// A copy of the CT that a tool made otherwise: `tool options in out`.
inline fs::path made_by(const std::string& tool_and_options, const fs::path& out) {
    run_tool(tool_and_options + " " + ct_small().string() + " " + out.string());
    return out;
}

/// A copy of the CT, changed in place by dcmodify.
inline fs::path modified(const std::string& options, const fs::path& out) {
    fs::copy_file(ct_small(), out);
    run_tool("dcmodify -nb " + options + " " + out.string());
    return out;
}

}  // namespace larmor::ingest::testing_files
