#pragma once
#include <memory>
#include <string>

#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "larmor/running_server.h"
#include "library/library.h"

namespace larmor {

/// A `Service` of the library: `Local`, made of the library itself, or where a server has it
/// open `Remote`, made of that server. Errors: those of Library::open.
template <typename Service, typename Local, typename Remote>
Result<std::unique_ptr<Service>> open_service(const Settings& settings) {
    auto opened = Library::open({.folder = settings.library, .database = settings.database});
    if (opened) return std::make_unique<Local>(*std::move(opened));
    TRY(const auto server, server_instead_of(opened.error(), settings.library));
    return std::make_unique<Remote>(server);
}

/// Puts an act of this command on record, as the server would have. Durable when it returns.
inline Result<void> put_on_record(Library& library, std::string command, audit::Entry entry) {
    entry.actor = command_actor();
    entry.route = std::move(command);
    return library.audit().record_and_wait(std::move(entry));
}

}  // namespace larmor
