#include "auth/role.h"

#include <string>

namespace larmor::auth {
namespace {

constexpr std::uint32_t bit(Right right) {
    return 1U << static_cast<unsigned>(right);
}
constexpr std::uint32_t kEverybody = bit(Right::Public) | bit(Right::SignedIn);
constexpr std::uint32_t kLooks =
    kEverybody | bit(Right::Search) | bit(Right::ReadMetadata) | bit(Right::ReadPixels);

// No default: a new role or right must be thought about here.
constexpr std::uint32_t rights_of(Role role) {
    switch (role) {
        case Role::Reader:
            return kLooks;
        case Role::Writer:
            return kLooks | bit(Right::Store);
        case Role::Sender:
            return kEverybody | bit(Right::Store);
        case Role::Monitor:
            return kEverybody | bit(Right::Observe);
        case Role::Admin:
            return kLooks | bit(Right::Store) | bit(Right::Observe) | bit(Right::Administer) |
                   bit(Right::Delete) | bit(Right::UseQueues) | bit(Right::Edit);
        case Role::Worker:
            return kEverybody | bit(Right::UseQueues);
    }
    return 0;
}

}  // namespace

std::string_view name_of(Role role) {
    switch (role) {
        case Role::Reader:
            return "reader";
        case Role::Writer:
            return "writer";
        case Role::Sender:
            return "sender";
        case Role::Monitor:
            return "monitor";
        case Role::Admin:
            return "admin";
        case Role::Worker:
            return "worker";
    }
    return "unknown";
}

std::string_view name_of(Right right) {
    switch (right) {
        case Right::Public:
            return "Public";
        case Right::SignedIn:
            return "SignedIn";
        case Right::Search:
            return "Search";
        case Right::ReadMetadata:
            return "ReadMetadata";
        case Right::ReadPixels:
            return "ReadPixels";
        case Right::Store:
            return "Store";
        case Right::Observe:
            return "Observe";
        case Right::Administer:
            return "Administer";
        case Right::Delete:
            return "Delete";
        case Right::UseQueues:
            return "UseQueues";
        case Right::Edit:
            return "Edit";
    }
    return "unknown";
}

Result<Role> parse_role(std::string_view name) {
    std::string known;
    for (const Role role : kRoles) {
        if (name_of(role) == name) {
            return role;
        }
        known += known.empty() ? "" : ", ";
        known += name_of(role);
    }
    return fail(ErrorCode::InvalidInput, "there is no such role; the roles are " + known);
}

bool allows(Role role, Right right) {
    return (rights_of(role) & bit(right)) != 0;
}

}  // namespace larmor::auth
