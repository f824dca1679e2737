#include "dicom/rewrite.h"

#include <gtest/gtest.h>

#include "dicom/tags.h"
#include "dicom/tests/codec_test_data.h"

namespace larmor::dicom {
namespace {

using test::hex;

ByteBuffer rewritten(Bytes data_set, Encoding from, Encoding to, Preserve preserve) {
    ByteBuffer out;
    const auto done = rewrite(data_set, from, to, preserve, out);
    EXPECT_TRUE(done) << done.error().message;
    return out;
}

TEST(Rewrite, ReturnsEveryLittleEndianFileByteForByte) {
    std::size_t count = 0;
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        if (!file || file->encoding.order == ByteOrder::Big) continue;
        ByteBuffer out;
        if (!rewrite(file->data_set, file->encoding, file->encoding, Preserve::Yes, out))
            continue;
        ASSERT_TRUE(std::ranges::equal(out, file->data_set)) << path;
        out.clear();
        ASSERT_TRUE(
            rewrite(file->meta, file->meta_encoding, file->meta_encoding, Preserve::Yes, out));
        ASSERT_TRUE(std::ranges::equal(out, file->meta)) << path;
        ++count;
    }
    EXPECT_GT(count, 50U);
}

TEST(Rewrite, KeepsOddThingsWhenPreserving) {
    for (const auto* odd : {
             "1100 0110 'ZZ' cafe 03000000 010203",  // unknown VR, reserved, odd
             "1000 2000 'LO' 0100 'A'",              // odd text
             "0800 0000 'UL' 0400 12345678 0800 6000 'CS' 0200 'CT'",  // a wrong group length
             "0800 4011 'SQ' 0000 ffffffff feff 00e0 00000000 feff dde0 11223344",
             ("0900 0110 'UN' beef ffffffff feff 00e0 ffffffff 0800 6000 02000000 'CT'"
              "feff 0de0 00000000 feff dde0 00000000"),
             "e07f 1000 'OB' 0000 ffffffff feff 00e0 03000000 010203 feff dde0 01000000",
         }) {
        const auto data = hex(odd);
        EXPECT_EQ(rewritten(data, kExplicitLittle, kExplicitLittle, Preserve::Yes), data)
            << odd;
    }
}

TEST(Rewrite, MakesOneFormOfManyWhenNotPreserving) {
    const auto defined =
        hex("0800 0000 'UL' 0400 1c000000"
            "0800 4011 'SQ' 0000 12000000 feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
            "1000 2000 'LO' 0100 'A'");
    const auto undefined =
        hex("0800 4011 'UN' 0000 ffffffff"
            "feff 00e0 ffffffff 0800 5011 02000000 '1' 00 feff 0de0 00000000 feff dde0 00000000"
            "1000 2000 'LO' 0200 'A '");
    const auto expected =
        hex("0800 4011 'SQ' 0000 ffffffff feff 00e0 ffffffff 0800 5011 'UI' 0200 '1' 00"
            "feff 0de0 00000000 feff dde0 00000000"
            "1000 2000 'LO' 0200 'A '");

    EXPECT_EQ(rewritten(defined, kExplicitLittle, kExplicitLittle, Preserve::No), expected);
    EXPECT_EQ(rewritten(undefined, kExplicitLittle, kExplicitLittle, Preserve::No), expected);
}

TEST(Rewrite, PadsOddFragmentsUnlessPreserving) {
    const auto odd =
        hex("e07f 1000 'OB' 0000 ffffffff feff 00e0 03000000 010203"
            "feff dde0 00000000");
    const auto even =
        hex("e07f 1000 'OB' 0000 ffffffff feff 00e0 04000000 01020300"
            "feff dde0 00000000");

    EXPECT_EQ(rewritten(odd, kExplicitLittle, kExplicitLittle, Preserve::No), even);
    EXPECT_EQ(rewritten(odd, kExplicitLittle, kExplicitLittle, Preserve::Yes), odd);
}

TEST(Rewrite, LeavesOutFileMetaInformationAmongTheDataElements) {
    const auto odd =
        hex("0100 0000 'UL' 0400 00000000 0200 1000 'UI' 0200 '1' 00"
            "0200 0110 'SQ' 0000 ffffffff feff dde0 00000000"
            "0800 6000 'CS' 0200 'CT'");

    EXPECT_EQ(rewritten(odd, kExplicitLittle, kExplicitLittle, Preserve::No),
              hex("0800 6000 'CS' 0200 'CT'"));
    EXPECT_EQ(rewritten(odd, kExplicitLittle, kImplicitLittle, Preserve::Yes),
              hex("0800 6000 02000000 'CT'"));
    EXPECT_EQ(rewritten(odd, kExplicitLittle, kExplicitLittle, Preserve::Yes), odd);
}

TEST(Rewrite, ChangesTheVrFormAndKeepsLengthForms) {
    const auto explicit_form =
        hex("0800 4011 'SQ' 0000 12000000 feff 00e0 0a000000 0800 5011 'UI' 0200 '1' 00"
            "e07f 1000 'OW' 0000 02000000 0102");
    const auto implicit_form =
        hex("0800 4011 12000000 feff 00e0 0a000000 0800 5011 02000000 '1' 00"
            "e07f 1000 02000000 0102");

    EXPECT_EQ(rewritten(explicit_form, kExplicitLittle, kImplicitLittle, Preserve::Yes),
              implicit_form);
    EXPECT_EQ(rewritten(implicit_form, kImplicitLittle, kExplicitLittle, Preserve::Yes),
              explicit_form);
}

TEST(Rewrite, SwapsBigEndianValuesByTheirVr) {
    const auto big =
        hex("0028 0010 'US' 0002 0200"
            "0018 9313 'FD' 0008 3ff0000000000000"
            "0020 9165 'AT' 0004 00100020"
            "0010 0020 'LO' 0002 'AB'"
            "7fe0 0010 'OW' 0000 00000004 01020304");
    const auto little =
        hex("2800 1000 'US' 0200 0002"
            "1800 1393 'FD' 0800 000000000000f03f"
            "2000 6591 'AT' 0400 10002000"
            "1000 2000 'LO' 0200 'AB'"
            "e07f 1000 'OW' 0000 04000000 02010403");

    EXPECT_EQ(rewritten(big, kExplicitBig, kExplicitLittle, Preserve::Yes), little);
    ByteBuffer out;
    EXPECT_EQ(rewrite(little, kExplicitLittle, kExplicitBig, Preserve::Yes, out).error().code,
              ErrorCode::Unsupported);
}

TEST(Rewrite, TurnsOneImageOfPydicomIntoItsSiblings) {
    // The same image three times, made by others.
    const auto little = test::pydicom_file("ExplVR_LitEndNoMeta.dcm");
    const auto big = test::pydicom_file("ExplVR_BigEndNoMeta.dcm");
    EXPECT_EQ(rewritten(big, kExplicitBig, kExplicitLittle, Preserve::Yes), little);

    const auto implicit_bytes = test::pydicom_file("MR_small_implicit.dcm");
    const auto big_bytes = test::pydicom_file("MR_small_bigendian.dcm");
    const auto implicit_file = open_file(implicit_bytes);
    const auto big_file = open_file(big_bytes);
    ASSERT_TRUE(implicit_file && big_file);
    EXPECT_EQ(
        rewritten(big_file->data_set, kExplicitBig, kImplicitLittle, Preserve::No),
        rewritten(implicit_file->data_set, kImplicitLittle, kImplicitLittle, Preserve::No));
}

TEST(Rewrite, ReadsBackTheSameValuesInBothEncodings) {
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        if (!file || file->data_set.size() > 4'000'000) continue;
        ByteBuffer once;
        if (!rewrite(file->data_set, file->encoding, kExplicitLittle, Preserve::No, once))
            continue;
        const auto twice = rewritten(once, kExplicitLittle, kExplicitLittle, Preserve::No);
        ASSERT_EQ(once, twice) << path;
        // Through Implicit VR, where a VR that the dictionary does not know gets lost.
        const auto implicit_once =
            rewritten(once, kExplicitLittle, kImplicitLittle, Preserve::No);
        const auto direct =
            rewritten(file->data_set, file->encoding, kImplicitLittle, Preserve::No);
        ASSERT_EQ(implicit_once, direct) << path;
    }
}

