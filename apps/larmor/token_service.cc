#include "larmor/token_service.h"

#include <simdjson.h>

#include "auth/secret.h"
#include "base/json_text.h"
#include "base/percent.h"
#include "larmor/open_service.h"

namespace larmor {
namespace {

TokenRow row_of(const auth::Credential& credential) {
    return {.id = credential.id,
            .name = credential.name,
            .role = std::string(auth::name_of(credential.role)),
            .created = to_iso8601(credential.created),
            .expires = to_iso8601(credential.expires),
            .revoked = credential.revoked ? to_iso8601(*credential.revoked) : std::string()};
}

class LocalTokens final : public TokenService {
public:
    LocalTokens(std::unique_ptr<Library> library, auth::Kind kind)
        : library_(std::move(library)), kind_(kind) {}

    Result<NewToken> create(const std::string& name, const std::string& role,
                            const std::string& lifetime) override {
        TRY(const auto parsed_role, auth::parse_role(role));
        TRY(const auto seconds, auth::parse_lifetime_s(lifetime));
        TRY(const auto issued,
            library_->credentials().issue_and_wait({.kind = kind_,
                                                    .name = name,
                                                    .role = parsed_role,
                                                    .lifetime = std::chrono::seconds(seconds),
                                                    .parent_id = {}}));
        TRY_VOID(put_on_record(audit::Action::TokenCreate, issued.credential.id));
        return NewToken{row_of(issued.credential), issued.secret};
    }
    Result<std::vector<TokenRow>> list() override {
        TRY(const auto credentials, library_->credentials().list(kind_));
        TRY_VOID(put_on_record(audit::Action::ListTokens, {}));
        std::vector<TokenRow> rows;
        for (const auto& credential : credentials) {
            rows.push_back(row_of(credential));
        }
        return rows;
    }
    Result<void> revoke(const std::string& id) override {
        TRY_VOID(library_->credentials().revoke_and_wait(id));
        return put_on_record(audit::Action::TokenRevoke, id);
    }

private:
    Result<void> put_on_record(audit::Action action, const std::string& token_id) {
        audit::Entry entry;
        entry.action = action;
        entry.subject.object = token_id;
        return larmor::put_on_record(*library_, "token", std::move(entry));
    }

    std::unique_ptr<Library> library_;
    auth::Kind kind_;
};

/// `/v1/tokens` or `/v1/access-keys` of a running server.
class RemoteTokens final : public TokenService {
public:
    RemoteTokens(const RunningServer& server, CredentialKind kind)
        : api_(server, std::chrono::seconds(30)),
          path_(kind == CredentialKind::Token ? "/v1/tokens" : "/v1/access-keys") {}

    Result<NewToken> create(const std::string& name, const std::string& role,
                            const std::string& lifetime) override {
        const auto body = R"({"name":)" + to_json_string(name) + R"(,"role":)" +
                          to_json_string(role) + R"(,"lifetime":)" + to_json_string(lifetime) +
                          "}";
        TRY(const auto answer, api_.call("POST", path_, body));
        TRY(auto rows, parse("[" + answer + "]"));
        if (rows.size() != 1 || rows[0].secret.empty()) {
            return fail(ErrorCode::InvalidInput, "the server answered without a secret");
        }
        return std::move(rows[0]);
    }
    Result<std::vector<TokenRow>> list() override {
        TRY(const auto answer, api_.call("GET", path_));
        TRY(const auto tokens, parse(answer));
        std::vector<TokenRow> rows;
        for (const auto& token : tokens) {
            rows.push_back(token.row);
        }
        return rows;
    }
    Result<void> revoke(const std::string& id) override {
        TRY_VOID(api_.call("DELETE", path_ + "/" + percent_encode(id)));
        return {};
    }

private:
    static Result<std::vector<NewToken>> parse(const std::string& json) {
        const simdjson::padded_string padded(json);
        simdjson::ondemand::parser parser;
        simdjson::ondemand::document document;
        simdjson::ondemand::array array;
        if (parser.iterate(padded).get(document) != simdjson::SUCCESS ||
            document.get_array().get(array) != simdjson::SUCCESS) {
            return fail(ErrorCode::InvalidInput, "the server answered no list of tokens");
        }
        std::vector<NewToken> tokens;
        for (auto element : array) {
            NewToken token;
            simdjson::ondemand::object object;
            if (element.get_object().get(object) != simdjson::SUCCESS) {
                return fail(ErrorCode::InvalidInput, "the server answered no list of tokens");
            }
            const std::pair<const char*, std::string*> members[] = {
                {"id", &token.row.id},           {"name", &token.row.name},
                {"role", &token.row.role},       {"created", &token.row.created},
                {"expires", &token.row.expires}, {"revoked", &token.row.revoked},
                {"token", &token.secret},        {"secretAccessKey", &token.secret}};
            for (const auto& [key, value] : members) {
                std::string_view text;
                if (object.find_field_unordered(key).get(text) == simdjson::SUCCESS) {
                    *value = text;
                }
            }
            tokens.push_back(std::move(token));
        }
        return tokens;
    }

    ServerApi api_;
    std::string path_;
};

}  // namespace

Result<std::unique_ptr<TokenService>> open_token_service(const Settings& settings,
                                                         CredentialKind kind) {
    auto opened = Library::open({.folder = settings.library, .database = settings.database});
    if (opened) {
        return std::make_unique<LocalTokens>(*std::move(opened), kind == CredentialKind::Token
                                                                     ? auth::Kind::Token
                                                                     : auth::Kind::AccessKey);
    }
    TRY(const auto server, server_instead_of(opened.error(), settings.library));
    return std::make_unique<RemoteTokens>(server, kind);
}

}  // namespace larmor
