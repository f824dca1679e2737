#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "base/json_text.h"
#include "dimse/retrieve_list.h"
#include "dimse/send.h"
#include "dimse/server.h"
#include "dimse/status.h"
#include "http/transport.h"
#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "library/library.h"

namespace larmor {
namespace {

struct SendRequest {
    dimse::RemoteAddress remote{.ae_title = "ANY-SCP", .host = {}, .port = 0};
    std::string calling = "LARMOR";
    std::vector<std::filesystem::path> paths;
    std::vector<std::string> studies;
    unsigned attempts = 5;
    bool tls = false;
    std::filesystem::path authorities;  ///< PEM
    bool json = false;
};

using Items = std::vector<dimse::SendItem>;

Items items_of(const std::vector<std::filesystem::path>& paths) {
    Items items;
    const auto add = [&](const std::filesystem::path& path) {
        items.push_back({path.string(), [path] { return dimse::open_file_source(path); }});
    };
    for (const auto& path : paths) {
        if (!std::filesystem::is_directory(path)) {
            add(path);
            continue;
        }
        std::vector<std::filesystem::path> found;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
            if (entry.is_regular_file()) found.push_back(entry.path());
        }
        std::sort(found.begin(), found.end());
        std::for_each(found.begin(), found.end(), add);
    }
    return items;
}

Result<Items> items_of(const dimse::Services& services, const std::string& study) {
    dimse::Identifier identifier;
    TRY(auto condition, catalog::parse_condition(catalog::Attribute::StudyInstanceUID, study));
    if (!condition) return fail(ErrorCode::InvalidInput, "--study: not a UID");
    identifier.conditions.push_back(*std::move(condition));
    TRY(const auto list, dimse::list_instances(services, identifier));
    if (list.empty()) return fail(ErrorCode::NotFound, "no study " + study);
    Items items;
    for (const auto& found : list) {
        items.push_back({found.sop_instance_uid, [&services, row = found.row] {
                             return dimse::open_stored(services, row);
                         }});
    }
    return items;
}

void report_line(const SendRequest& request, const dimse::SendItem& item,
                 const dimse::SendOutcome& outcome) {
    const bool good = outcome.status == dimse::status::kSuccess;
    if (request.json) {
        std::string line = "{\"name\":" + to_json_string(item.name);
        line += ",\"status\":" + std::to_string(outcome.status);
        line += ",\"size_bytes\":" + std::to_string(outcome.bytes);
        if (!outcome.comment.empty()) line += ",\"comment\":" + to_json_string(outcome.comment);
        std::printf("%s}\n", line.c_str());
    } else if (!good) {
        std::printf("%s %s: status %04X %s\n",
                    dimse::status::is_warning(outcome.status) ? "warning" : "failed",
                    item.name.c_str(), static_cast<unsigned>(outcome.status),
                    outcome.comment.c_str());
    }
}

/// Before anything of it is sent, as for every other way out.
Result<void> put_on_record(audit::Log& log, const std::string& study, std::size_t instances) {
    audit::Entry entry;
    entry.action = audit::Action::Retrieve;
    entry.actor = command_actor();
    entry.subject.study = study;
    entry.subject.instances = instances;
    entry.route = "send";
    return log.record_and_wait(std::move(entry));
}

Result<int> send(const Settings& settings, SendRequest& request) {
    for (const auto* title : {&request.remote.ae_title, &request.calling}) {
        if (dimse::is_ae_title(*title)) continue;
        return fail(ErrorCode::InvalidInput, "no AE title (1 to 16 characters): " + *title);
    }
    if (request.tls || !request.authorities.empty()) {
        TRY(request.remote.tls,
            http::TlsClientContext::load({.authorities = request.authorities}));
    }
    Items items = items_of(request.paths);
    std::unique_ptr<Library> library;
    std::optional<dimse::Services> services;
    if (!request.studies.empty()) {
        TRY(library,
            Library::open({.folder = settings.library, .database = settings.database}));
        services.emplace(dimse::Services{.database = library->database(),
                                         .store = library->store(),
                                         .catalog = library->catalog(),
                                         .importer = library->importer(),
                                         .audit = library->audit()});
    }
    for (const auto& study : request.studies) {
        TRY(auto more, items_of(*services, study));
        TRY_VOID(put_on_record(library->audit(), study, more.size()));
        std::move(more.begin(), more.end(), std::back_inserter(items));
    }
    dimse::SendOptions options;
    options.calling = request.calling;
    options.attempts_max = request.attempts;
    const auto began = std::chrono::steady_clock::now();
    TRY(const auto tally,
        dimse::send_all(request.remote, items, options,
                        [&](const dimse::SendItem& item, const dimse::SendOutcome& outcome) {
                            report_line(request, item, outcome);
                        }));
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    if (request.json) {
        std::printf(
            "{\"sent\":%llu,\"warnings\":%llu,\"failed\":%llu,\"bytes\":%llu,"
            "\"seconds\":%.3f}\n",
            static_cast<unsigned long long>(tally.sent),
            static_cast<unsigned long long>(tally.warnings),
            static_cast<unsigned long long>(tally.failed),
            static_cast<unsigned long long>(tally.bytes), took.count());
    } else {
        std::printf(
            "sent %llu instances, %llu with a warning, %llu failed, %llu bytes in "
            "%.1f s\n",
            static_cast<unsigned long long>(tally.sent),
            static_cast<unsigned long long>(tally.warnings),
            static_cast<unsigned long long>(tally.failed),
            static_cast<unsigned long long>(tally.bytes), took.count());
    }
    return tally.failed == 0 ? kDone : kFailed;
}

}  // namespace

void add_send(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "send", "send instances to another application entity by C-STORE");
    auto request = std::make_shared<SendRequest>();
    command->add_option("host", request->remote.host)->required();
    command->add_option("port", request->remote.port)->required()->check(CLI::Range(1, 65535));
    auto* paths = command->add_option("paths", request->paths, "DICOM files and folders");
    auto* studies = command->add_option(
        "--study", request->studies,
        "Study Instance UID: send this study of the library, which no server may have open");
    command->add_option("--called", request->remote.ae_title, "AE title of the other")
        ->capture_default_str();
    command->add_option("--calling", request->calling, "our AE title")->capture_default_str();
    command
        ->add_option("--attempts", request->attempts,
                     "of one instance, when the other is out of reach or of resources")
        ->check(CLI::Range(1, 20))
        ->capture_default_str();
    command->add_flag("--tls", request->tls, "through TLS");
    command
        ->add_option("--tls-ca", request->authorities,
                     "through TLS; PEM: who may sign the other's certificate, instead of those "
                     "that the system trusts")
        ->check(CLI::ExistingFile);
    command->add_flag("--json", request->json, "one object a line");
    command->callback([&run = line.run, &settings = line.settings, request, paths, studies] {
        if (paths->empty() && studies->empty()) {
            throw CLI::RequiredError("paths or --study");
        }
        run = [&settings, request] {
            const auto sent = send(settings, *request);
            return sent ? *sent : fail_command(sent.error());
        };
    });
}

}  // namespace larmor