TEST(FileMeta, HasTheRightGroupLength) {
    ByteBuffer out;
    write_file_meta({.media_storage_sop_class_uid = "1.2.840.10008.5.1.4.1.1.2",
                     .media_storage_sop_instance_uid = "1.2.3",
                     .transfer_syntax_uid = "1.2.840.10008.1.2.1",
                     .source_application_entity_title = "LARMOR"},
                    out);

    const auto file = open_file(out);
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_TRUE(file->has_preamble);
    EXPECT_TRUE(file->data_set.empty());
    const auto length = find(file->meta, kExplicitLittle, tags::FileMetaInformationGroupLength);
    ASSERT_TRUE(length && *length);
    EXPECT_EQ(load_little<std::uint32_t>((*length)->value.data()),
              file->meta.size() - (*length)->next);
    const auto version = find(file->meta, kExplicitLittle, tags::FileMetaInformationVersion);
    EXPECT_EQ(ByteBuffer((*version)->value.begin(), (*version)->value.end()), hex("0001"));
    const auto name = find(file->meta, kExplicitLittle, tags::ImplementationVersionName);
    EXPECT_EQ(as_text((*name)->value), "LARMOR_0_1");
}

TEST(RewriteFile, MakesAnExplicitFileOfEachNativeOne) {
    for (const auto* name : {"MR_small_implicit.dcm", "MR_small_bigendian.dcm", "image_dfl.dcm",
                             "rtstruct.dcm", "ExplVR_BigEndNoMeta.dcm"}) {
        const auto bytes = test::pydicom_file(name);
        const auto file = open_file(bytes);
        ASSERT_TRUE(file) << name;
        const auto out = rewrite_file(*file, kExplicitLittleUid, Preserve::No);
        ASSERT_TRUE(out) << name << out.error().message;
        const auto again = open_file(*out);
        ASSERT_TRUE(again) << name;
        EXPECT_EQ(again->transfer_syntax_uid, kExplicitLittleUid);
        EXPECT_EQ(rewritten(again->data_set, again->encoding, kImplicitLittle, Preserve::No),
                  rewritten(file->data_set, file->encoding, kImplicitLittle, Preserve::No))
            << name;
        const auto instance =
            find(again->meta, kExplicitLittle, tags::MediaStorageSOPInstanceUID);
        const auto in_data = find(again->data_set, kExplicitLittle, tags::SOPInstanceUID);
        ASSERT_TRUE(instance && *instance && in_data && *in_data) << name;
        EXPECT_EQ(as_text((*instance)->value), as_text((*in_data)->value)) << name;
    }
}

