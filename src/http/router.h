#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/message.h"
#include "http/service.h"

namespace larmor::http {

using Handler = std::function<Task<Response>(Request)>;
using Next = std::function<Task<Response>(Request)>;
/// Around every handler, and around the answers 404, 405 and OPTIONS (request.route is null
/// there). Outermost first. Must be a function or a callable that outlives the server: a
/// capturing coroutine lambda stored here is fine, one on the stack is not.
using Middleware = std::function<Task<Response>(Request, Next)>;
/// Runs when the head is there and before the body is read; a response ends the request there
/// (a 100-continue is then not sent). Must not block: checks of tokens, rights and lengths.
using HeadHook = std::function<std::optional<Response>(Request&)>;

/// Names the right that a route needs; its meaning belongs to the policy of the layer above.
/// Has no default: a route without a right does not compile.
class Right {
public:
    /// LARMOR_CHECKs that the name is not empty. `act` tells the policy what goes on record
    /// when the route is used; 0 is nothing.
    explicit Right(std::string name, std::uint8_t act = 0);
    const std::string& name() const { return name_; }
    std::uint8_t act() const { return act_; }
    friend bool operator==(const Right&, const Right&) = default;

private:
    std::string name_;
    std::uint8_t act_;
};

/// Whether `%2F` may stand for a slash inside the last `{name...}` of a route.
enum class EncodedSlashes : std::uint8_t { Refuse, Allow };

struct Route {
    Method method;
    /// `/studies/{study}/series/{series}`: a {name} stands for one segment, not empty; a last
    /// segment `{name...}` for the rest, slashes included, possibly empty.
    std::string pattern;
    std::string name;  ///< in metrics and logs: `studies.retrieve`
    Right right;
    Handler handler;
    std::optional<std::uint64_t> body_max = {};  ///< bytes; else the server's
    BodyMode body_mode = BodyMode::Auto;
    EncodedSlashes encoded_slashes = EncodedSlashes::Refuse;
};

/// Finds the handler of a path. Literal segments win over {names}. Paths are compared segment
/// by segment after percent-decoding; a segment that decodes to `.` or `..`, or holds a `/`,
/// `\`, NUL or other control character after decoding, is answered 400 before any handler sees
/// it; a route may take encoded slashes (then no piece between them is `.` or `..`). HEAD is
/// answered by GET's route; OPTIONS and 405 carry Allow.
class Router final : public Service {
public:
    Router();
    ~Router() override;

    /// Before the server starts. LARMOR_CHECKs: the pattern is well formed, the name and the
    /// handler are given, no other route has the same method and pattern.
    void add(Route route);
    void add_middleware(Middleware middleware);
    void add_head_hook(HeadHook hook);
    /// See Service::overloaded.
    using OverloadAnswer =
        std::function<std::optional<Response>(const Request&, std::string_view why)>;
    void set_overload_answer(OverloadAnswer answer);

    /// In the order of registration; for OpenAPI and for tests of the policy.
    std::vector<const Route*> routes() const;

    HeadDecision on_head(Request& request) override;
    Task<Response> handle(Request request) override;
    std::optional<Response> overloaded(const Request& request,
                                       std::string_view why) const override;

private:
    struct Node;
    struct Registered;
    /// Fills in the route and its parameters; a response where the path itself is refused.
    std::optional<Response> match(Request& request) const;
    Task<Response> answer(Request request);
    Task<Response> answer_without_route(Request request) const;

    std::vector<std::unique_ptr<Registered>> routes_;
    std::unique_ptr<Node> root_;
    std::vector<Middleware> middleware_;
    std::vector<HeadHook> head_hooks_;
    OverloadAnswer overload_answer_;
    std::vector<Next> nexts_;  ///< nexts_[i] runs middleware i, the last one the handler
};

}  // namespace larmor::http
