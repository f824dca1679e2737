#include "api/dicomweb/animation.h"

#include "api/dicomweb/annotation_text.h"

namespace larmor::api {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// A data set of text elements in Explicit VR Little Endian, tags ascending.
class TextDataSet {
public:
    TextDataSet& add(dicom::Tag tag, std::string_view vr, std::string value) {
        if (value.size() % 2 != 0) {
            value += ' ';
        }
        const auto put = [&](std::size_t number) {
            bytes_ += static_cast<char>(number & 0xff);
            bytes_ += static_cast<char>(number >> 8);
        };
        put(tag.group);
        put(tag.element);
        bytes_ += vr;
        put(value.size());
        bytes_ += value;
        return *this;
    }
    dicom::File file() const {
        dicom::File file;
        file.data_set = as_bytes(bytes_);
        return file;
    }

private:
    std::string bytes_;
};

constexpr dicom::Tag kRecommendedRate{0x0008, 0x2144};
constexpr dicom::Tag kCineRate{0x0018, 0x0040};
constexpr dicom::Tag kFrameTime{0x0018, 0x1063};

TEST(FrameTime, IsTheRecommendedOneThenTheNominalThenTheCineRate) {
    const auto ms = [](const TextDataSet& data_set) { return *frame_time_ms(data_set.file()); };
    EXPECT_EQ(ms(TextDataSet().add(kRecommendedRate, "IS", "25").add(kFrameTime, "DS", "50")),
              40);
    EXPECT_EQ(ms(TextDataSet().add(kCineRate, "IS", "10").add(kFrameTime, "DS", "33.3")), 33.3);
    EXPECT_EQ(ms(TextDataSet().add(kCineRate, "IS", "8")), 125);
    EXPECT_EQ(ms(TextDataSet()), 100);
    for (const auto* bad : {"0", "-5", "x", "1e9", ""}) {
        EXPECT_EQ(ms(TextDataSet().add(kFrameTime, "DS", bad)), 100) << bad;
        EXPECT_EQ(ms(TextDataSet().add(kCineRate, "DS", bad).add(kFrameTime, "DS", "20")), 20);
    }
}

TEST(FrameTime, DelaysTogetherTakeAsLongAsTheFrames) {
    EXPECT_THAT((std::array{delay_cs(33.3, 0), delay_cs(33.3, 1), delay_cs(33.3, 2)}),
                ElementsAre(3, 4, 3));
    std::uint32_t sum = 0;
    for (std::uint32_t frame = 0; frame < 300; ++frame) {
        sum += delay_cs(1000.0 / 30, frame);
    }
    EXPECT_EQ(sum, 1000U);
    EXPECT_EQ(delay_cs(1, 5), 2U);
    EXPECT_EQ(delay_cs(60'000, 4'000'000'000), 6000U);
}

TEST(AnnotationText, SaysWhoAndHow) {
    const auto data_set = TextDataSet()
                              .add({0x0008, 0x0005}, "CS", "ISO_IR 100")
                              .add({0x0008, 0x0020}, "DA", "20240105")
                              .add({0x0008, 0x0060}, "CS", "CT")
                              .add({0x0008, 0x103e}, "LO", "thin")
                              .add({0x0010, 0x0010}, "PN", "M\xf8ller^Anna^Maria^Dr.")
                              .add({0x0010, 0x0020}, "LO", "P-1")
                              .add({0x0010, 0x0030}, "DA", "19700102")
                              .add({0x0010, 0x0040}, "CS", "F")
                              .add({0x0018, 0x0050}, "DS", "1.25")
                              .add({0x0018, 0x0060}, "DS", "120")
                              .add({0x0018, 0x0080}, "DS", "500");
    const auto all = annotation_of(data_set.file(), {.patient = true, .technique = true});
    ASSERT_TRUE(all) << all.error().message;
    EXPECT_THAT(all->top, ElementsAre("M\u00f8ller, Anna Maria Dr.", "P-1", "1970-01-02  F"));
    EXPECT_THAT(all->bottom,
                ElementsAre("CT  2024-01-05", "thin", "120 kV  TR 500 ms  1.25 mm"));
    EXPECT_THAT(annotation_of(data_set.file(), {.patient = true})->bottom, IsEmpty());
    EXPECT_THAT(annotation_of(data_set.file(), {.technique = true})->top, IsEmpty());
    EXPECT_TRUE(
        annotation_of(TextDataSet().file(), {.patient = true, .technique = true})->empty());
}

TEST(AnnotationText, LongWordsAreCutBetweenCharacters) {
    std::string name(127, 'a');
    name += "\u00e9\u00e9";
    const auto data_set = TextDataSet()
                              .add({0x0008, 0x0005}, "CS", "ISO_IR 192")
                              .add({0x0010, 0x0010}, "PN", name);
    EXPECT_THAT(annotation_of(data_set.file(), {.patient = true})->top,
                ElementsAre(std::string(127, 'a')));
}

}  // namespace
}  // namespace larmor::api
