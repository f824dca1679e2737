#include "api/media_choice.h"

#include "api/dicomweb/instance_form.h"

namespace larmor::api {
namespace {

using Form = MediaChoice::Form;

constexpr auto kImplicit = "1.2.840.10008.1.2";
constexpr auto kExplicit = "1.2.840.10008.1.2.1";
constexpr auto kJpegBaseline = "1.2.840.10008.1.2.4.50";
constexpr auto kJpegLossless = "1.2.840.10008.1.2.4.70";
constexpr auto kJpegLs = "1.2.840.10008.1.2.4.80";
constexpr auto kMpeg4 = "1.2.840.10008.1.2.4.102";

std::vector<MediaChoice> choices(std::string_view accept) {
    auto parsed = parse_media_choices(accept);
    EXPECT_TRUE(parsed) << accept;
    return parsed ? *std::move(parsed) : std::vector<MediaChoice>{};
}

TEST(MediaChoice, ReadsWhatViewersSend) {
    const auto read =
        choices(R"(multipart/related; type="application/octet-stream"; transfer-syntax=*)");
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].form, Form::Multipart);
    EXPECT_EQ(read[0].type, "application/octet-stream");
    EXPECT_EQ(read[0].transfer_syntax, "*");
}

TEST(MediaChoice, KeepsTheOrderOfWishes) {
    const auto read = choices(
        "image/jpeg;q=0.2, application/dicom;transfer-syntax=1.2.840.10008.1.2.4.70, "
        "multipart/related;q=0.9, */*;q=0.1, text/html;q=0");
    ASSERT_EQ(read.size(), 4U);
    EXPECT_EQ(read[0].form, Form::Single);
    EXPECT_EQ(read[0].type, "application/dicom");
    EXPECT_EQ(read[0].transfer_syntax, kJpegLossless);
    EXPECT_EQ(read[1].form, Form::Multipart);
    EXPECT_EQ(read[1].type, "*/*");
    EXPECT_EQ(read[2].type, "image/jpeg");
    EXPECT_EQ(read[3].form, Form::Multipart);
}

TEST(MediaChoice, NoAcceptMeansEverything) {
    const auto read = choices("");
    ASSERT_EQ(read.size(), 1U);
    EXPECT_EQ(read[0].form, Form::Multipart);
    EXPECT_EQ(read[0].type, "*/*");
}

TEST(MediaChoice, TheQueryParameterStandsBeforeTheHeader) {
    http::Request request;
    request.headers.add("Accept", "text/html");
    EXPECT_EQ(accept_of(request), "text/html");
    request.query = "accept=image%2Fpng";
    EXPECT_EQ(accept_of(request), "image/png");
    EXPECT_EQ(*negotiate(request, {"image/jpeg", "image/png"}), "image/png");
    EXPECT_EQ(negotiate(request, {"image/jpeg"}).error().code, ErrorCode::Unsupported);
    // PS3.18 section 8.7.8.1: then the header.
    EXPECT_EQ(*negotiate(request, {"image/jpeg", "text/html"}), "text/html");
    EXPECT_THAT(*accepts_of(request), testing::ElementsAre("image/png", "text/html"));
}

TEST(InstanceForm, NoTransferSyntaxMeansExplicitLittleEndian) {
    const auto wanted = choices(R"(multipart/related; type="application/dicom")");
    EXPECT_EQ(choose_instance_form(wanted, {kExplicit})->form, InstanceForm::AsStored);
    EXPECT_EQ(choose_instance_form(wanted, {kImplicit})->form, InstanceForm::ExplicitLittle);
    EXPECT_EQ(choose_instance_form(wanted, {kJpegLs})->form, InstanceForm::ExplicitLittle);
    EXPECT_FALSE(choose_instance_form(wanted, {kMpeg4})) << "video can't be decoded";
    EXPECT_FALSE(choose_instance_form(wanted, {"1.2.3.4"})) << "an unknown syntax";
}

TEST(InstanceForm, AStarMeansAsStored) {
    const auto wanted =
        choices(R"(multipart/related; type="application/dicom"; transfer-syntax=*)");
    for (const auto* stored : {kExplicit, kImplicit, kJpegLs, kMpeg4, "1.2.3.4"}) {
        EXPECT_EQ(choose_instance_form(wanted, {stored})->form, InstanceForm::AsStored)
            << stored;
    }
}

TEST(InstanceForm, NothingIsEncodedAnew) {
    const auto wanted = choices(
        R"(multipart/related; type="application/dicom"; transfer-syntax=1.2.840.10008.1.2.4.50)");
    EXPECT_EQ(choose_instance_form(wanted, {kJpegBaseline})->form, InstanceForm::AsStored);
    EXPECT_FALSE(choose_instance_form(wanted, {kExplicit}));
    EXPECT_FALSE(choose_instance_form(choices("image/jpeg"), {kJpegBaseline}));
}

