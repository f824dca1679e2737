#include "pixels/codestream_syntax.h"

#include <gtest/gtest.h>

#include <string>

namespace larmor::pixels {
namespace {

/// Bytes of hexadecimal digits; blanks are for the eye.
std::string bytes(std::string_view digits) {
    std::string out;
    int high = -1;
    for (const char c : digits) {
        if (c == ' ') continue;
        const int value = c <= '9' ? c - '0' : c - 'a' + 10;
        if (high < 0) {
            high = value;
        } else {
            out += static_cast<char>(high * 16 + value);
            high = -1;
        }
    }
    return out;
}

/// SOI, a frame header of 2 rows and 3 columns, and a scan header: ISO/IEC 10918-1 annex B.
std::string jpeg_of(std::string_view sof, std::string_view scan, std::string_view frame) {
    std::string digits = "ffd8 ff";
    digits.append(sof).append(" ").append(frame).append(" ffda ").append(scan);
    return bytes(digits) + std::string("\x01\xff\xd9", 3);
}
const std::string kGray = "000b 08 0002 0003 01 01 11 00";
const std::string kColour = "0011 08 0002 0003 03 01 22 00 02 11 00 03 11 00";

/// SOC, SIZ of 2 rows and 3 columns, 12 bits, and COD: ISO/IEC 15444-1 annex A.
std::string jpeg_2000_of(std::string_view transformation) {
    std::string digits =
        "ff4f ff51 0029 0000 00000003 00000002 00000000 00000000 00000003 00000002"
        " 00000000 00000000 0001 0b 01 01 ff52 000c 00 00 0001 00 05 04 04 00 ";
    return bytes(digits.append(transformation)) + std::string("\xff\x90", 2);
}

std::string syntax_of(std::string_view type, const std::string& stream) {
    const auto found = codestream_syntax(type, as_bytes(stream));
    return found ? std::string(found->transfer_syntax_uid) : found.error().message;
}

TEST(CodestreamSyntax, FollowsFromTheHeaders) {
    EXPECT_EQ(syntax_of("image/jpeg", jpeg_of("c0", "0008 01 01 00 00 3f 00", kGray)),
              "1.2.840.10008.1.2.4.50");
    EXPECT_EQ(syntax_of("image/jpeg", jpeg_of("c1", "0008 01 01 00 00 3f 00", kGray)),
              "1.2.840.10008.1.2.4.51");
    EXPECT_EQ(syntax_of("image/jpeg", jpeg_of("c3", "0008 01 01 00 01 00 00", kGray)),
              "1.2.840.10008.1.2.4.70");
    EXPECT_EQ(syntax_of("image/jpeg", jpeg_of("c3", "0008 01 01 00 06 00 00", kGray)),
              "1.2.840.10008.1.2.4.57");
    EXPECT_EQ(syntax_of("image/jls", jpeg_of("f7", "0008 01 01 00 00 00 00", kGray)),
              "1.2.840.10008.1.2.4.80");
    EXPECT_EQ(syntax_of("image/jls", jpeg_of("f7", "0008 01 01 00 03 00 00", kGray)),
              "1.2.840.10008.1.2.4.81");
    EXPECT_EQ(syntax_of("image/jp2", jpeg_2000_of("01")), "1.2.840.10008.1.2.4.90");
    EXPECT_EQ(syntax_of("image/jp2", jpeg_2000_of("00")), "1.2.840.10008.1.2.4.91");
    EXPECT_EQ(syntax_of("image/jphc", jpeg_2000_of("01")), "1.2.840.10008.1.2.4.201");
    EXPECT_EQ(syntax_of("image/jphc", jpeg_2000_of("00")), "1.2.840.10008.1.2.4.203");
    EXPECT_EQ(syntax_of("image/dicom-rle", std::string(64, '\0')), "1.2.840.10008.1.2.5");
}

TEST(CodestreamSyntax, TellsWhatThePixelsAre) {
    const auto gray = codestream_syntax(
        "image/jpeg", as_bytes(jpeg_of("c0", "0008 01 01 00 00 3f 00", kGray)));
    ASSERT_TRUE(gray && gray->pixels);
    EXPECT_EQ(gray->pixels->rows, 2U);
    EXPECT_EQ(gray->pixels->columns, 3U);
    EXPECT_EQ(gray->pixels->samples, 1U);
    EXPECT_EQ(gray->pixels->photometric_interpretation, "MONOCHROME2");
    const auto colour = codestream_syntax(
        "image/jpeg", as_bytes(jpeg_of("c0", "000c 03 01 00 02 11 03 11 00 3f 00", kColour)));
    ASSERT_TRUE(colour && colour->pixels);
    EXPECT_EQ(colour->pixels->samples, 3U);
    EXPECT_EQ(colour->pixels->photometric_interpretation, "YBR_FULL_422");
    const auto deep = codestream_syntax("image/jp2", as_bytes(jpeg_2000_of("01")));
    ASSERT_TRUE(deep && deep->pixels);
    EXPECT_EQ(deep->pixels->rows, 2U);
    EXPECT_EQ(deep->pixels->bits_stored, 12U);
    EXPECT_EQ(deep->pixels->bits_allocated(), 16U);
}

TEST(CodestreamSyntax, AJp2FileGivesUpItsCodestream) {
    const std::string stream = jpeg_2000_of("01");
    std::string file =
        bytes("0000000c 6a502020 0d0a870a 00000014 66747970 6a703220 00000000 6a703220");
    file +=
        bytes("000000") + static_cast<char>(stream.size() + 8) + "jp2c" + stream + "behind it";
    const auto found = codestream_syntax("image/jp2", as_bytes(file));
    ASSERT_TRUE(found) << found.error().message;
    EXPECT_EQ(as_text(found->codestream), stream);
}

TEST(CodestreamSyntax, WhatIsCutOrSomethingElseIsAnError) {
    const std::string jpeg = jpeg_of("c3", "0008 01 01 00 01 00 00", kGray);
    const std::string deep = jpeg_2000_of("01");
    for (std::size_t size = 0; size < jpeg.size() - 6; ++size) {
        EXPECT_FALSE(codestream_syntax("image/jpeg", as_bytes(jpeg.substr(0, size)))) << size;
    }
    for (std::size_t size = 0; size < deep.size() - 2; ++size) {
        EXPECT_FALSE(codestream_syntax("image/jp2", as_bytes(deep.substr(0, size)))) << size;
    }
    EXPECT_FALSE(codestream_syntax("image/jls", as_bytes(jpeg)));
    EXPECT_FALSE(codestream_syntax("image/jpeg", as_bytes(deep)));
    const auto progressive = codestream_syntax(
        "image/jpeg", as_bytes(jpeg_of("c2", "0008 01 01 00 00 3f 00", kGray)));
    ASSERT_FALSE(progressive);
    EXPECT_EQ(progressive.error().code, ErrorCode::Unsupported);
    EXPECT_FALSE(codestream_syntax("image/png", as_bytes(jpeg)));
}

}  // namespace
}  // namespace larmor::pixels
