#include "http/multipart.h"

#include "async/sync_wait.h"

namespace larmor::http {
namespace {

struct Read {
    std::vector<std::pair<std::string, std::string>> parts;  ///< content type, data
    friend bool operator==(const Read&, const Read&) = default;
};

Result<Read> read_in_memory(std::string_view body, std::string_view boundary,
                            const MultipartLimits& limits = {}) {
    TRY(const auto parts, parse_multipart(as_bytes(body), boundary, limits));
    Read read;
    for (const auto& part : parts) {
        read.parts.emplace_back(part.headers.get("Content-Type"), larmor::to_string(part.data));
        // The data is a view of the body, at the offset that is told.
        EXPECT_EQ(body.substr(part.offset, part.data.size()), as_text(part.data));
    }
    return read;
}

Task<Result<Read>> read_stream(BodyReader& body, std::string boundary, MultipartLimits limits) {
    MultipartReader reader(body, boundary, limits, 0);
    Read read;
    while (true) {
        CO_TRY(const auto part, co_await reader.next_part());
        if (!part) co_return read;
        read.parts.emplace_back(part->get("Content-Type"), "");
        while (true) {
            CO_TRY(const Bytes piece, co_await reader.read());
            if (piece.empty()) break;
            read.parts.back().second += as_text(piece);
        }
    }
}
Result<Read> read_in_pieces(std::string_view body, std::string_view boundary, std::size_t piece,
                            MultipartLimits limits = {}) {
    MemoryBodyReader reader(as_bytes(body), piece);
    return async::sync_wait(read_stream(reader, std::string(boundary), limits));
}

/// All ways to read must agree.
void expect_parts(std::string_view body, std::string_view boundary, const Read& expected) {
    const auto whole = read_in_memory(body, boundary);
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(*whole, expected);
    for (const std::size_t piece : {1, 2, 3, 7, 1000}) {
        const auto streamed = read_in_pieces(body, boundary, piece);
        ASSERT_TRUE(streamed) << streamed.error().message;
        EXPECT_EQ(*streamed, expected) << piece;
    }
}

TEST(Multipart, ReadsTheExampleOfRfc2046) {
    // Section 5.1.1, with its preamble, implicit type and epilogue.
    expect_parts(
        "This is the preamble.  It is to be ignored, though it\r\n"
        "is a handy place for composition agents to include an\r\n"
        "explanatory note to non-MIME conformant readers.\r\n\r\n"
        "--simple boundary\r\n\r\n"
        "This is implicitly typed plain US-ASCII text.\r\n"
        "It does NOT end with a linebreak.\r\n"
        "--simple boundary\r\n"
        "Content-type: text/plain; charset=us-ascii\r\n\r\n"
        "This is explicitly typed plain US-ASCII text.\r\n"
        "It DOES end with a linebreak.\r\n\r\n"
        "--simple boundary--\r\n\r\n"
        "This is the epilogue.  It is also to be ignored.\r\n",
        "simple boundary",
        {{{"",
           "This is implicitly typed plain US-ASCII text.\r\n"
           "It does NOT end with a linebreak."},
          {"text/plain; charset=us-ascii",
           "This is explicitly typed plain US-ASCII text.\r\n"
           "It DOES end with a linebreak.\r\n"}}});
}

TEST(Multipart, KeepsBytesThatLookAlmostLikeABoundary) {
    using namespace std::string_literals;
    const auto data = "\r\n--b\r\r\n--bx\r\n-\r\n--\r\n\r\n--B\0\xff--b--"s;
    expect_parts("--b\r\nContent-Type: application/dicom\r\n\r\n" + data + "\r\n--b--", "b",
                 {{{"application/dicom", data}}});
}

TEST(Multipart, ReadsEmptyPartsAndPadding) {
    expect_parts("--b \t \r\nContent-Type: a/b\r\n\r\n\r\n--b\t\r\n\r\n\r\n--b--", "b",
                 {{{"a/b", ""}, {"", ""}}});
    // The head's empty line may itself be the line end before the boundary.
    expect_parts("--b\r\nContent-Type: a/b\r\n\r\n--b--\r\n", "b", {{{"a/b", ""}}});
    expect_parts("--b--", "b", {});
}

TEST(Multipart, UnfoldsAndTrimsPartHeaders) {
    expect_parts("--b\r\nContent-Type: multipart/x;\r\n  a=b \r\nX:y\r\n\r\nd\r\n--b--", "b",
                 {{{"multipart/x; a=b", "d"}}});
}

TEST(Multipart, TakesBareLineFeedsOnlyFromTheFirstBoundaryOn) {
    expect_parts("--b\nContent-Type: a/b\n\nx\r\n\n--b--\n", "b", {{{"a/b", "x\r\n"}}});
    expect_parts("--b\r\nContent-Type: a/b\r\n\r\nx\n--b\n\r\n--b--", "b",
                 {{{"a/b", "x\n--b\n"}}});
}

TEST(Multipart, ReadsAFormWithDispositions) {
    const std::string body =
        "--AaB03x\r\nContent-Disposition: form-data; name=\"file\"; "
        "filename=\"a \\\"b\\\".dcm\"\r\n\r\nDICM\r\n--AaB03x--\r\n";
    const auto parts = parse_multipart(as_bytes(body), "AaB03x");
    ASSERT_TRUE(parts);
    const auto disposition = parts->at(0).headers.get("content-disposition");
    EXPECT_EQ(disposition_parameter(disposition, "name"), "file");
    EXPECT_EQ(disposition_parameter(disposition, "filename"), "a \"b\".dcm");
    EXPECT_EQ(disposition_parameter(disposition, "none"), std::nullopt);
}

TEST(Multipart, JudgesPaddingAndHeadsTheSameHoweverTheBodyArrives) {
    const MultipartLimits limits{.part_head_bytes_max = 40};
    for (const std::size_t blanks : {63, 64, 65, 200}) {
        const auto delimiter = "\r\n--b" + std::string(blanks, ' ') + "\r\n";
        const auto body = "--b\r\n\r\none" + delimiter + "\r\ntwo\r\n--b--";
        const auto whole = read_in_memory(body, "b");
        ASSERT_TRUE(whole);
        EXPECT_EQ(whole->parts.size(), blanks <= 64 ? 2U : 1U) << blanks;
        const auto streamed = read_in_pieces(body, "b", 1);
        ASSERT_TRUE(streamed);
        EXPECT_EQ(*streamed, *whole) << blanks;
    }
    for (const std::size_t size : {39, 40, 41}) {
        const auto body = "--b\r\nX: " + std::string(size - 3, 'v') + "\r\n\r\nd\r\n--b--";
        EXPECT_EQ(read_in_memory(body, "b", limits).has_value(), size <= 40) << size;
        EXPECT_EQ(read_in_pieces(body, "b", 1, limits).has_value(), size <= 40) << size;
    }
}

TEST(Multipart, TakesAPreambleOfExactlyTheLimit) {
    const MultipartLimits limits{.preamble_bytes_max = 32};
    for (const std::size_t size : {31, 32, 33}) {
        const auto body = std::string(size - 2, 'p') + "\r\n--b--";
        EXPECT_EQ(read_in_memory(body, "b", limits).has_value(), size <= 32) << size;
        EXPECT_EQ(read_in_pieces(body, "b", 1, limits).has_value(), size <= 32) << size;
    }
}

struct Broken {
    const char* what;
    std::string body;
    ErrorCode code;
    const char* message;
};
TEST(Multipart, RefusesBrokenBodiesWithTheOffset) {
    const MultipartLimits limits{.parts_max = 2,
                                 .part_head_bytes_max = 64,
                                 .part_headers_max = 2,
                                 .preamble_bytes_max = 32};
    const Broken cases[] = {
        {"no boundary", "some text", ErrorCode::InvalidInput, "no boundary at byte 9"},
        {"empty", "", ErrorCode::InvalidInput, "no boundary at byte 0"},
        {"no end", "--b\r\n\r\ndata", ErrorCode::InvalidInput,
         "no closing boundary at byte 11"},
        {"cut in the head", "--b\r\nContent-Type: a", ErrorCode::InvalidInput,
         "no end at byte"},
        {"cut in the boundary", "--b\r\n\r\nx\r\n--b", ErrorCode::InvalidInput, "closing"},
        {"text behind the first boundary", "--bx\r\n\r\n--b--", ErrorCode::InvalidInput,
         "byte 3"},
        {"no header", "--b\r\nnothing\r\n\r\nx\r\n--b--", ErrorCode::InvalidInput, "byte 5"},
        {"bad name", "--b\r\nX Y: z\r\n\r\nx\r\n--b--", ErrorCode::InvalidInput, "byte 5"},
        {"long head", "--b\r\nX: " + std::string(100, 'y') + "\r\n\r\n\r\n--b--",
         ErrorCode::LimitExceeded, "byte 5"},
        {"many headers", "--b\r\nX: 1\r\nX: 2\r\nX: 3\r\n\r\nx\r\n--b--",
         ErrorCode::LimitExceeded, "limit 2"},
        {"many parts", "--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b\r\n\r\nz\r\n--b--",
         ErrorCode::LimitExceeded, "limit 2"},
        {"long preamble", std::string(100, 'p') + "\r\n--b--", ErrorCode::LimitExceeded,
         "limit 32"},
    };
    for (const auto& broken : cases) {
        const auto whole = read_in_memory(broken.body, "b", limits);
        ASSERT_FALSE(whole) << broken.what;
        EXPECT_EQ(whole.error().code, broken.code) << broken.what;
        EXPECT_THAT(whole.error().message, testing::HasSubstr(broken.message)) << broken.what;
        for (const std::size_t piece : {1, 5, 1000}) {
            const auto streamed = read_in_pieces(broken.body, "b", piece, limits);
            ASSERT_FALSE(streamed) << broken.what;
            EXPECT_EQ(streamed.error().code, broken.code) << broken.what << ' ' << piece;
        }
    }
}

Task<Result<std::size_t>> count_parts(BodyReader& body) {
    MultipartReader reader(body, "b");
    std::size_t count = 0;
    while (true) {
        CO_TRY(const auto part, co_await reader.next_part());
        if (!part) co_return count;
        ++count;
    }
}
TEST(Multipart, SkipsPartsThatNobodyReads) {
    std::string body;
    for (int i = 0; i < 10; ++i) {
        body +=
            "\r\n--b\r\nX: y\r\n\r\n" + std::string(static_cast<std::size_t>(i) * 30'000, 'd');
    }
    body += "\r\n--b--";
    MemoryBodyReader reader(as_bytes(body), 10'000);
    EXPECT_EQ(async::sync_wait(count_parts(reader)), 10);
}

TEST(Multipart, FindsTheBoundaryOfAContentType) {
    EXPECT_EQ(boundary_of("multipart/related; type=\"application/dicom\"; boundary=a-b"),
              "a-b");
    EXPECT_EQ(boundary_of("Multipart/Form-Data; BOUNDARY=\"a b:c\""), "a b:c");
    for (const char* type : {"application/dicom", "multipart/related",
                             "multipart/related; boundary=", "multipart/related; boundary=\"\"",
                             "multipart/related; boundary=\"a \"",
                             "multipart/related; boundary=\"a\xc3\xa4\"", ""}) {
        EXPECT_FALSE(boundary_of(type)) << type;
    }
    EXPECT_FALSE(boundary_of("multipart/x; boundary=" + std::string(71, 'b')));
    EXPECT_TRUE(boundary_of("multipart/x; boundary=" + std::string(70, 'b')));
}

TEST(MultipartWriter, WritesWhatTheReaderReads) {
    MultipartWriter writer("related", "application/dicom");
    std::vector<Part> parts;
    const std::string data("DICM\r\n--\0", 9);
    writer.add(parts, {{"Content-Type", "application/dicom"}}, data);
    writer.add(parts, {{"Content-Type", "a/b"}}, std::make_shared<const std::string>("second"));
    writer.finish(parts);
    std::string body;
    for (const auto& part : parts) {
        if (const auto* text = std::get_if<std::string>(&part))
            body += *text;
        else
            body += *std::get<std::shared_ptr<const std::string>>(part);
    }
    EXPECT_THAT(
        writer.content_type(),
        testing::StartsWith("multipart/related; type=\"application/dicom\"; boundary="));
    const auto boundary = boundary_of(writer.content_type());
    ASSERT_TRUE(boundary);
    expect_parts(body, *boundary, {{{"application/dicom", data}, {"a/b", "second"}}});

    MultipartWriter empty("related", "application/dicom");
    expect_parts(empty.closing(), *boundary_of(empty.content_type()), {});
}

}  // namespace
}  // namespace larmor::http
