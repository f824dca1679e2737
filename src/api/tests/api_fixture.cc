#include "api/tests/api_fixture.h"

#include <cstdio>
#include <iostream>

#include "base/ids.h"
#include "dicom/rewrite.h"
#include "dicom/values.h"
#include "dicom/writer.h"
#include "http/multipart.h"

namespace larmor::api {
namespace fs = std::filesystem;

namespace {

Options options_of(auth::SignIn sign_in, std::optional<fs::path> web_folder) {
    Options options;
    options.sign_in = sign_in;
    options.web_folder = std::move(web_folder);
    return options;
}

}  // namespace

ApiServer::ApiServer(auth::SignIn sign_in, std::optional<fs::path> web_folder)
    : ApiServer(options_of(sign_in, std::move(web_folder))) {}

ApiServer::ApiServer(Options options, LibraryOptions library_options)
    : folder(fs::temp_directory_path() / ("larmor-api-" + random_id())) {
    library_options.folder = folder;
    auto opened = Library::open(library_options);
    LARMOR_CHECK(opened.has_value());
    library = *std::move(opened);
    EXPECT_TRUE(library->preprocessor().start());
    sign_in_code = std::make_unique<auth::SignInCode>(system_clock());
    Services services{.database = library->database(),
                      .store = library->store(),
                      .catalog = library->catalog(),
                      .importer = library->importer(),
                      .purger = library->purger(),
                      .events = library->events(),
                      .event_bell = library->event_bell(),
                      .queues = library->queues(),
                      .jobs = library->jobs(),
                      .pool = library->pool(),
                      .credentials = library->credentials(),
                      .sign_in_code = *sign_in_code,
                      .audit = library->audit(),
                      .admission = library->admission(),
                      .clock = system_clock()};
    auto made = make_router(services, std::move(options));
    LARMOR_CHECK(made.has_value());
    router = *std::move(made);
    http::ServerOptions server_options;
    server_options.threads = 2;
    auto started = http::Server::start(std::move(server_options), router);
    LARMOR_CHECK(started.has_value());
    server = *std::move(started);
    client = std::make_unique<http::Client>("127.0.0.1", server->port());
    for (const auth::Role role : auth::kRoles) {
        auto issued = library->credentials().issue_and_wait({.kind = auth::Kind::Token,
                                                             .name = "test",
                                                             .role = role,
                                                             .lifetime = std::chrono::hours(1),
                                                             .parent_id = {}});
        LARMOR_CHECK(issued.has_value());
        tokens_.at(static_cast<std::size_t>(role)) = issued->secret;
    }
}

ApiServer::~ApiServer() {
    client.reset();
    library->event_bell().close();
    library->jobs().bell.close();
    server->stop(std::chrono::seconds(5));
    server.reset();
    router.reset();
    library.reset();
    fs::remove_all(folder);
}

http::ClientResponse ApiServer::send_bare(const http::ClientRequest& request) {
    auto response = client->send(request);
    EXPECT_TRUE(response) << request.target << ": " << response.error().message;
    return response ? *std::move(response) : http::ClientResponse{};
}

http::ClientResponse ApiServer::send(http::ClientRequest request, auth::Role role) {
    request.headers.add("Authorization", "Bearer " + token(role));
    return send_bare(request);
}

http::ClientResponse ApiServer::get(std::string_view target, http::Headers headers) {
    return send({.method = "GET", .target = target, .headers = std::move(headers)});
}

http::ClientResponse ApiServer::send_json(std::string_view method, std::string_view target,
                                          std::string_view body, auth::Role role) {
    return send({.method = method,
                 .target = target,
                 .headers = {{"Content-Type", "application/json"}},
                 .body = body},
                role);
}

http::ClientResponse ApiServer::store(const std::vector<std::string>& instances,
                                      std::string_view target) {
    const std::string body = multipart_body(instances);
    return send({.method = "POST",
                 .target = target,
                 .headers = {{"Content-Type", multipart_content_type()}},
                 .body = body});
}

void ApiServer::store_files(const std::vector<fs::path>& files) {
    for (const fs::path& file : files) {
        const auto response = store({content_of(file)});
        EXPECT_EQ(response.status, 200) << file << ": " << response.body;
    }
    wait_until_prepared();
}

void ApiServer::wait_until_prepared() {
    const auto idle = library->preprocessor().wait_until_idle();
    EXPECT_TRUE(idle) << idle.error().message;
}

std::string multipart_content_type() {
    return "multipart/related; type=\"application/dicom\"; boundary=" +
           std::string(kTestBoundary);
}

std::string multipart_body(const std::vector<std::string>& instances) {
    std::string body;
    for (const std::string& instance : instances) {
        body += "--" + std::string(kTestBoundary) +
                "\r\nContent-Type: application/dicom\r\n\r\n" + instance + "\r\n";
    }
    return body + "--" + std::string(kTestBoundary) + "--\r\n";
}

std::vector<TestPart> parts_of(const http::ClientResponse& response) {
    std::vector<TestPart> result;
    const auto boundary = http::boundary_of(response.headers.get("Content-Type"));
    EXPECT_TRUE(boundary) << response.status << " " << response.body.substr(0, 300);
    if (!boundary) {
        return result;
    }
    const auto parts = http::parse_multipart(as_bytes(response.body), *boundary);
    EXPECT_TRUE(parts) << parts.error().message;
    if (parts) {
        for (const auto& part : *parts) {
            result.push_back(
                {std::string(part.headers.get("Content-Type")), to_string(part.data)});
        }
    }
    return result;
}

std::optional<fs::path> test_file(const std::string& relative_path) {
    const fs::path shared =
        fs::path(LARMOR_SOURCE_DIR) / ".." / "shared" / "data" / "dicom" / relative_path;
    if (fs::exists(shared)) {
        return shared;
    }
    const fs::path installed =
        fs::path("/usr/lib/python3/dist-packages/pydicom/data/test_files") /
        fs::path(relative_path).filename();
    if (fs::exists(installed)) {
        return installed;
    }
    std::cerr << "NOT TESTED, the file is not on this machine: " << relative_path << '\n';
    return std::nullopt;
}

std::string content_of(const fs::path& path) {
    auto content = read_file(path, std::uint64_t{1} << 30);
    EXPECT_TRUE(content) << path;
    return content.value_or("");
}

std::string make_instance(const MadeInstance& what) {
    constexpr auto kCtImageStorage = "1.2.840.10008.5.1.4.1.1.2";
    ByteBuffer bytes;
    dicom::write_file_meta({.media_storage_sop_class_uid = kCtImageStorage,
                            .media_storage_sop_instance_uid = what.instance,
                            .transfer_syntax_uid = std::string(dicom::kExplicitLittleUid),
                            .source_application_entity_title = {}},
                           bytes);
    dicom::Writer writer(dicom::kExplicitLittle, std::move(bytes));
    writer.text({0x0008, 0x0016}, dicom::vr::UI, kCtImageStorage);
    writer.text({0x0008, 0x0018}, dicom::vr::UI, what.instance);
    writer.text({0x0008, 0x0020}, dicom::vr::DA, what.study_date);
    writer.text({0x0008, 0x0060}, dicom::vr::CS, what.modality);
    writer.text({0x0010, 0x0010}, dicom::vr::PN, what.patient_name);
    writer.text({0x0010, 0x0020}, dicom::vr::LO, what.patient_id);
    writer.text({0x0020, 0x000d}, dicom::vr::UI, what.study);
    writer.text({0x0020, 0x000e}, dicom::vr::UI, what.series);
    writer.text({0x0020, 0x0013}, dicom::vr::IS, "1");
    if (what.pixel_bytes == 0) {
        return to_string(writer.take());
    }
    writer.number({0x0028, 0x0002}, dicom::vr::US, 1);
    writer.text({0x0028, 0x0004}, dicom::vr::CS, "MONOCHROME2");
    const std::size_t columns = 16;
    const std::size_t rows = std::min<std::size_t>(60'000, what.pixel_bytes / (2 * columns));
    const std::size_t frames = what.pixel_bytes / (2 * columns * rows);
    if (frames > 1) {
        writer.text({0x0028, 0x0008}, dicom::vr::IS, std::to_string(frames));
    }
    writer.number({0x0028, 0x0010}, dicom::vr::US, rows);
    writer.number({0x0028, 0x0011}, dicom::vr::US, columns);
    writer.number({0x0028, 0x0100}, dicom::vr::US, 16);
    writer.number({0x0028, 0x0101}, dicom::vr::US, 16);
    writer.number({0x0028, 0x0102}, dicom::vr::US, 15);
    writer.number({0x0028, 0x0103}, dicom::vr::US, 0);
    const std::string pixels(frames * rows * columns * 2, what.pixel);
    writer.element({0x7fe0, 0x0010}, dicom::vr::OW, as_bytes(pixels));
    return to_string(writer.take());
}

FileUids uids_of(const std::string& file) {
    FileUids uids;
    const auto opened = dicom::open_file(as_bytes(file));
    EXPECT_TRUE(opened);
    if (opened) {
        const auto attributes =
            dicom::Attributes::read(opened->data_set, opened->encoding, {0x0020, 0x000e});
        EXPECT_TRUE(attributes);
        uids.study = attributes->text({0x0020, 0x000d});
        uids.series = attributes->text({0x0020, 0x000e});
        uids.instance = attributes->text({0x0008, 0x0018});
        uids.transfer_syntax = opened->transfer_syntax_uid;
    }
    return uids;
}

std::vector<std::string> ask_oracle(const std::vector<std::string>& arguments) {
    std::string command =
        "/usr/bin/python3 " LARMOR_SOURCE_DIR "/src/api/tests/dicomweb_oracle.py";
    for (const std::string& argument : arguments) {
        command += " '" + argument + "'";
    }
    std::vector<std::string> lines;
    std::FILE* pipe = ::popen(command.c_str(), "r");  // NOLINT(cert-env33-c): our own script
    EXPECT_NE(pipe, nullptr);
    std::string line;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
        if (c == '\n') {
            lines.push_back(std::exchange(line, {}));
        } else {
            line += static_cast<char>(c);
        }
    }
    EXPECT_EQ(::pclose(pipe), 0) << command;
    return lines;
}

}  // namespace larmor::api
