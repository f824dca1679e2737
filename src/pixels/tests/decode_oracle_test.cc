// Every file with pixels against decoders that nobody here wrote.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "pixel_test_data.h"
#include "pixels/render.h"

namespace larmor::pixels::test {
namespace {

namespace fs = std::filesystem;

/// What is known about single files, by the end of their path.
struct Known {
    std::string_view file;
    /// Part of our error; empty: decodes.
    std::string_view refused = {};
    /// Largest difference to pydicom with GDCM: libjpeg-turbo's SIMD rounds colours differently
    /// by one in a few samples of lossy JPEG.
    double tolerance = 0;
    /// Why pydicom's picture is no measure; then another test has one.
    std::string_view no_oracle = {};
};
constexpr Known kKnown[] = {
    // Not images to us: no Pixel Data, or data sets that end too early.
    {"chrJapMulti.dcm", "no Pixel Data"},
    {"chrJapMultiExplicitIR6.dcm", "no Pixel Data"},
    {"chrKoreanMulti.dcm", "no Pixel Data"},
    {"2020-09-12-ELSCINT1-PMSCT_RLE1.dcm", "no Pixel Data"},
    {"Issue22-NoPixelData.dcm", "no Pixel Data"},
    {"Issue56-NoPixelData.dcm", "no Pixel Data"},
    {"pr/CR000000.dcm", "no Pixel Data"},
    {"MR_truncated.dcm", "a value of 8192 bytes, but only 8130 follow"},
    {"rtplan_truncated.dcm", "bytes, but only 711 follow"},
    {"no_meta.dcm", "nor a DICOM data element"},
    {"meta_missing_tsyntax.dcm", "without Rows or Columns"},
    {"nested_priv_SQ.dcm", "without Rows or Columns"},
    {"2026-05-26-oob-monochrome-46341.dcm", "make frames of 4294976562 bytes"},
    {"2026-05-26-oob-monochrome-65535.dcm", "make frames of 8589672450 bytes"},
    // The bytes of a delimiter were written over the width in the codestream.
    {"JPEG2000-embedded-sequence-delimiter.dcm", "the codestream holds 1024 rows, 3722445056"},
    // Implicit VR under an explicit transfer syntax: a repair of dicom/quirks reads it.
    {"SC_rgb_jpeg.dcm", "no VR in (0008,0008)"},

    {"us/Issue16.dcm", {}, 1},
    {"SC_rgb_small_odd_big_endian.dcm",
     {},
     0,
     "pydicom 2.3 does not swap the words of 8-bit samples; DCMTK and GDCM do"},
    {"HTJ2KLossless_08_RGB.dcm", {}, 0, "no HTJ2K"},
    {"liver_j2k.dcm", {}, 0, "GDCM ends the process on 1-bit JPEG 2000"},
    {"1.2.840.10008.1.2.4.53.dcm", {}, 0, "no retired processes"},
    {"1.2.840.10008.1.2.4.55.dcm", {}, 0, "no retired processes"},
};
Known known_of(const fs::path& path) {
    for (const auto& known : kKnown) {
        if (path.string().ends_with(known.file)) return known;
    }
    return {};
}

/// Frames as the oracles give them: colours in RGB.
Result<Frame> decode_rgb(const Instance& instance, std::uint32_t frame) {
    TRY(auto decoded, instance.decode(frame));
    return to_rgb(instance.image, std::move(decoded));
}

/// A value of an oracle's raw file as a number.
double value_at(const std::string& raw, const std::string& type, std::size_t index) {
    const auto* at = reinterpret_cast<const std::byte*>(raw.data()) +
                     index * static_cast<std::size_t>(type.back() - '0');
    if (type == "u1") return load_little<std::uint8_t>(at);
    if (type == "i1") return load_little<std::int8_t>(at);
    if (type == "u2") return load_little<std::uint16_t>(at);
    if (type == "i2") return load_little<std::int16_t>(at);
    if (type == "u4") return load_little<std::uint32_t>(at);
    if (type == "i4") return load_little<std::int32_t>(at);
    if (type == "f4") return std::bit_cast<float>(load_little<std::uint32_t>(at));
    if (type == "f8") return std::bit_cast<double>(load_little<std::uint64_t>(at));
    ADD_FAILURE() << "unknown type " << type;
    return 0;
}

/// The largest difference; infinity when one of both is no number.
template <typename At>
double largest_difference(const Frame& frame, At at) {
    double largest = 0;
    visit_samples(frame, [&](auto values) {
        for (std::size_t i = 0; i < values.size(); ++i) {
            const auto ours = static_cast<double>(values[i]);
            const auto theirs = at(i);
            if (ours == theirs || (std::isnan(ours) && std::isnan(theirs))) continue;
            const auto difference = std::abs(ours - theirs);
            largest = difference <= largest    ? largest
                      : std::isnan(difference) ? HUGE_VAL
                                               : difference;
        }
    });
    return largest;
}

/// One line of oracle.py.
struct Answer {
    bool ok = false;
    std::string type;
    std::size_t frames = 0, rows = 0, columns = 0, samples = 0;
    std::string message;
};
std::vector<Answer> ask_pydicom(const std::vector<fs::path>& files, const fs::path& folder) {
    std::ofstream list(folder / "files.txt");
    for (const auto& file : files) list << fs::canonical(file).string() << '\n';
    list.close();
    const auto out = folder / "answers.tsv";
    const auto status = larmor::test::run_command(
        "/usr/bin/python3 " LARMOR_SOURCE_DIR "/src/pixels/tests/oracle.py " +
        shell_quoted(folder / "files.txt") + " " + shell_quoted(folder) + " >" +
        shell_quoted(out));
    std::vector<Answer> answers;
    if (status != 0) return answers;
    std::ifstream lines(out);
    for (std::string line; std::getline(lines, line);) {
        std::vector<std::string> cells;
        std::istringstream stream(line);
        for (std::string cell; std::getline(stream, cell, '\t');) cells.push_back(cell);
        cells.resize(8);
        answers.push_back({cells[1] == "ok", cells[2], std::stoul(cells[3]),
                           std::stoul(cells[4]), std::stoul(cells[5]), std::stoul(cells[6]),
                           cells[7]});
    }
    return answers;
}

/// pydicom's palettes keep 16 bits where none of the upper ones count for us.
double scale_of(const Instance& instance, const Frame& frame, const Answer& answer) {
    const bool narrowed = instance.image.photometric == Photometric::PaletteColor &&
                          frame.type == SampleType::U8 && answer.type == "u2";
    return narrowed ? 1.0 / 257 : 1.0;
}

void compare(const fs::path& path, const Instance& instance, const Known& known,
             const Answer& answer, const fs::path& raw_path) {
    const auto raw = read_file(raw_path, 1U << 30);
    ASSERT_TRUE(raw) << path;
    const auto view = instance.index.view();
    ASSERT_EQ(view.frame_count(), answer.frames) << path;
    std::size_t refused = 0;
    for (std::uint32_t f = 0; f < view.frame_count(); ++f) {
        const auto frame = decode_rgb(instance, f);
        if (!frame && !known.refused.empty()) {
            ++refused;
            EXPECT_THAT(frame.error().message, testing::HasSubstr(std::string(known.refused)));
            continue;
        }
        ASSERT_TRUE(frame) << path << ": " << frame.error().message;
        ASSERT_EQ(frame->rows, answer.rows) << path;
        ASSERT_EQ(frame->columns, answer.columns) << path;
        ASSERT_EQ(frame->samples, answer.samples) << path;
        const auto count = frame->sample_count();
        const auto scale = scale_of(instance, *frame, answer);
        const auto difference = largest_difference(*frame, [&](std::size_t i) {
            const auto value = value_at(*raw, answer.type, f * count + i);
            return scale == 1 ? value : std::floor(value * scale);
        });
        EXPECT_LE(difference, known.tolerance) << path << " frame " << f;
    }
    EXPECT_EQ(refused != 0, !known.refused.empty()) << path;
}

TEST(DecodeOracle, EveryFileIsEqualToPydicomOrSaysWhyNot) {
    const TempFolder folder;
    const auto files = dicom_files();
    ASSERT_GT(files.size(), 50U);
    const auto answers = ask_pydicom(files, folder.path());
    ASSERT_EQ(answers.size(), files.size()) << "oracle.py failed: install python3-pydicom, "
                                               "python3-numpy, python3-gdcm, python3-pil";
    std::size_t equal = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
        const auto& answer = answers[i];
        const auto known = known_of(files[i]);
        const auto instance = open_instance(files[i]);
        const auto raw = folder.path() / (std::to_string(i) + ".raw");
        if (!instance) {
            // A report has no image for either of us; everything else is in the table.
            const bool no_image = instance.error().code == ErrorCode::NotFound;
            EXPECT_FALSE(no_image && answer.ok) << files[i];
            if (!no_image) {
                EXPECT_FALSE(known.refused.empty())
                    << files[i] << ": " << instance.error().message;
                EXPECT_THAT(instance.error().message,
                            testing::HasSubstr(std::string(known.refused)))
                    << files[i];
            }
        } else if (!known.no_oracle.empty()) {
            EXPECT_TRUE(decode_rgb(*instance, 0)) << files[i];
        } else if (!answer.ok) {
            const auto frame = decode_rgb(*instance, 0);
            EXPECT_FALSE(frame) << files[i] << " has no oracle: " << answer.message;
            if (!frame) {
                EXPECT_FALSE(known.refused.empty()) << files[i] << frame.error().message;
                EXPECT_THAT(frame.error().message,
                            testing::HasSubstr(std::string(known.refused)));
            }
        } else {
            compare(files[i], *instance, known, answer, raw);
            ++equal;
        }
        fs::remove(raw);
    }
    std::cerr << equal << " of " << files.size() << " files compared with pydicom\n";
    if (has_shared_files()) {
        EXPECT_GE(equal, 520U);
    }
}

/// Compares all frames of two instances, colours as RGB.
void expect_equal_pixels(const Instance& ours, const Instance& theirs, double tolerance,
                         const fs::path& name) {
    const auto frames = ours.index.view().frame_count();
    ASSERT_EQ(frames, theirs.index.view().frame_count()) << name;
    for (std::uint32_t f = 0; f < frames; ++f) {
        const auto mine = decode_rgb(ours, f);
        ASSERT_TRUE(mine) << name << ": " << mine.error().message;
        const auto other = decode_rgb(theirs, f);
        ASSERT_TRUE(other) << name << ": " << other.error().message;
        ASSERT_EQ(mine->sample_count(), other->sample_count()) << name;
        visit_samples(*other, [&](auto values) {
            const auto difference = largest_difference(
                *mine, [&](std::size_t i) { return static_cast<double>(values[i]); });
            EXPECT_LE(difference, tolerance) << name << " frame " << f;
        });
    }
}

TEST(DecodeOracle, DcmtkDecodesTheSame) {
    const TempFolder folder;
    std::size_t compared = 0;
    for (const auto& path : dicom_files()) {
        const auto known = known_of(path);
        const auto ours = open_instance(path);
        if (!ours || !known.refused.empty() || ours->file.transfer_syntax == nullptr) continue;
        // DCMTK puts the rows of a tile that is too narrow next to each other.
        if (path.filename() == "multiframe.dcm") continue;
        using dicom::PixelCoding;
        std::string tool;
        switch (ours->file.transfer_syntax->coding) {
            case PixelCoding::JpegBaseline:
            case PixelCoding::JpegExtended:
            case PixelCoding::JpegLossless:
                tool = "dcmdjpeg";
                break;
            case PixelCoding::JpegLs:
                tool = "dcmdjpls";
                break;
            case PixelCoding::Rle:
                tool = "dcmdrle";
                break;
            default:
                continue;
        }
        const auto out = folder.path() / "native.dcm";
        if (!runs(tool + " " + shell_quoted(path) + " " + shell_quoted(out))) {
            // DCMTK cannot read 1-bit RLE, nor files without preamble.
            std::cerr << tool << " refuses " << path.filename() << '\n';
            continue;
        }
        const auto theirs = open_instance(out);
        ASSERT_TRUE(theirs) << path << ": " << theirs.error().message;
        expect_equal_pixels(*ours, *theirs, known.tolerance, path);
        ++compared;
    }
    std::cerr << compared << " files compared with DCMTK\n";
    EXPECT_GE(compared, has_shared_files() ? 60U : 15U);
}

TEST(DecodeOracle, BigEndianWordsOfBytesAreSwappedAsDcmtkDoes) {
    const auto files = dicom_files();
    const TempFolder folder;
    std::size_t compared = 0;
    for (const auto& path : files) {
        const auto ours = open_instance(path);
        if (!ours || ours->file.transfer_syntax_uid != dicom::kExplicitBigUid) continue;
        // DCMTK turns OW round by 16-bit words also where samples have 32 bits; the files at
        // hand, and pydicom, have them in four bytes, the high one first.
        if (ours->image.bits_allocated == 32) continue;
        const auto out = folder.path() / "little.dcm";
        if (!runs("dcmconv +te " + shell_quoted(path) + " " + shell_quoted(out))) continue;
        const auto theirs = open_instance(out);
        ASSERT_TRUE(theirs) << path;
        expect_equal_pixels(*ours, *theirs, 0, path);
        ++compared;
    }
    EXPECT_GE(compared, 5U);
}

/// Runs a codestream decoder that writes raw or PGM/PPM, and gives the samples behind its head.
Result<std::string> expand(const std::string& command, const fs::path& out, std::size_t bytes) {
    if (!runs(command)) return fail(ErrorCode::Unsupported, command);
    TRY(auto text, read_file(out, 1U << 30));
    if (text.size() < bytes) return fail(ErrorCode::InvalidInput, "too short");
    return text.substr(text.size() - bytes);
}

TEST(DecodeOracle, OpenJpegsToolDecodesTheSame) {
    const TempFolder folder;
    std::size_t compared = 0;
    for (const auto& path : dicom_files()) {
        const auto ours = open_instance(path);
        if (!ours || !known_of(path).refused.empty()) continue;
        const auto coding = ours->file.transfer_syntax->coding;
        if (coding != dicom::PixelCoding::Jpeg2000 && coding != dicom::PixelCoding::Htj2k) {
            continue;
        }
        const auto location = ours->index.view().locate(0);
        ASSERT_TRUE(location);
        const auto parts = frame_parts(ours->file, ours->index.view(), *location);
        ASSERT_TRUE(parts);
        const auto stream = folder.path() / "frame.j2k";
        {
            std::ofstream file(stream, std::ios::binary);
            for (const auto part : *parts) file << as_text(part);
        }
        const auto frame = ours->decode(0);
        ASSERT_TRUE(frame) << path << frame.error().message;
        // .rawl: planes of little-endian samples of the codestream's own width.
        const auto out = folder.path() / "frame.rawl";
        const std::size_t width = ours->image.bits_stored <= 8 ? 1 : 2;
        const auto raw =
            expand("opj_decompress -i " + shell_quoted(stream) + " -o " + shell_quoted(out),
                   out, frame->sample_count() * width);
        ASSERT_TRUE(raw) << path << ": " << raw.error().message;
        const auto pixels = std::size_t{frame->rows} * frame->columns;
        const auto bits = frame->bits_stored;
        const auto difference = largest_difference(*frame, [&](std::size_t i) {
            const auto plane = i % frame->samples * pixels + i / frame->samples;
            const auto* at = reinterpret_cast<const std::byte*>(raw->data()) + plane * width;
            auto value = width == 1 ? load_little<std::uint8_t>(at)
                                    : std::int64_t{load_little<std::uint16_t>(at)};
            value &= (1LL << bits) - 1;
            const bool negative = is_signed(frame->type) && (value >> (bits - 1)) != 0;
            return static_cast<double>(negative ? value - (1LL << bits) : value);
        });
        EXPECT_EQ(difference, 0) << path;
        ++compared;
    }
    std::cerr << compared << " files compared with opj_decompress\n";
    EXPECT_GE(compared, has_shared_files() ? 20U : 5U);
}

TEST(DecodeOracle, LosslessFormsOfWg04AreEqualToTheirUncompressedReference) {
    if (!has_shared_files()) GTEST_SKIP() << "needs " << kSharedFiles;
    std::size_t compared = 0;
    for (const std::string name : {"ct2/CT2", "mr3/MR3", "nm1/NM1", "us1/US1"}) {
        const auto base = kSharedFiles.string() + "/syntax/wg04-" + name;
        const auto reference = open_instance(base + "_UNC");
        ASSERT_TRUE(reference);
        for (const std::string form : {"_J2KR", "_JLSL", "_JPLL", "_RLE"}) {
            if (!fs::exists(base + form)) continue;
            const auto lossless = open_instance(base + form);
            ASSERT_TRUE(lossless) << base << form;
            expect_equal_pixels(*lossless, *reference, 0, base + form);
            ++compared;
        }
    }
    EXPECT_EQ(compared, 14U);
}

TEST(DecodeOracle, RawHtj2kCodestreamsDecodeToTheirReference) {
    if (!has_shared_files()) GTEST_SKIP() << "needs " << kSharedFiles;
    const auto* htj2k = dicom::find_transfer_syntax("1.2.840.10008.1.2.4.201");
    ASSERT_NE(htj2k, nullptr);
    const TempFolder folder;
    for (const std::string name : {"ct2/CT2", "mr3/MR3", "nm1/NM1", "us1/US1"}) {
        const auto base = kSharedFiles.string() + "/syntax/wg04-" + name;
        const auto reference = open_instance(base + "_UNC");
        ASSERT_TRUE(reference);
        const auto stream = read_file(base + "_HTJ2K.j2c", 1U << 26);
        ASSERT_TRUE(stream);
        auto image = reference->image;
        image.pixel_data->encapsulated = true;
        image.is_planar = false;
        const Bytes part = as_bytes(*stream);
        const auto ours = decode_frame(image, *htj2k, {{&part, 1}});
        ASSERT_TRUE(ours) << name << ": " << ours.error().message;
        const auto theirs = reference->decode(0);
        ASSERT_TRUE(theirs);
        ASSERT_EQ(ours->type, theirs->type);
        EXPECT_TRUE(std::ranges::equal(ours->pixels.bytes(), theirs->pixels.bytes())) << name;

        // And the tool of OpenJPH's own makers agrees on unsigned ones (PGM has no sign).
        if (image.is_signed) continue;
        const auto out = folder.path() / (image.samples_per_pixel == 3 ? "a.ppm" : "a.pgm");
        const auto raw = expand(
            "ojph_expand -i " + shell_quoted(base + "_HTJ2K.j2c") + " -o " + shell_quoted(out),
            out, ours->pixels.size());
        ASSERT_TRUE(raw) << raw.error().message;
        const bool wide = size_of(ours->type) == 2;
        EXPECT_EQ(0, largest_difference(*ours,
                                        [&](std::size_t i) {
                                            const auto* at =
                                                reinterpret_cast<const std::byte*>(raw->data());
                                            return wide ? load_big<std::uint16_t>(at + 2 * i)
                                                        : double{static_cast<double>(
                                                              load_big<std::uint8_t>(at + i))};
                                        }))
            << name;
    }
}

TEST(DecodeOracle, OneBitFramesAreEqualInThreeCodings) {
    if (!has_shared_files()) GTEST_SKIP() << "needs " << kSharedFiles;
    const auto deflated = open_instance(kSharedFiles / "syntax/multi/liver_deflate.dcm");
    ASSERT_TRUE(deflated);
    for (const auto* other : {"liver_rle.dcm", "liver_j2k.dcm"}) {
        const auto coded = open_instance(kSharedFiles / "syntax/multi" / other);
        ASSERT_TRUE(coded) << coded.error().message;
        expect_equal_pixels(*coded, *deflated, 0, other);
    }
}

}  // namespace
}  // namespace larmor::pixels::test
