#include <set>

#include "dimse/identifier.h"
#include "dimse/session.h"
#include "dimse/status.h"

namespace larmor::dimse {
namespace {

/// Read in one snapshot, which stands for as long.
constexpr std::size_t kPage = 200;
/// More are an answer that nobody reads: the query must be narrower.
constexpr std::size_t kRowsMax = 50'000;

struct MatchPage {
    std::vector<ByteBuffer> matches;
    std::size_t rows = 0;
    bool more = false;
};

/// The matches of a query, a page at a time.
class Matches {
public:
    Matches(const Services& services, const Identifier& identifier, dicom::Encoding encoding)
        : services_(services), identifier_(identifier), encoding_(encoding) {
        query_.conditions = identifier.conditions;
        query_.limit = kPage;
    }

    /// Errors: LimitExceeded; those of the catalog.
    Result<MatchPage> next() {
        if (query_.offset >= kRowsMax) {
            return fail(ErrorCode::LimitExceeded,
                        "more than " + std::to_string(kRowsMax) + " matches: ask for less");
        }
        TRY(MatchPage page,
            services_.database.read([&](db::Snapshot& snapshot) { return read(snapshot); }));
        query_.offset += page.rows;
        return page;
    }

private:
    Result<MatchPage> read(db::Snapshot& snapshot) {
        const auto& catalog = services_.catalog;
        MatchPage page;
        switch (identifier_.level) {
            case QueryLevel::Patient:
            case QueryLevel::Study: {
                TRY(const auto found, catalog.search_studies(snapshot, query_));
                for (const auto& study : found.items) {
                    if (is_wanted(study)) add({.study = &study}, page);
                }
                page.rows = found.items.size();
                page.more = found.more;
                break;
            }
            case QueryLevel::Series: {
                TRY(const auto found, catalog.search_series(snapshot, query_));
                for (const auto& hit : found.items) {
                    add({.study = &hit.study, .series = &hit.series}, page);
                }
                page.rows = found.items.size();
                page.more = found.more;
                break;
            }
            case QueryLevel::Image: {
                TRY(const auto found, catalog.search_instances(snapshot, query_));
                for (const auto& hit : found.items) {
                    add({.study = &hit.study, .series = &hit.series, .instance = &hit.instance},
                        page);
                }
                page.rows = found.items.size();
                page.more = found.more;
                break;
            }
        }
        return page;
    }

    /// A patient is told once, with the first of its studies.
    bool is_wanted(const catalog::StoredStudy& study) {
        return identifier_.level != QueryLevel::Patient ||
               patients_.insert(study.patient_row).second;
    }

    void add(const catalog::ResultRow& row, MatchPage& page) {
        page.matches.push_back(encode_match(identifier_, row, services_.ae_title, encoding_));
    }

    const Services& services_;
    const Identifier& identifier_;
    dicom::Encoding encoding_;
    catalog::SearchQuery query_;
    std::set<catalog::PatientRow> patients_;
};

}  // namespace

Result<bool> Session::cancel_came(const Message& message) {
    if (!association_.message_waits()) return false;
    TRY(const auto next, association_.receive());
    if (next && next->command.field == CommandField::CCancelRq &&
        next->command.message_id == message.command.message_id) {
        return true;
    }
    return fail(ErrorCode::InvalidInput, "a message before the operation has ended");
}

/// Sends the matches; what the final response says. Source: PS3.4 section C.4.1.
Result<Session::Final> Session::send_matches(const Message& message,
                                             const Identifier& identifier,
                                             Operation& operation) {
    const auto encoding = data_set_encoding(message);
    Matches matches(services_, identifier, encoding);
    auto pending =
        response_to(message.command,
                    identifier.ignores_a_key ? status::kPendingWithWarning : status::kPending);
    pending.has_data_set = true;
    while (true) {
        auto page = matches.next();
        if (!page) return Final{status::kOutOfResources, page.error().message};
        for (const auto& match : page->matches) {
            TRY_VOID(association_.send(message.context_id, pending, match));
            ++operation.instances;
            operation.bytes += match.size();
        }
        TRY(const bool cancelled, cancel_came(message));
        if (cancelled) return Final{status::kCancel, {}};
        if (!page->more) return Final{status::kSuccess, {}};
    }
}

Result<void> Session::find(const Message& message) {
    auto operation = begin(OperationKind::Find);
    TRY(const Asked asked, receive_identifier(message));
    Final final{status::kCannotUnderstand, asked.refusal};
    if (asked.identifier) {
        audit::Subject subject;
        subject.query = asked.identifier->query;
        if (const auto recorded = put_on_record(audit::Action::Query, std::move(subject));
            !recorded) {
            final = {status::kOutOfResources, recorded.error().message};
        } else {
            TRY(final, send_matches(message, *asked.identifier, operation));
        }
    }
    operation.status = final.status;
    finish(operation);
    auto response = response_to(message.command, final.status);
    response.error_comment = error_comment(final.comment);
    return association_.send(message.context_id, response);
}

}  // namespace larmor::dimse
