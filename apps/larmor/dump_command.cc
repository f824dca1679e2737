#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "dicom/dump.h"
#include "dicom/file.h"
#include "dicom/json_write.h"
#include "larmor/command.h"

namespace larmor {
namespace {

struct DumpRequest {
    std::filesystem::path file;
    std::string format = "text";
};

/// What could be read before an error is in `out`.
Result<void> dump(const DumpRequest& request, std::string& out) {
    TRY(const auto mapped, MappedFile::open(request.file));
    TRY(const auto file, dicom::open_file(mapped.bytes()));
    if (request.format == "text") {
        return dicom::dump_text(file, out);
    }
    TRY_VOID(dicom::write_json(out, file.data_set, file.encoding));
    out += '\n';
    return {};
}

int run(const DumpRequest& request) {
    std::string out;
    const auto dumped = dump(request, out);
    std::fwrite(out.data(), 1, out.size(), stdout);
    if (!dumped) {
        std::fflush(stdout);
        return fail_command(
            {dumped.error().code, request.file.string() + ": " + dumped.error().message});
    }
    return kDone;
}

}  // namespace

void add_dump(CommandLine& line) {
    auto* command = line.app.add_subcommand("dump", "print a DICOM file");
    auto request = std::make_shared<DumpRequest>();
    command->add_option("FILE", request->file, "a DICOM file or a bare data set")->required();
    command
        ->add_option("--format", request->format,
                     "text: a line for each data element; json: the DICOM JSON model")
        ->check(CLI::IsMember({"text", "json"}))
        ->capture_default_str();
    command->callback(
        [&run = line.run, request] { run = [request] { return larmor::run(*request); }; });
}

}  // namespace larmor
