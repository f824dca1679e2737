#pragma once
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <string>

#include "archive/archive.h"
#include "archive/tar.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/ids.h"
#include "base/tests/run_command.h"

namespace larmor::archive {

using Files = std::map<std::string, std::string>;

/// A folder that goes away with the test; archives are made in it by the tools that everybody
/// uses: Debian's tar, zip, gzip, zstd and Python's tarfile.
class Workshop {
public:
    Workshop() : root_(std::filesystem::temp_directory_path() / ("larmor-" + random_id())) {
        std::filesystem::create_directories(root_ / "in");
    }
    ~Workshop() { std::filesystem::remove_all(root_); }
    Workshop(const Workshop&) = delete;
    Workshop& operator=(const Workshop&) = delete;

    std::filesystem::path path(const std::string& name) const { return root_ / name; }
    void write(const std::string& name, std::string_view content) const {
        std::filesystem::create_directories(path(name).parent_path());
        std::ofstream(path(name), std::ios::binary) << content;
    }
    void write_inputs(const Files& files) const {
        for (const auto& [name, content] : files) {
            write("in/" + name, content);
        }
    }
    /// Runs a command in the folder; the test stops where it fails.
    void run(const std::string& command) const {
        const auto line = "cd '" + root_.string() + "' && ( " + command + " ) > log 2>&1";
        ASSERT_EQ(larmor::test::run_command(line), 0)
            << command << "\n"
            << read_file(path("log"), 1 << 20).value_or("");
    }
    void python(const std::string& script) const {
        write("script.py", script);
        run("/usr/bin/python3 script.py");
    }
    std::string read(const std::string& name) const {
        return read_file(path(name), 1ULL << 32).value();
    }

private:
    std::filesystem::path root_;
};

/// Names and sizes at the edges of blocks and of name fields.
inline Files awkward_files() {
    std::mt19937 random(20260101);
    const auto noise = [&](std::size_t size) {
        std::string text(size, '\0');
        for (auto& c : text) {
            c = static_cast<char>(random());
        }
        return text;
    };
    Files files{{"empty", ""},
                {"one", "1"},
                {"block", noise(512)},
                {"block+1", noise(513)},
                {"large", noise(300'001)},
                {"zeros", std::string(70'000, '\0')}};
    files["nested/" + std::string(90, 'd') + "/" + std::string(60, 'f')] = noise(100);
    files["long/" + std::string(200, 'n')] = noise(1000);
    files["gr\xc3\xbc\xc3\x9f/\xe6\x9d\xb1"] = noise(7);
    return files;
}

/// Sizes and hashes: a failed comparison of contents would print megabytes.
inline std::map<std::string, std::string> digests(const Files& files) {
    std::map<std::string, std::string> all;
    for (const auto& [name, content] : files) {
        all[name] = std::to_string(content.size()) + " " + to_hex(sha256(as_bytes(content)));
    }
    return all;
}

struct Contents {
    Files files{};
    std::map<std::string, std::string> unreadable{};  ///< path to problem
    std::vector<Member> members{};
    std::optional<Error> error{};
};

/// Reads everything, in pieces that are no multiple of anything.
inline Contents read_all(Reader& reader) {
    Contents contents;
    ByteBuffer piece(997);
    while (true) {
        auto member = reader.next();
        if (!member) {
            contents.error = member.error();
            return contents;
        }
        if (!*member) {
            return contents;
        }
        contents.members.push_back(**member);
        const auto& path = (*member)->path;
        if ((*member)->kind == MemberKind::Unreadable) {
            contents.unreadable[path] = (*member)->problem;
        }
        if ((*member)->kind != MemberKind::File) {
            continue;
        }
        auto& content = contents.files[path];
        while (true) {
            const auto count = reader.read(piece);
            if (!count) {
                contents.unreadable[path] = count.error().message;
                break;
            }
            if (*count == 0) {
                break;
            }
            content += as_text(Bytes(piece).first(*count));
        }
    }
}

inline Contents read_all(const std::filesystem::path& archive, const Limits& limits = {}) {
    const auto file = open_file(archive, 0);
    if (!file) {
        return {.error = file.error()};
    }
    auto reader = open(*file, limits);
    if (!reader) {
        return {.error = reader.error()};
    }
    return read_all(**reader);
}

inline Contents read_tar_bytes(std::string_view bytes) {
    auto reader = read_tar(std::make_unique<MemorySource>(as_bytes(bytes)));
    return read_all(*reader);
}

/// The damage that a reader notes over bytes, everything read.
inline std::vector<Damage> damage_in(std::string_view bytes) {
    auto reader = read_tar(std::make_unique<MemorySource>(as_bytes(bytes)));
    read_all(*reader);
    return reader->damage();
}

}  // namespace larmor::archive
