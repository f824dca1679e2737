#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/ids.h"
#include "http/server.h"

namespace larmor::http {

/// A self-signed certificate and its key as PEM files in a folder of their own.
class TestCertificate {
public:
    /// `names` as OpenSSL writes them: `DNS:localhost,IP:127.0.0.1`.
    explicit TestCertificate(const std::string& names = "DNS:localhost,IP:127.0.0.1")
        : folder_(std::filesystem::temp_directory_path() / ("larmor-tls-" + random_id())) {
        std::filesystem::create_directories(folder_);
        const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                      EVP_PKEY_free);
        const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
        auto* x = certificate.get();
        X509_set_version(x, X509_VERSION_3);
        ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
        X509_gmtime_adj(X509_getm_notBefore(x), -60);
        X509_gmtime_adj(X509_getm_notAfter(x), 3600);
        X509_set_pubkey(x, key.get());
        auto* subject = X509_get_subject_name(x);
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                   reinterpret_cast<const unsigned char*>("larmor test"), -1,
                                   -1, 0);
        X509_set_issuer_name(x, subject);
        add_extension(x, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(x, NID_subject_alt_name, names);
        EXPECT_GT(X509_sign(x, key.get(), EVP_sha256()), 0);
        write(files().certificate, [&](std::FILE* to) { return PEM_write_X509(to, x); });
        write(files().key, [&](std::FILE* to) {
            return PEM_write_PrivateKey(to, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
        });
    }
    ~TestCertificate() { std::filesystem::remove_all(folder_); }
    TestCertificate(const TestCertificate&) = delete;
    TestCertificate& operator=(const TestCertificate&) = delete;

    TlsFiles files() const {
        return {.certificate = folder_ / "certificate.pem", .key = folder_ / "key.pem"};
    }
    const std::filesystem::path& folder() const { return folder_; }

private:
    static void add_extension(X509* certificate, int kind, const std::string& value) {
        const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension(
            X509V3_EXT_conf_nid(nullptr, nullptr, kind, value.c_str()), X509_EXTENSION_free);
        ASSERT_NE(extension, nullptr) << value;
        EXPECT_EQ(X509_add_ext(certificate, extension.get(), -1), 1);
    }
    template <typename F>
    static void write(const std::filesystem::path& path, F f) {
        const std::unique_ptr<std::FILE, decltype(&std::fclose)> file(
            std::fopen(path.c_str(), "w"), std::fclose);
        ASSERT_NE(file, nullptr) << path;
        EXPECT_EQ(f(file.get()), 1);
    }

    std::filesystem::path folder_;
};

}  // namespace larmor::http
