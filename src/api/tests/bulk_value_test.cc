#include "api/dicomweb/bulk_value.h"

#include "api/dicomweb/explicit_file.h"
#include "dicom/writer.h"

namespace larmor::api {
namespace {

using dicom::LengthForm;
using dicom::Tag;

constexpr Tag kSequence{0x0008, 0x1140};
constexpr Tag kInner{0x0008, 0x1199};
constexpr Tag kBytes{0x0009, 0x1010};
constexpr Tag kPixelData{0x7fe0, 0x0010};

/// A data set with values at the top, in the second item of a sequence, and in a sequence in
/// that.
ByteBuffer data_set(LengthForm form) {
    dicom::Writer writer;
    writer.text({0x0008, 0x0018}, dicom::vr::UI, "1.2");
    writer.start_sequence(kSequence, form);
    writer.start_item(form);
    writer.element(kBytes, dicom::vr::OB, as_bytes("wrong!"));
    writer.end_item();
    writer.start_item(form);
    writer.start_sequence(kInner, form);
    writer.start_item(form);
    writer.element(kBytes, dicom::vr::OB, as_bytes("inner."));
    writer.end_item();
    writer.end_sequence();
    writer.element(kBytes, dicom::vr::OB, as_bytes("second"));
    writer.end_item();
    writer.end_sequence();
    writer.element(kPixelData, dicom::vr::OW, as_bytes("pixels"));
    return writer.take();
}

Result<std::string> value_at(Bytes bytes, std::string_view path) {
    dicom::File file;
    file.bytes = bytes;
    file.data_set = bytes;
    TRY(const auto parsed, parse_bulk_data_path(path));
    TRY(const auto found, find_bulk_value(file, parsed));
    EXPECT_EQ(as_text(bytes.subspan(found.offset, found.value.size())), as_text(found.value));
    return std::string(as_text(found.value));
}

TEST(BulkValue, IsFoundAtTheTopAndInSequences) {
    for (const auto form : {LengthForm::Defined, LengthForm::Undefined}) {
        const ByteBuffer bytes = data_set(form);
        EXPECT_EQ(value_at(bytes, "7FE00010"), "pixels");
        EXPECT_EQ(value_at(bytes, "00081140/1/00091010"), "second");
        EXPECT_EQ(value_at(bytes, "00081140/1/00081199/0/00091010"), "inner.");
        EXPECT_EQ(value_at(bytes, "00081140/0/00091010"), "wrong!");
    }
}

TEST(BulkValue, IsNotFoundElsewhere) {
    const ByteBuffer bytes = data_set(LengthForm::Undefined);
    for (const auto* path :
         {"7FE00020", "00091010", "00081140", "00081140/2/00091010", "00080018/0/00091010",
          "00081140/0/7FE00010", "00081140/1/00081199/1/00091010"}) {
        const auto value = value_at(bytes, path);
        ASSERT_FALSE(value) << path;
        EXPECT_EQ(value.error().code, ErrorCode::NotFound) << path;
    }
}

TEST(BulkValue, RefusesPathsThatAreNone) {
    for (const auto* path : {"", "7FE0001", "pixels", "00081140/0", "00081140/x/00091010",
                             "00081140//00091010", "00081140/0/", "00081140/-1/00091010"}) {
        const auto parsed = parse_bulk_data_path(path);
        ASSERT_FALSE(parsed) << path;
        EXPECT_EQ(parsed.error().code, ErrorCode::InvalidInput) << path;
    }
    std::string deep = "00091010";
    for (int i = 0; i < 65; ++i) {
        deep.insert(0, "00081140/0/");
    }
    EXPECT_EQ(parse_bulk_data_path(deep).error().code, ErrorCode::LimitExceeded);
}

TEST(ApplyChanges, ReplacesAddsAndRemovesInOrder) {
    dicom::Writer before;
    before.start_sequence(kSequence);
    before.end_sequence();
    before.number({0x0028, 0x0000}, dicom::vr::UL, 100);  // a group length, soon wrong
    before.number({0x0028, 0x0002}, dicom::vr::US, 3);
    before.text({0x0028, 0x0004}, dicom::vr::CS, "YBR_FULL_422");
    before.number({0x0028, 0x0100}, dicom::vr::US, 8);
    const std::vector<pixels::AttributeChange> changes = {
        {.tag = {0x0028, 0x0004}, .vr = dicom::vr::CS, .value = "RGB "},
        {.tag = {0x0028, 0x0006}, .vr = dicom::vr::US, .value = std::string(2, '\0')},
        {.tag = {0x0028, 0x0100}, .vr = dicom::vr::US, .remove = true, .value = {}},
        {.tag = {0x0028, 0x0107}, .vr = dicom::vr::US, .value = "ab"},
    };
    dicom::Writer expected;
    expected.start_sequence(kSequence);
    expected.end_sequence();
    expected.number({0x0028, 0x0002}, dicom::vr::US, 3);
    expected.text({0x0028, 0x0004}, dicom::vr::CS, "RGB");
    expected.number({0x0028, 0x0006}, dicom::vr::US, 0);
    expected.element({0x0028, 0x0107}, dicom::vr::US, as_bytes("ab"));

    const auto changed = apply_changes(before.buffer(), changes);

    ASSERT_TRUE(changed) << changed.error().message;
    EXPECT_EQ(*changed, expected.buffer());
}

}  // namespace
}  // namespace larmor::api