TEST(InstanceForm, AnAlternateIsTakenBeforeAnythingIsWrittenAgain) {
    const auto form = [](std::string_view syntax, const std::vector<std::string_view>& stored) {
        return choose_instance_form(
            choices("application/dicom" +
                    (syntax.empty() ? "" : "; transfer-syntax=" + std::string(syntax))),
            stored);
    };
    const auto none = form("", {kJpegLs, kExplicit});
    EXPECT_EQ(none->encoding, 1U);
    EXPECT_EQ(none->form, InstanceForm::AsStored);
    const auto lossless = form(kJpegLs, {kExplicit, kJpegLossless, kJpegLs});
    EXPECT_EQ(lossless->encoding, 2U);
    EXPECT_EQ(lossless->form, InstanceForm::AsStored);
    EXPECT_EQ(form("*", {kJpegLs, kExplicit})->encoding, 0U) << "the first is the primary";
    // What can't be decoded has another encoding that can.
    const auto written = form("", {kMpeg4, kJpegLs});
    EXPECT_EQ(written->encoding, 1U);
    EXPECT_EQ(written->form, InstanceForm::ExplicitLittle);
    EXPECT_FALSE(form(kJpegBaseline, {kExplicit, kJpegLs}));
}

TEST(FrameForm, AnAlternateIsTakenBeforeAnythingIsDecoded) {
    const auto octets = choose_frame_form(choices("*/*"), {kJpegLs, kExplicit}, 1);
    EXPECT_EQ(octets->encoding, 1U);
    EXPECT_FALSE(octets->decode);
    const auto jls = choose_frame_form(choices("image/jls"), {kExplicit, kJpegLs}, 1);
    EXPECT_EQ(jls->encoding, 1U);
    EXPECT_FALSE(jls->native);
    const auto star = choose_frame_form(choices("multipart/related; transfer-syntax=*"),
                                        {kExplicit, kJpegLs}, 1);
    EXPECT_EQ(star->encoding, 0U);
    // The client's first wish stands before what is easy for us.
    const auto wish =
        choose_frame_form(choices(R"(multipart/related; type="application/octet-stream",)"
                                  R"(multipart/related; type="image/jls"; q=0.5)"),
                          {kJpegLs}, 1);
    EXPECT_TRUE(wish->decode);
}

TEST(FrameForm, OctetsWithoutTransferSyntaxAreDecoded) {
    const auto wanted = choices(R"(multipart/related; type="application/octet-stream")");
    for (const auto* stored : {kExplicit, kImplicit, kJpegLs}) {
        const auto answer = choose_frame_form(wanted, {stored}, 1);
        ASSERT_TRUE(answer) << stored;
        EXPECT_TRUE(answer->native);
        EXPECT_EQ(answer->transfer_syntax, kExplicit);
    }
    EXPECT_FALSE(choose_frame_form(wanted, {kMpeg4}, 1));
}

TEST(FrameForm, AStarIsAsStoredUnderTheNameAskedFor) {
    const auto octets = choose_frame_form(
        choices(R"(multipart/related; type="application/octet-stream"; transfer-syntax=*)"),
        {kJpegLs}, 2);
    EXPECT_FALSE(octets->native);
    EXPECT_EQ(octets->media_type, "application/octet-stream");
    EXPECT_EQ(octets->transfer_syntax, kJpegLs);
    const auto any =
        choose_frame_form(choices("multipart/related; transfer-syntax=*"), {kJpegLs}, 2);
    EXPECT_FALSE(any->native);
    EXPECT_EQ(any->media_type, "image/jls");
}

TEST(FrameForm, AnImageTypeTakesWhatIsStoredSo) {
    EXPECT_EQ(choose_frame_form(choices(R"(multipart/related; type="image/jls")"), {kJpegLs}, 3)
                  ->media_type,
              "image/jls");
    EXPECT_FALSE(choose_frame_form(choices(R"(multipart/related; type="image/jls")"),
                                   {kJpegBaseline}, 1));
    EXPECT_FALSE(
        choose_frame_form(choices(R"(multipart/related; type="image/jpeg")"), {kExplicit}, 1));
}

TEST(FrameForm, ASingleBodyHoldsOneFrame) {
    EXPECT_EQ(choose_frame_form(choices("image/jpeg"), {kJpegBaseline}, 1)->body, Form::Single);
    EXPECT_FALSE(choose_frame_form(choices("image/jpeg"), {kJpegBaseline}, 2));
    EXPECT_EQ(choose_frame_form(choices("application/octet-stream"), {kImplicit}, 1)->body,
              Form::Single);
}

TEST(FrameForm, EverythingMeansDecodedOctets) {
    const auto answer = choose_frame_form(choices("*/*"), {kJpegLs}, 1);
    EXPECT_TRUE(answer->native);
    EXPECT_EQ(answer->media_type, "application/octet-stream");
}

}  // namespace
}  // namespace larmor::api
