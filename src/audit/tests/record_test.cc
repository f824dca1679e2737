#include "audit/record.h"

namespace larmor::audit {
namespace {

Record full_record() {
    Record record;
    record.number = 17;
    record.time = Time(std::chrono::milliseconds(1'767'323'045'678));
    record.entry = {.action = Action::Retrieve,
                    .outcome = Outcome::Refused,
                    .actor = {.id = "0a1b",
                              .name = "workstation \"3\"",
                              .role = "reader",
                              .via = "token",
                              .address = "10.0.0.7"},
                    .subject = {.patient_id = "P\xc3\xa4",
                                .study = "1.2",
                                .series = "1.2.3",
                                .instance = "1.2.3.4",
                                .query = "PatientID=P",
                                .object = "77",
                                .instances = 3},
                    .route = "retrieve.frames",
                    .request_id = "abc-1",
                    .detail = "status 403"};
    record.repeats = 5;
    record.repeats_of = 12;
    record.since = Time(std::chrono::milliseconds(1'767'323'000'001));
    return record;
}

TEST(AuditRecord, IsALineThatPeopleReadAndProgramsReadBack) {
    std::string line;
    append_line(line, full_record());
    EXPECT_EQ(line,
              R"({"record":17,"time":"2026-01-02T03:04:05.678Z","action":"retrieve",)"
              R"("outcome":"refused","who":"0a1b","name":"workstation \"3\"","role":"reader",)"
              R"("via":"token","address":"10.0.0.7","PatientID":"Pä","StudyInstanceUID":"1.2",)"
              R"("SeriesInstanceUID":"1.2.3","SOPInstanceUID":"1.2.3.4","query":"PatientID=P",)"
              R"("object":"77","instances":3,"route":"retrieve.frames","request":"abc-1",)"
              R"("detail":"status 403","repeats":5,"repeats_of":12,)"
              R"("since":"2026-01-02T03:03:20.001Z"})"
              "\n");
    line.pop_back();
    const auto read = parse_record(line);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(*read, full_record());
}

TEST(AuditRecord, NeverBreaksItsLineWhateverTheTextIs) {
    Record record;
    record.number = 1;
    record.entry.actor.name = "a\nb\"}\x01";
    record.entry.subject.patient_id = "\xff\xfe";
    record.entry.subject.query = std::string(3000, 'x') + "\xc3\xa4";
    record.entry.detail = std::string(kTextMaxBytes - 1, 'y') + "\xc3\xa4";
    std::string line;
    append_line(line, record);
    EXPECT_EQ(line.find('\n'), line.size() - 1);
    line.pop_back();
    const auto read = parse_record(line);
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->entry.actor.name, "a\nb\"}\x01");
    EXPECT_EQ(read->entry.subject.patient_id, "??");
    EXPECT_EQ(read->entry.subject.query.size(), kTextMaxBytes);
    EXPECT_EQ(read->entry.detail.size(), kTextMaxBytes - 1);
}

TEST(AuditRecord, EveryActionAndOutcomeHasAWordOfItsOwn) {
    for (std::size_t i = 0; i < kActionCount; ++i) {
        Record record;
        record.number = 1;
        record.entry.action = static_cast<Action>(i);
        record.entry.outcome = static_cast<Outcome>(i % 3);
        std::string line;
        append_line(line, record);
        const auto read = parse_record(line.substr(0, line.size() - 1));
        ASSERT_TRUE(read) << line;
        EXPECT_EQ(*read, record);
    }
}

TEST(AuditRecord, RefusesWhatIsNone) {
    for (const std::string_view line :
         {"", "{", "[]", "{}", R"({"record":0})", R"({"record":-1})", R"({"record":"1"})",
          R"({"record":1,"time":"yesterday"})",
          R"({"record":1,"time":"2026-13-02T03:04:05.678Z"})",
          R"({"record":1,"action":"sing"})", R"({"record":1,"outcome":"maybe"})"}) {
        EXPECT_FALSE(parse_record(line)) << line;
    }
}

}  // namespace
}  // namespace larmor::audit
