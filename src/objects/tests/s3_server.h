#pragma once
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "objects/s3/client.h"
#include "objects/s3/requester.h"

namespace larmor::objects::testing {

/// A script of tests/s3 that runs as long as this and talks in lines.
class Script {
public:
    explicit Script(std::vector<std::string> words);
    ~Script();
    Script(const Script&) = delete;
    Script& operator=(const Script&) = delete;

    /// The next line that it writes, without its end; nothing when it has ended.
    std::optional<std::string> line();
    std::string ask(const std::string& question);
    /// Of a script that has ended.
    int exit_code();

private:
    pid_t pid_ = -1;
    int to_ = -1;
    int from_ = -1;
    std::string read_;
};

/// The real S3 server of this test program, Ceph's gateway: started when first asked for (about
/// three seconds), gone at its end.
class S3Server {
public:
    /// Null, with a loud message, where its packages are not installed.
    static S3Server* shared();

    /// A new, empty bucket; requests go to the server, or by way of `endpoint`.
    s3::ClientOptions make_bucket(const std::string& endpoint = {});
    const std::string& endpoint() const { return endpoint_; }

private:
    explicit S3Server(std::unique_ptr<Script> script, const std::string& greeting);
    std::unique_ptr<Script> script_;
    std::string endpoint_;
    sigv4::Credentials credentials_;
    int buckets_ = 0;
};

/// What stands between a client and the server: tests/s3/fault_proxy.py says what it can do.
class FaultProxy {
public:
    /// With TLS where `tls` names a certificate and its key.
    explicit FaultProxy(const std::string& upstream, const std::vector<std::string>& tls = {});
    const std::string& url() const { return url_; }
    /// `kind` and what else the fault has, as JSON members: `"after":100`.
    void fault(const std::string& kind, const std::string& method,
               const std::string& more = "\"times\":1");
    void cold(const std::string& prefix, double seconds, double lasts = 3600);
    /// The same in an archive tier of INTELLIGENT_TIERING.
    void archived(const std::string& prefix);
    void clear();
    /// Requests with this method since `clear`.
    int requests(const std::string& method);
    int connections();
    int at_a_time_max();

private:
    int count(const std::string& name);
    Script script_;
    std::string url_;
};

}  // namespace larmor::objects::testing
