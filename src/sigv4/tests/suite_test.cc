// The published test suite of Signature Version 4, header and query, for signing and verifying.
// Source: github.com/awslabs/aws-c-auth, tests/aws-signing-test-suite/v4, commit 7db00d75
// (Apache-2.0; testdata/sigv4/suite.json holds its requests and signatures).
#include <gtest/gtest.h>
#include <simdjson.h>

#include "base/file.h"
#include "sigv4/verify.h"

namespace larmor::sigv4 {
namespace {

const Time kSuiteWhen = *parse_amz_date("20150830T123600Z");
const Scope kSuiteScope{kSuiteWhen, "us-east-1", "service"};

struct Vector {
    std::string name;
    Request request;
    std::string payload;
    Credentials credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"};
    PathRule path_rule = PathRule::Normalized;
    bool sign_body = false;
    std::string header_canonical_request;
    std::string header_signature;
    std::string query_canonical_request;
    std::string query_signature;
    friend void PrintTo(const Vector& vector, std::ostream* out) { *out << vector.name; }
};

/// A request as HTTP writes it; a header goes on in lines that begin with a blank.
void read_request(Vector& vector, std::string_view text) {
    const auto line = [&] {
        const auto end = std::min(text.find('\n'), text.size());
        const auto result = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        return result;
    };
    const auto first = line();
    const auto method_end = first.find(' ');
    const auto target_end = first.rfind(' ');
    const auto target = first.substr(method_end + 1, target_end - method_end - 1);
    const auto question = std::min(target.find('?'), target.size());
    vector.request.method = first.substr(0, method_end);
    vector.request.path = target.substr(0, question);
    vector.request.query = target.substr(std::min(question + 1, target.size()));
    auto& headers = vector.request.headers;
    for (auto next = line(); !next.empty(); next = line()) {
        if (next.starts_with(' ')) {
            headers.back().value.append("\n").append(next);
            continue;
        }
        const auto colon = next.find(':');
        headers.push_back(
            {std::string(next.substr(0, colon)), std::string(next.substr(colon + 1))});
    }
    vector.payload = to_hex(sha256(as_bytes(vector.sign_body ? text : std::string_view())));
}

std::vector<Vector> read_suite() {
    simdjson::dom::parser parser;
    const std::string text =
        read_file(LARMOR_SOURCE_DIR "/testdata/sigv4/suite.json", 1 << 20).value_or("[]");
    const auto document = parser.parse(text);
    std::vector<Vector> suite;
    for (const auto entry : document.get_array()) {
        const auto member = [&](const char* key) { return std::string(entry[key]); };
        Vector vector;
        vector.name = member("name");
        vector.sign_body = entry["sign_body"];
        vector.credentials.session_token = member("token");
        // Left as they are, these paths are treated as S3's are.
        if (!bool(entry["normalize"])) vector.path_rule = PathRule::ObjectKey;
        vector.header_canonical_request = member("header_canonical_request");
        vector.header_signature = member("header_signature");
        vector.query_canonical_request = member("query_canonical_request");
        vector.query_signature = member("query_signature");
        read_request(vector, member("request"));
        suite.push_back(std::move(vector));
    }
    return suite;
}

class Suite : public ::testing::TestWithParam<Vector> {};

INSTANTIATE_TEST_SUITE_P(Published, Suite, ::testing::ValuesIn(read_suite()),
                         [](const auto& param) {
                             std::string name = param.param.name;
                             std::ranges::replace(name, '-', '_');
                             return name;
                         });

VerifyOptions verify_options(PathRule rule) {
    VerifyOptions options;
    options.service = "service";
    options.path_rule = rule;
    return options;
}

TEST_P(Suite, SignsAndVerifiesInTheHeader) {
    Vector vector = GetParam();
    if (vector.sign_body) {
        vector.request.headers.push_back({"x-amz-content-sha256", vector.payload});
    }
    const auto signature =
        sign(vector.request, vector.payload, vector.credentials, kSuiteScope, vector.path_rule);
    ASSERT_TRUE(signature) << signature.error().message;
    auto names = header_names(vector.request);
    std::erase(names, "authorization");
    EXPECT_EQ(*canonical_request(vector.request, names, vector.payload, vector.path_rule),
              vector.header_canonical_request);
    EXPECT_EQ(*signature, vector.header_signature);

    const auto presented = read_presented(vector.request);
    ASSERT_TRUE(presented) << presented.error().message;
    EXPECT_EQ(presented->access_key_id, "AKIDEXAMPLE");
    const auto good = verify(vector.request, *presented, vector.credentials.secret_access_key,
                             vector.payload, kSuiteWhen, verify_options(vector.path_rule));
    EXPECT_TRUE(good) << good.error().message;
}

TEST_P(Suite, SignsAndVerifiesInTheQuery) {
    Vector vector = GetParam();
    const auto query = presign(vector.request, vector.payload, std::chrono::hours(1),
                               vector.credentials, kSuiteScope, vector.path_rule);
    ASSERT_TRUE(query) << query.error().message;
    vector.request.query = *query;
    EXPECT_EQ(*canonical_request(vector.request, header_names(vector.request), vector.payload,
                                 vector.path_rule),
              vector.query_canonical_request);
    EXPECT_TRUE(query->ends_with("&X-Amz-Signature=" + vector.query_signature)) << *query;

    const auto presented = read_presented(vector.request);
    ASSERT_TRUE(presented) << presented.error().message;
    const auto good = verify(vector.request, *presented, vector.credentials.secret_access_key,
                             vector.payload, kSuiteWhen, verify_options(vector.path_rule));
    EXPECT_TRUE(good) << good.error().message;
}

TEST(SuiteFile, HasAllVectorsOfTheSuite) {
    EXPECT_EQ(read_suite().size(), 38U);
}

}  // namespace
}  // namespace larmor::sigv4
