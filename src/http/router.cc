#include "http/router.h"

#include <algorithm>
#include <list>

#include "base/percent.h"

namespace larmor::http {
namespace {

/// Of most paths: what a vector is made for at once.
constexpr std::size_t kSegmentsUsual = 16;

/// The pieces between slashes of a path that starts with one: `/a//b/` has "a", "", "b", "".
std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    segments.reserve(kSegmentsUsual);
    path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

/// A decoded segment that could mean something else to whoever uses it as a name. Slashes in it
/// are for the route to allow.
bool is_tricky(std::string_view segment) {
    for (auto rest = segment;;) {
        const auto slash = rest.find('/');
        const auto piece = rest.substr(0, slash);
        if (piece == "." || piece == "..") return true;
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    return std::any_of(segment.begin(), segment.end(), [](char c) {
        return c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

/// A path's segments, decoded; views into the path and into `decoded`.
struct Segments {
    std::vector<std::string_view> all;
    std::list<std::string> decoded;  ///< those that were encoded
    bool has_encoded_slash = false;
};
/// Nothing where one is not allowed.
std::optional<Segments> segments_of(std::string_view path) {
    Segments segments;
    segments.all = split(path);
    for (auto& segment : segments.all) {
        if (segment.find('%') != std::string_view::npos) {
            auto decoded = percent_decode(segment);
            if (!decoded) return std::nullopt;
            segment = segments.decoded.emplace_back(*std::move(decoded));
        }
        if (is_tricky(segment)) return std::nullopt;
        segments.has_encoded_slash =
            segments.has_encoded_slash || segment.find('/') != std::string_view::npos;
    }
    return segments;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) {
    return is_parameter(segment) && segment.ends_with("...}");
}

/// A {name} of a pattern.
struct Parameter {
    std::string_view name;
    std::size_t at;  ///< which segment
    bool is_rest;
};
std::vector<Parameter> parameters_of(std::string_view pattern) {
    std::vector<Parameter> parameters;
    const auto segments = split(pattern);
    for (std::size_t i = 0; i < segments.size(); ++i) {
        if (!is_parameter(segments[i])) continue;
        const bool rest = is_rest(segments[i]);
        auto name = segments[i].substr(1, segments[i].size() - 2);
        if (rest) name.remove_suffix(3);
        parameters.push_back({name, i, rest});
    }
    return parameters;
}

}  // namespace

Right::Right(std::string name, std::uint8_t act) : name_(std::move(name)), act_(act) {
    LARMOR_CHECK(!name_.empty());
}

/// A route and what its pattern says, read once.
struct Router::Registered {
    explicit Registered(Route with)
        : route(std::move(with)), parameters(parameters_of(route.pattern)) {}
    const Route route;
    const std::vector<Parameter> parameters;
};

/// A place in the tree of patterns.
struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;        ///< any one segment
    std::unique_ptr<Node> rest;             ///< all segments that are left
    std::vector<const Registered*> routes;  ///< that end here, one a method

    Node& child(std::string_view segment) {
        if (is_parameter(segment)) {
            auto& slot = is_rest(segment) ? rest : parameter;
            if (!slot) slot = std::make_unique<Node>();
            return *slot;
        }
        auto& slot = literals[std::string(segment)];
        if (!slot) slot = std::make_unique<Node>();
        return *slot;
    }

    /// The node whose routes a path has; tries what is most exact first and comes back when it
    /// leads nowhere. Patterns are ours and short, so the search is too.
    const Node* find(std::span<const std::string_view> path) const {
        if (path.empty()) {
            if (!routes.empty()) return this;
            return rest ? rest.get() : nullptr;
        }
        if (const auto literal = literals.find(path[0]); literal != literals.end()) {
            if (const auto* found = literal->second->find(path.subspan(1))) return found;
        }
        if (parameter && !path[0].empty()) {
            if (const auto* found = parameter->find(path.subspan(1))) return found;
        }
        return rest ? rest.get() : nullptr;
    }

    std::string allow() const {
        std::string allow = "OPTIONS";
        for (const auto* registered : routes) {
            const Method method = registered->route.method;
            allow += ", " + std::string(name_of(method));
            if (method == Method::Get) allow += ", HEAD";
        }
        return allow;
    }
};

Router::Router() : root_(std::make_unique<Node>()) {
    nexts_.emplace_back([this](Request request) { return answer(std::move(request)); });
}
Router::~Router() = default;

void Router::add(Route route) {
    LARMOR_CHECK(route.pattern.starts_with('/') && !route.name.empty() && route.handler);
    const auto segments = split(route.pattern);
    Node* node = root_.get();
    for (std::size_t i = 0; i < segments.size(); ++i) {
        LARMOR_CHECK(!is_rest(segments[i]) || i + 1 == segments.size());
        // Any other {name} is one segment to its handler.
        LARMOR_CHECK(route.encoded_slashes == EncodedSlashes::Refuse ||
                     !is_parameter(segments[i]) || is_rest(segments[i]));
        LARMOR_CHECK(is_parameter(segments[i]) ||
                     segments[i].find_first_of("{}%?#") == std::string_view::npos);
        node = &node->child(segments[i]);
    }
    for (const auto* other : node->routes) LARMOR_CHECK(other->route.method != route.method);
    routes_.push_back(std::make_unique<Registered>(std::move(route)));
    node->routes.push_back(routes_.back().get());
}

void Router::add_middleware(Middleware middleware) {
    middleware_.push_back(std::move(middleware));
    const auto index = middleware_.size() - 1;
    // The handler stays behind the last one.
    nexts_.insert(nexts_.begin() + static_cast<std::ptrdiff_t>(index),
                  [this, index](Request request) {
                      return middleware_[index](std::move(request), nexts_[index + 1]);
                  });
}

void Router::add_head_hook(HeadHook hook) {
    head_hooks_.push_back(std::move(hook));
}

void Router::set_overload_answer(OverloadAnswer answer) {
    overload_answer_ = std::move(answer);
}

std::optional<Response> Router::overloaded(const Request& request, std::string_view why) const {
    return overload_answer_ ? overload_answer_(request, why) : std::nullopt;
}

std::vector<const Route*> Router::routes() const {
    std::vector<const Route*> all;
    for (const auto& registered : routes_) all.push_back(&registered->route);
    return all;
}

HeadDecision Router::on_head(Request& request) {
    HeadDecision decision;
    if (auto refused = match(request)) {
        decision.answer = std::move(refused);
        return decision;
    }
    for (const auto& hook : head_hooks_) {
        if (auto refused = hook(request)) {
            decision.answer = std::move(refused);
            return decision;
        }
    }
    if (request.route) {
        decision.body_max = request.route->body_max;
        decision.body_mode = request.route->body_mode;
    }
    return decision;
}

std::optional<Response> Router::match(Request& request) const {
    if (!request.path.starts_with('/')) return std::nullopt;  // `OPTIONS *`
    const auto path = segments_of(request.path);
    const auto not_allowed = [] {
        return problem(400, "the path has a segment that is not allowed");
    };
    if (!path) return not_allowed();
    const auto* node = root_->find(path->all);
    const Registered* found = nullptr;
    if (node != nullptr) {
        const auto wanted = request.method == Method::Head ? Method::Get : request.method;
        const auto same =
            std::find_if(node->routes.begin(), node->routes.end(),
                         [&](const auto* r) { return r->route.method == wanted; });
        if (same != node->routes.end()) found = *same;
    }
    const bool takes_slashes =
        found != nullptr && found->route.encoded_slashes == EncodedSlashes::Allow;
    if (path->has_encoded_slash && !takes_slashes) return not_allowed();
    if (found == nullptr) return std::nullopt;
    request.route = &found->route;

    request.path_parameters.reserve(found->parameters.size());
    for (const auto& [name, at, is_rest] : found->parameters) {
        std::string value(at < path->all.size() ? path->all[at] : std::string_view());
        if (is_rest) {
            for (std::size_t k = at + 1; k < path->all.size(); ++k) {
                value += '/';
                value += path->all[k];
            }
        }
        request.path_parameters.emplace_back(name, std::move(value));
    }
    return std::nullopt;
}

Task<Response> Router::handle(Request request) {
    return nexts_.front()(std::move(request));
}

Task<Response> Router::answer(Request request) {
    if (const Route* route = request.route) return route->handler(std::move(request));
    return answer_without_route(std::move(request));
}

/// OPTIONS, 405 and 404.
Task<Response> Router::answer_without_route(Request request) const {
    if (!request.path.starts_with('/')) {
        Response response(204);
        response.headers.add("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
        co_return response;
    }
    const auto path = segments_of(request.path);
    const auto* node = path ? root_->find(path->all) : nullptr;
    if (!node) co_return problem(404, "there is nothing at this path");
    const bool options = request.method == Method::Options;
    auto response =
        options
            ? Response(204)
            : problem(405, "this path does not take " + std::string(name_of(request.method)));
    response.headers.add("Allow", node->allow());
    co_return response;
}

}  // namespace larmor::http
