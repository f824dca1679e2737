#pragma once
#include <array>
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace larmor::auth {

/// What a route needs. Every route names exactly one.
enum class Right : std::uint8_t {
    Public,        ///< no sign-in: the page's own files, health, the sign-in itself
    SignedIn,      ///< any valid credentials
    Search,        ///< find studies, series, instances
    ReadMetadata,  ///< data elements without bulk data
    ReadPixels,    ///< instances, frames, bulk data, pictures
    Store,         ///< add instances
    Observe,       ///< metrics
    Administer,    ///< tokens
    Delete,        ///< take instances away, see what was taken away, bring it back
    UseQueues,     ///< send messages to queues, receive and remove them
    Edit,          ///< change metadata: a new version over instances that stay as they are
};
inline constexpr std::size_t kRightCount = 11;

/// What a person or a machine is. A role is a fixed set of rights.
enum class Role : std::uint8_t {
    Reader,   ///< searches and looks
    Writer,   ///< a reader who may store
    Sender,   ///< a modality or a gateway: stores, sees nothing
    Monitor,  ///< reads metrics, sees no patient data
    Admin,    ///< everything; the only one who may edit and delete
    Worker,   ///< sends to queues and works on their messages; sees nothing else
};
inline constexpr std::array kRoles = {Role::Reader,  Role::Writer, Role::Sender,
                                      Role::Monitor, Role::Admin,  Role::Worker};

/// `reader`, `writer`, ...: the word on the command line, in the database and in JSON.
std::string_view name_of(Role role);
/// Errors: InvalidInput that names the roles there are.
Result<Role> parse_role(std::string_view name);
/// `Search`, ...: for problem details and logs.
std::string_view name_of(Right right);

/// True when the role has the right; Public and SignedIn are everybody's.
bool allows(Role role, Right right);

}  // namespace larmor::auth
