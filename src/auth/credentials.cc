#include "auth/credentials.h"

#include <algorithm>
#include <cstring>
#include <mutex>

#include "auth/secret.h"
#include "base/ids.h"
#include "base/json_text.h"

namespace larmor::auth {
namespace {

constexpr std::size_t kNameMaxBytes = 100;
constexpr std::chrono::hours kKeepEnded{30 * 24};
constexpr std::int64_t kExpiredTokensMax = 1'000;

std::int64_t to_us(Time time) {
    return time.time_since_epoch().count();
}
Time from_us(std::int64_t us) {
    return Time(std::chrono::microseconds(us));
}

tl::unexpected<Error> unknown_secret() {
    return fail(ErrorCode::Unauthenticated,
                "this token is not valid: it is unknown, revoked or "
                "expired");
}

Via via_of(Kind kind) {
    switch (kind) {
        case Kind::Token:
            return Via::Token;
        case Kind::Session:
            return Via::Session;
        case Kind::AccessKey:
            return Via::AccessKey;
    }
    return Via::Session;
}

Principal principal_of(const Credential& credential) {
    return {.id = credential.id,
            .name = credential.name,
            .role = credential.role,
            .via = via_of(credential.kind),
            .expires = credential.expires};
}

Result<Credential> read_row(const db::Query& row) {
    Credential credential;
    credential.id = row.string(0);
    if (row.int64(1) < 0 || row.int64(1) > static_cast<int>(Kind::AccessKey)) {
        return fail(ErrorCode::Corrupt, "auth_credentials: a kind that there is not");
    }
    credential.kind = static_cast<Kind>(row.int64(1));
    credential.name = row.string(2);
    TRY(credential.role, parse_role(row.text(3)));
    credential.parent_id = row.string(4);
    credential.created = from_us(row.int64(5));
    credential.expires = from_us(row.int64(6));
    if (const auto revoked = row.optional_int64(7)) {
        credential.revoked = from_us(*revoked);
    }
    return credential;
}

}  // namespace

std::size_t Credentials::HashOfHash::operator()(const Sha256& hash) const {
    // A SHA-256 is as good as random: any 8 bytes of it are a hash.
    return load_little<std::uint64_t>(hash.data());
}

Result<std::unique_ptr<Credentials>> Credentials::open(db::Database& database,
                                                       const Clock& clock,
                                                       std::optional<AccessKeyRoot> root) {
    std::unique_ptr<Credentials> credentials(new Credentials(database, clock, root));
    const std::int64_t ended = to_us(clock.now() - kKeepEnded);
    TRY_VOID(database.write_and_wait([ended](db::Transaction& tx) -> Result<void> {
        TRY_VOID(
            tx.run("DELETE FROM auth_credentials"
                   " WHERE revoked_us < ?1 OR (kind = 1 AND expires_us < ?1)",
                   ended));
        TRY_VOID(
            tx.run("DELETE FROM auth_credentials WHERE expires_us < ?1 AND id NOT IN"
                   " (SELECT id FROM auth_credentials WHERE expires_us < ?1"
                   " ORDER BY created_us DESC LIMIT ?2)",
                   ended, kExpiredTokensMax));
        return {};
    }));
    TRY_VOID(credentials->load());
    return credentials;
}

Result<void> Credentials::load() {
    const std::int64_t now = to_us(clock_.now());
    return database_.read([this, now](db::Snapshot& snapshot) -> Result<void> {
        TRY(db::Query row,
            snapshot.prepare("SELECT id, kind, name, role, parent_id, created_us, "
                             "expires_us, revoked_us, hash FROM auth_credentials "
                             "WHERE revoked_us IS NULL AND expires_us > ?1"));
        row.bind(now);
        const std::unique_lock lock(mutex_);
        for (;;) {
            TRY(const bool more, row.next());
            if (!more) {
                return {};
            }
            Sha256 hash;
            if (row.blob(8).size() != hash.size()) {
                return fail(ErrorCode::Corrupt, "auth_credentials: a hash is not 32 bytes");
            }
            std::memcpy(hash.data(), row.blob(8).data(), hash.size());
            TRY(Credential credential, read_row(row));
            keep(hash, std::move(credential));
        }
    });
}

Result<Issued> Credentials::prepare(IssueRequest request) const {
    const bool printable = std::ranges::none_of(
        request.name, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
    if (request.name.empty() || request.name.size() > kNameMaxBytes || !printable ||
        !is_utf8(request.name)) {
        return fail(ErrorCode::InvalidInput,
                    "the name of a token is 1 to 100 bytes of text without control characters");
    }
    if (request.lifetime <= std::chrono::seconds(0)) {
        return fail(ErrorCode::InvalidInput, "the lifetime of a token is more than no time");
    }
    if (live_count() >= kLiveMax) {
        return fail(ErrorCode::LimitExceeded,
                    "there are 100000 live tokens and sessions already");
    }
    const bool is_access_key = request.kind == Kind::AccessKey;
    if (is_access_key && !root_) {
        return fail(ErrorCode::Unsupported, "there are no access keys here");
    }
    Issued issued;
    issued.credential.id = random_id();
    issued.secret = is_access_key ? root_->secret_of(issued.credential.id) : make_secret();
    issued.credential.kind = request.kind;
    issued.credential.name = std::move(request.name);
    issued.credential.role = request.role;
    issued.credential.parent_id = std::move(request.parent_id);
    issued.credential.created = clock_.now();
    issued.credential.expires = issued.credential.created + request.lifetime;
    return issued;
}

Result<void> Credentials::insert(db::Transaction& tx, const Issued& issued) {
    const Credential& c = issued.credential;
    const Sha256 hash = hash_of_secret(issued.secret);
    const auto parent =
        c.parent_id.empty() ? std::nullopt : std::optional<std::string_view>(c.parent_id);
    TRY_VOID(
        tx.run("INSERT INTO auth_credentials (id, kind, name, role, parent_id, hash, "
               "created_us, expires_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
               c.id, static_cast<std::int64_t>(c.kind), c.name, name_of(c.role), parent,
               Bytes(hash), to_us(c.created), to_us(c.expires)));
    tx.on_commit([this, hash, c] {
        forget_expired();
        const std::unique_lock lock(mutex_);
        keep(hash, c);
    });
    return {};
}

async::Task<Result<Issued>> Credentials::issue(IssueRequest request) {
    CO_TRY(Issued issued, prepare(std::move(request)));
    CO_TRY_VOID(co_await database_.write(
        [this, &issued](db::Transaction& tx) { return insert(tx, issued); }));
    co_return issued;
}

Result<Issued> Credentials::issue_and_wait(IssueRequest request) {
    TRY(Issued issued, prepare(std::move(request)));
    TRY_VOID(database_.write_and_wait(
        [this, &issued](db::Transaction& tx) { return insert(tx, issued); }));
    return issued;
}

Result<void> Credentials::mark_revoked(db::Transaction& tx, std::string_view id) {
    TRY(const std::int64_t changed,
        tx.run(
            "UPDATE auth_credentials SET revoked_us = ?2 WHERE id = ?1 AND revoked_us IS NULL",
            id, to_us(clock_.now())));
    if (changed == 0) {
        return fail(ErrorCode::NotFound,
                    "there is no live token, session or access key with this id");
    }
    TRY_VOID(
        tx.run("UPDATE auth_credentials SET revoked_us = ?2 WHERE parent_id = ?1 AND "
               "revoked_us IS NULL",
               id, to_us(clock_.now())));
    tx.on_commit([this, id = std::string(id)] {
        const std::unique_lock lock(mutex_);
        std::erase_if(live_, [&](const auto& entry) {
            const Credential& credential = entry.second.credential;
            return credential.id == id || credential.parent_id == id;
        });
    });
    return {};
}

async::Task<Result<void>> Credentials::revoke(std::string id) {
    co_return co_await database_.write(
        [this, &id](db::Transaction& tx) { return mark_revoked(tx, id); });
}

Result<void> Credentials::revoke_and_wait(std::string_view id) {
    return database_.write_and_wait(
        [this, id](db::Transaction& tx) { return mark_revoked(tx, id); });
}

Result<Principal> Credentials::verify(std::string_view secret) const {
    const Sha256 hash = hash_of_secret(secret);
    const std::shared_lock lock(mutex_);
    const auto found = live_.find(hash);
    if (found == live_.end() || !is_good(found->second)) return unknown_secret();
    return principal_of(found->second.credential);
}

Result<AccessKey> Credentials::find_access_key(std::string_view id) const {
    const auto unknown = [] {
        return fail(ErrorCode::Unauthenticated,
                    "this access key is not valid: it is unknown, revoked or expired");
    };
    if (!root_) return unknown();
    AccessKey key;
    key.secret = root_->secret_of(id);
    // Its hash finds it: of an id that nobody gave out, or with another root, there is none.
    const Sha256 hash = hash_of_secret(key.secret);
    const std::shared_lock lock(mutex_);
    const auto found = live_.find(hash);
    if (found == live_.end() || !is_good(found->second)) return unknown();
    key.principal = principal_of(found->second.credential);
    return key;
}

Result<std::vector<Credential>> Credentials::list(Kind kind) const {
    const std::int64_t ended = to_us(clock_.now() - kKeepEnded);
    return database_.read([ended,
                           kind](db::Snapshot& snapshot) -> Result<std::vector<Credential>> {
        TRY(db::Query row,
            snapshot.prepare("SELECT id, kind, name, role, parent_id, created_us, "
                             "expires_us, revoked_us FROM auth_credentials "
                             "WHERE kind = ?2 AND expires_us >= ?1 ORDER BY created_us, id"));
        row.bind(ended, static_cast<std::int64_t>(kind));
        std::vector<Credential> tokens;
        for (;;) {
            TRY(const bool more, row.next());
            if (!more) {
                return tokens;
            }
            TRY(Credential token, read_row(row));
            tokens.push_back(std::move(token));
        }
    });
}

Result<std::int64_t> revoke_all(db::Transaction& tx, Time now) {
    return tx.run("UPDATE auth_credentials SET revoked_us = ?1 WHERE revoked_us IS NULL",
                  to_us(now));
}

std::size_t Credentials::live_count() const {
    const std::shared_lock lock(mutex_);
    return live_.size();
}

/// Under the lock.
void Credentials::keep(const Sha256& hash, Credential credential) {
    const auto left = credential.expires - clock_.now();
    live_.emplace(hash, Live{std::move(credential), clock_.uptime() + left});
}

bool Credentials::is_good(const Live& live) const {
    return live.credential.expires > clock_.now() && live.ends > clock_.uptime();
}

/// Not by the wall clock, which may be ahead for a while.
void Credentials::forget_expired() {
    const auto now = clock_.uptime();
    const std::unique_lock lock(mutex_);
    std::erase_if(live_, [now](const auto& entry) { return entry.second.ends <= now; });
}

}  // namespace larmor::auth
