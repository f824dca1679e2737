#include "audit_export/message.h"

#include <gmock/gmock.h>

#include <fstream>

#include "audit_export/xml_text.h"
#include "base/ids.h"
#include "base/tests/run_command.h"

namespace larmor::audit_export {
namespace {

using audit::Action;
using testing::HasSubstr;

audit::Record record_of(Action action) {
    audit::Record record;
    record.number = 7;
    record.time = Time{std::chrono::milliseconds(1767323045678)};
    record.entry.action = action;
    record.entry.actor = {.id = "0a1b",
                          .name = "ward \"3\" <north> & \x01",
                          .role = "reader",
                          .via = "token",
                          .address = "10.0.0.7"};
    record.entry.subject.patient_id = "P&1";
    record.entry.subject.study = "1.2";
    record.entry.subject.series = "1.2.3";
    record.entry.route = "retrieve.frames";
    return record;
}

TEST(AuditMessage, OfARetrieveSaysWhoWhatAndWhose) {
    // Codes: PS3.16 CID 400 and 402, PS3.15 A.5.3.7; base64 by coreutils.
    EXPECT_EQ(
        audit_message(record_of(Action::Retrieve), "pacs"),
        R"(<?xml version="1.0" encoding="UTF-8"?><AuditMessage>)"
        R"(<EventIdentification EventActionCode="R" EventDateTime="2026-01-02T03:04:05.678Z" EventOutcomeIndicator="0">)"
        R"(<EventID csd-code="110104" codeSystemName="DCM" originalText="DICOM Instances Transferred"/></EventIdentification>)"
        R"(<ActiveParticipant UserID="larmor" AlternativeUserID="pacs" UserIsRequestor="false">)"
        R"(<RoleIDCode csd-code="110153" codeSystemName="DCM" originalText="Source Role ID"/></ActiveParticipant>)"
        R"(<ActiveParticipant UserID="0a1b" UserName="ward &quot;3&quot; &lt;north&gt; &amp;  " UserIsRequestor="true" NetworkAccessPointID="10.0.0.7" NetworkAccessPointTypeCode="2">)"
        R"(<RoleIDCode csd-code="110152" codeSystemName="DCM" originalText="Destination Role ID"/></ActiveParticipant>)"
        R"(<AuditSourceIdentification AuditSourceID="pacs"><AuditSourceTypeCode csd-code="4"/></AuditSourceIdentification>)"
        R"(<ParticipantObjectIdentification ParticipantObjectID="1.2" ParticipantObjectTypeCode="2" ParticipantObjectTypeCodeRole="3">)"
        R"(<ParticipantObjectIDTypeCode csd-code="110180" codeSystemName="DCM" originalText="Study Instance UID"/>)"
        R"(<ParticipantObjectName>retrieve</ParticipantObjectName>)"
        R"(<ParticipantObjectDetail type="record" value="Nw=="/><ParticipantObjectDetail type="action" value="cmV0cmlldmU="/>)"
        R"(<ParticipantObjectDetail type="route" value="cmV0cmlldmUuZnJhbWVz"/><ParticipantObjectDetail type="SeriesInstanceUID" value="MS4yLjM="/>)"
        R"(</ParticipantObjectIdentification>)"
        R"(<ParticipantObjectIdentification ParticipantObjectID="P&amp;1" ParticipantObjectTypeCode="1" ParticipantObjectTypeCodeRole="1">)"
        R"(<ParticipantObjectIDTypeCode csd-code="2" codeSystemName="RFC-3881" originalText="Patient Number"/>)"
        R"(<ParticipantObjectName>P&amp;1</ParticipantObjectName></ParticipantObjectIdentification></AuditMessage>)");
}

TEST(AuditMessage, OfAQueryHoldsTheQuery) {
    auto record = record_of(Action::Query);
    record.entry.subject = {};
    record.entry.subject.query = "PatientID=P1";
    record.entry.outcome = audit::Outcome::Refused;
    const auto message = audit_message(record, "pacs");
    EXPECT_THAT(message, HasSubstr(R"(EventOutcomeIndicator="4")"));
    EXPECT_THAT(message, HasSubstr(R"(<EventID csd-code="110112" )"));
    EXPECT_THAT(message,
                HasSubstr("<ParticipantObjectQuery>UGF0aWVudElEPVAx</ParticipantObjectQuery>"));
}

TEST(AuditMessage, TellsAStoreOverTheNetworkFromAnImport) {
    auto record = record_of(Action::Store);
    EXPECT_THAT(audit_message(record, "pacs"), HasSubstr(R"(csd-code="110104")"));
    record.entry.actor.via = "command";
    EXPECT_THAT(audit_message(record, "pacs"), HasSubstr(R"(csd-code="110107")"));
}

TEST(AuditMessage, OfADimsePeerNamesItsTitle) {
    auto record = record_of(Action::Store);
    record.entry.actor.id = "STORESCU";
    record.entry.actor.via = "dimse";
    EXPECT_THAT(audit_message(record, "pacs"),
                HasSubstr(R"(UserID="STORESCU" AlternativeUserID="AETITLES=STORESCU")"));
}

TEST(AuditMessage, OfEveryActIsXmlWithWhatTheSchemaWants) {
    const auto path =
        std::filesystem::temp_directory_path() / ("larmor-messages-" + random_id());
    {
        std::ofstream out(path);
        for (std::size_t i = 0; i < audit::kActionCount; ++i) {
            auto record = record_of(static_cast<Action>(i));
            if (i % 2 == 0) record.entry.subject = {};
            if (i % 3 == 0) record.entry.actor = {};
            record.repeats = i % 4;
            out << audit_message(record, "pacs") << '\n';
        }
    }
    EXPECT_EQ(larmor::test::run_command("/usr/bin/python3 " LARMOR_SOURCE_DIR
                                        "/src/audit_export/tests/message_oracle.py " +
                                        path.string()),
              0);
    std::filesystem::remove(path);
}

TEST(XmlText, HoldsNothingThatXmlForbids) {
    std::string out;
    append_text(out, std::string_view("a\0b\x1f\xef\xbf\xbf\xef\xbf\xbe\xc3\xa4", 12));
    EXPECT_EQ(out, "a b   \xc3\xa4");
}

}  // namespace
}  // namespace larmor::audit_export
