#pragma once
// Files and bytes for the tests of reader, writer and repairs.
#include <sys/wait.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/file.h"
#include "dicom/reader.h"

namespace larmor::dicom::test {

/// "0800 0500 'CS' 0a00": pairs of hexadecimal digits, text between apostrophes, blanks
/// between.
inline ByteBuffer hex(std::string_view text) {
    ByteBuffer out;
    const auto digit = [](char c) { return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10; };
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == ' ') continue;
        if (text[i] == '\'') {
            for (++i; text[i] != '\''; ++i) out.push_back(static_cast<std::byte>(text[i]));
            continue;
        }
        out.push_back(static_cast<std::byte>(digit(text[i]) << 4 | digit(text[i + 1])));
        ++i;
    }
    return out;
}

/// The tokens without End; the last one's failure in `error`, where there is one.
inline std::vector<Token> read_all(Bytes data_set, Encoding encoding, Error* error = nullptr,
                                   ReaderOptions options = {}) {
    std::vector<Token> tokens;
    Reader reader(data_set, encoding, options);
    for (;;) {
        const auto token = reader.next();
        if (!token) {
            if (error != nullptr) *error = token.error();
            break;
        }
        if (token->kind == TokenKind::End) break;
        tokens.push_back(*token);
    }
    return tokens;
}

inline const std::filesystem::path kPydicomFiles =
    "/usr/lib/python3/dist-packages/pydicom/data/test_files";
inline const std::filesystem::path kSharedFiles = LARMOR_SOURCE_DIR "/../shared/data/dicom";
inline const std::filesystem::path kTestData = LARMOR_SOURCE_DIR "/testdata";

/// All DICOM files that this machine has: the project's data, else those of python3-pydicom.
inline std::vector<std::filesystem::path> dicom_files() {
    const bool shared = std::filesystem::exists(kSharedFiles);
    if (!shared) std::cerr << "no " << kSharedFiles << ": only the files of python3-pydicom\n";
    std::vector<std::filesystem::path> files;
    const auto root = shared ? kSharedFiles : kPydicomFiles;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const auto extension = entry.path().extension();
        const bool other = extension == ".tsv" || extension == ".md" || extension == ".j2c" ||
                           extension == ".txt" || extension == ".json" ||
                           extension == ".dump" || extension == ".gz" ||
                           entry.path().filename() == "README";
        if (entry.is_regular_file() && !other) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

/// One of the files that python3-pydicom installs.
inline ByteBuffer pydicom_file(std::string_view name) {
    const auto content = read_file(kPydicomFiles / name, 1U << 26);
    if (!content) {
        std::cerr << content.error().message << ": install python3-pydicom\n";
        std::abort();
    }
    const Bytes bytes = as_bytes(*content);
    return {bytes.begin(), bytes.end()};
}

/// Runs oracle.py with `arguments`, gives it `input`, and returns the lines that it wrote.
inline std::vector<std::string> ask_pydicom(const std::string& command,
                                            const std::string& input) {
    const auto out = std::filesystem::temp_directory_path() /
                     ("larmor_oracle_" + std::to_string(::getpid()) + "_" + command);
    const std::string line = "/usr/bin/python3 " LARMOR_SOURCE_DIR
                             "/src/dicom/tests/oracle.py " +
                             command + " " + out.string();
    std::FILE* pipe = ::popen(line.c_str(), "w");
    if (pipe == nullptr) return {};
    std::fwrite(input.data(), 1, input.size(), pipe);
    const int status = ::pclose(pipe);
    std::vector<std::string> lines;
    if (status == 0) {
        std::ifstream file(out);
        for (std::string text; std::getline(file, text);) lines.push_back(text);
    }
    std::filesystem::remove(out);
    return lines;
}

}  // namespace larmor::dicom::test
