#pragma once
#include <array>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/application.h"
#include "http/client.h"
#include "http/router.h"
#include "http/server.h"
#include "library/library.h"

namespace larmor::api {

/// A real server on loopback over a real library in a folder of its own, and a client for it.
class ApiServer {
public:
    explicit ApiServer(auth::SignIn sign_in = auth::SignIn::Required,
                       std::optional<std::filesystem::path> web_folder = {});
    /// The library's folder is always one of its own.
    explicit ApiServer(Options options, LibraryOptions library_options = {});
    ~ApiServer();

    /// A request with the token of `role` (the admin's unless said otherwise).
    http::ClientResponse send(http::ClientRequest request, auth::Role role = auth::Role::Admin);
    http::ClientResponse get(std::string_view target, http::Headers headers = {});
    http::ClientResponse send_json(std::string_view method, std::string_view target,
                                   std::string_view body, auth::Role role = auth::Role::Admin);
    /// Without any credentials but what `request` has.
    http::ClientResponse send_bare(const http::ClientRequest& request);

    /// STOW-RS of these bodies in one request.
    http::ClientResponse store(const std::vector<std::string>& instances,
                               std::string_view target = "/dicomweb/studies");
    /// The same for files; waits until they are preprocessed.
    void store_files(const std::vector<std::filesystem::path>& files);
    void wait_until_prepared();

    std::string base() const { return server->base_url() + "/dicomweb"; }
    const std::string& token(auth::Role role) const {
        return tokens_.at(static_cast<std::size_t>(role));
    }

    std::filesystem::path folder;
    std::unique_ptr<Library> library;
    std::unique_ptr<auth::SignInCode> sign_in_code;
    std::shared_ptr<http::Router> router;
    std::unique_ptr<http::Server> server;
    std::unique_ptr<http::Client> client;

private:
    std::array<std::string, auth::kRoles.size()> tokens_;
};

/// multipart/related with these bodies as application/dicom.
inline constexpr std::string_view kTestBoundary = "larmor-test-boundary";
std::string multipart_content_type();
std::string multipart_body(const std::vector<std::string>& instances);

struct TestPart {
    std::string content_type;
    std::string data;
};
/// Parts of a multipart response; fails the test where it is none.
std::vector<TestPart> parts_of(const http::ClientResponse& response);

/// A file of ../shared/data/dicom, or else the file of that name that Debian's python3-pydicom
/// installs; nothing (and a loud line) where neither is there.
std::optional<std::filesystem::path> test_file(const std::string& relative_path);
std::string content_of(const std::filesystem::path& path);

/// A CT of the given UIDs in Explicit VR Little Endian, of `pixel_bytes` bytes of Pixel Data;
/// with 0 there is no image in it.
struct MadeInstance {
    std::string study = "1.2.3";
    std::string series = "1.2.3.1";
    std::string instance = "1.2.3.1.1";
    std::string patient_id = "P1";
    std::string patient_name = "Doe^Jane";
    std::string modality = "CT";
    std::string study_date = "20200131";
    std::size_t pixel_bytes = 512;
    char pixel = 1;
};
std::string make_instance(const MadeInstance& what);

/// The UIDs in a file.
struct FileUids {
    std::string study;
    std::string series;
    std::string instance;
    std::string transfer_syntax;
    std::string path() const {
        return "/studies/" + study + "/series/" + series + "/instances/" + instance;
    }
};
FileUids uids_of(const std::string& file);

/// What Debian's python with tests/dicomweb_oracle.py prints for these arguments, by lines.
std::vector<std::string> ask_oracle(const std::vector<std::string>& arguments);

}  // namespace larmor::api
