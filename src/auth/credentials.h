#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "async/task.h"
#include "auth/access_key.h"
#include "auth/principal.h"
#include "base/hash.h"
#include "db/database.h"
#include "db/migration.h"

namespace larmor::auth {

/// The table of tokens and sessions.
db::MigrationSet migrations();

/// As stored in auth_credentials.kind.
enum class Kind : std::uint8_t {
    Token = 0,
    Session = 1,
    AccessKey = 2,  ///< its secret signs requests and is never sent (see access_key.h)
};

/// A token, a session or an access key without its secret.
struct Credential {
    std::string id;  ///< 32 hexadecimal digits; of an access key that what requests name
    Kind kind = Kind::Token;
    std::string name;
    Role role = Role::Reader;
    std::string parent_id;  ///< the token a session was made with; empty for none
    Time created{};
    Time expires{};
    std::optional<Time> revoked;
};

struct IssueRequest {
    Kind kind = Kind::Token;
    std::string name;  ///< 1 to 100 bytes of UTF-8 without control characters
    Role role = Role::Reader;
    std::chrono::seconds lifetime{};
    std::string parent_id;
};

/// A new credential and its secret, which nobody is shown again.
struct Issued {
    Credential credential;
    std::string secret;
};

/// Tokens, browser sessions and access keys of one library: rows with the SHA-256 of 256 random
/// bits each.
///
/// All live ones are also in memory, at most kLiveMax: `verify` is one hash and one look-up
/// (about 1 us), a wrong secret costs no database read, and a revocation counts from the moment
/// it is committed. One process owns the database, so memory is never behind it.
/// Safe from any thread.
class Credentials {
public:
    static constexpr std::size_t kLiveMax = 100'000;

    /// Reads what is live; removes sessions and revoked tokens that ended over 30 days ago. Of
    /// expired tokens the last 1,000 stay in the table: it may be the clock that is wrong.
    /// Without `root` there are no access keys. Blocks.
    static Result<std::unique_ptr<Credentials>> open(db::Database& database,
                                                     const Clock& clock = system_clock(),
                                                     std::optional<AccessKeyRoot> root = {});

    /// Errors: InvalidInput (name, lifetime), LimitExceeded (over kLiveMax), Unsupported (an
    /// access key without a root), as Database::write.
    async::Task<Result<Issued>> issue(IssueRequest request);
    Result<Issued> issue_and_wait(IssueRequest request);

    /// Ends it, and for a token the sessions made with it. Errors: NotFound where there is
    /// none, or it was revoked before.
    async::Task<Result<void>> revoke(std::string id);
    Result<void> revoke_and_wait(std::string_view id);

    /// Who presents this secret. It is good while the wall clock and the time that has passed
    /// both say so: a clock that is set back makes nothing longer, and one that is set forward
    /// ends nothing that does not come back with the right time. Errors: Unauthenticated for
    /// unknown, revoked and expired ones, without saying which.
    Result<Principal> verify(std::string_view secret) const;

    /// The access key that a request names: who signed it, if the secret is the one that it was
    /// signed with. Good as long as for `verify`. Errors: Unauthenticated, as there.
    Result<AccessKey> find_access_key(std::string_view id) const;

    /// All of a kind with those that ended in the last 30 days, oldest first. Blocks.
    Result<std::vector<Credential>> list(Kind kind) const;

    std::size_t live_count() const;

private:
    struct HashOfHash {
        std::size_t operator()(const Sha256& hash) const;
    };
    struct EqualInConstantTime {
        bool operator()(const Sha256& a, const Sha256& b) const {
            return equal_in_constant_time(a, b);
        }
    };

    struct Live {
        Credential credential;
        std::chrono::microseconds ends{};  ///< by the uptime
    };

    Credentials(db::Database& database, const Clock& clock, std::optional<AccessKeyRoot> root)
        : database_(database), clock_(clock), root_(root) {}
    Result<void> load();
    Result<Issued> prepare(IssueRequest request) const;
    Result<void> insert(db::Transaction& tx, const Issued& issued);
    Result<void> mark_revoked(db::Transaction& tx, std::string_view id);
    void keep(const Sha256& hash, Credential credential);
    void forget_expired();
    bool is_good(const Live& live) const;

    db::Database& database_;
    const Clock& clock_;
    const std::optional<AccessKeyRoot> root_;
    mutable std::shared_mutex mutex_;
    std::unordered_map<Sha256, Live, HashOfHash, EqualInConstantTime> live_;
};

/// Ends all tokens, sessions and access keys of a database that nobody has opened as
/// Credentials, and gives how many there were: for rows from the past, which know nothing of
/// what was revoked since.
Result<std::int64_t> revoke_all(db::Transaction& tx, Time now);

}  // namespace larmor::auth