TEST(RewriteFile, WritesWhatDcmdumpReads) {
    const auto folder = std::filesystem::temp_directory_path() /
                        ("larmor_rewrite_" + std::to_string(::getpid()));
    std::filesystem::create_directory(folder);
    std::size_t count = 0;
    for (const auto& path : test::dicom_files()) {
        const auto mapped = MappedFile::open(path);
        const auto file = open_file(mapped->bytes());
        if (!file || file->bytes.size() > 400'000) continue;
        auto made = rewrite_file(*file, kExplicitLittleUid, Preserve::No);
        if (!made) made = rewrite_file(*file, file->transfer_syntax_uid, Preserve::No);
        if (!made) continue;
        std::ofstream out(folder / std::to_string(count++), std::ios::binary);
        out.write(reinterpret_cast<const char*>(made->data()),
                  static_cast<std::streamsize>(made->size()));
    }
    EXPECT_GT(count, 50U);

    std::FILE* pipe = ::popen(("dcmdump -q -M +sd " + folder.string() + " 2>&1").c_str(), "r");
    ASSERT_NE(pipe, nullptr);
    std::string errors;
    std::array<char, 4096> line;
    while (std::fgets(line.data(), line.size(), pipe) != nullptr) {
        if (std::string_view(line.data()).starts_with("E:")) errors += line.data();
    }
    EXPECT_EQ(::pclose(pipe), 0) << errors;
    EXPECT_EQ(errors, "");
    std::filesystem::remove_all(folder);
}

TEST(RewriteFile, NeverTouchesPixels) {
    const auto bytes = test::pydicom_file("JPEG2000.dcm");
    const auto file = open_file(bytes);
    ASSERT_TRUE(file);
    const auto native = rewrite_file(*file, kExplicitLittleUid, Preserve::No);
    EXPECT_EQ(native.error().code, ErrorCode::Unsupported);
    const auto same = rewrite_file(*file, file->transfer_syntax_uid, Preserve::Yes);
    ASSERT_TRUE(same);
    EXPECT_EQ(*same, bytes);
    EXPECT_TRUE(rewrite_file(*file, file->transfer_syntax_uid, Preserve::No));
}

}  // namespace
}  // namespace larmor::dicom
