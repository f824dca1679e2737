#include "http/router.h"

#include <algorithm>

#include "base/percent.h"

namespace larmor::http {
namespace {

/// The pieces between slashes of a path that starts with one: `/a//b/` has "a", "", "b", "".
std::vector<std::string_view> split(std::string_view path) {
    std::vector<std::string_view> segments;
    path.remove_prefix(1);
    while (true) {
        const auto slash = path.find('/');
        segments.push_back(path.substr(0, slash));
        if (slash == std::string_view::npos) return segments;
        path.remove_prefix(slash + 1);
    }
}

/// A decoded segment that could mean something else to whoever uses it as a name.
bool is_tricky(std::string_view segment) {
    if (segment == "." || segment == "..") return true;
    return std::any_of(segment.begin(), segment.end(), [](char c) {
        return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}
bool is_rest(std::string_view segment) {
    return is_parameter(segment) && segment.ends_with("...}");
}
std::string parameter_name(std::string_view segment) {
    segment = segment.substr(1, segment.size() - 2);
    if (segment.ends_with("...")) segment.remove_suffix(3);
    return std::string(segment);
}

std::string allow_of(const std::vector<const Route*>& routes) {
    std::string allow = "OPTIONS";
    for (const auto* route : routes) {
        allow += ", " + std::string(name_of(route->method));
        if (route->method == Method::Get) allow += ", HEAD";
    }
    return allow;
}

}  // namespace

Right::Right(std::string name, std::uint8_t act) : name_(std::move(name)), act_(act) {
    LARMOR_CHECK(!name_.empty());
}

/// A place in the tree of patterns.
struct Router::Node {
    std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
    std::unique_ptr<Node> parameter;   ///< any one segment
    std::unique_ptr<Node> rest;        ///< all segments that are left
    std::vector<const Route*> routes;  ///< that end here, one a method

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
    const Node* find(std::span<const std::string> path) const {
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
        LARMOR_CHECK(is_parameter(segments[i]) ||
                     segments[i].find_first_of("{}%?#") == std::string_view::npos);
        node = &node->child(segments[i]);
    }
    for (const auto* other : node->routes) LARMOR_CHECK(other->method != route.method);
    routes_.push_back(std::make_unique<Route>(std::move(route)));
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

std::vector<const Route*> Router::routes() const {
    std::vector<const Route*> all;
    for (const auto& route : routes_) all.push_back(route.get());
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
    std::vector<std::string> path;
    for (const auto segment : split(request.path)) {
        auto decoded = percent_decode(segment);
        if (!decoded || is_tricky(*decoded)) {
            return problem(400, "the path has a segment that is not allowed");
        }
        path.push_back(*std::move(decoded));
    }
    const auto* node = root_->find(path);
    if (!node) return std::nullopt;
    const auto wanted = request.method == Method::Head ? Method::Get : request.method;
    const auto route = std::find_if(node->routes.begin(), node->routes.end(),
                                    [&](const Route* r) { return r->method == wanted; });
    if (route == node->routes.end()) return std::nullopt;
    request.route = *route;

    const auto pattern = split(request.route->pattern);
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (!is_parameter(pattern[i])) continue;
        std::string value = i < path.size() ? path[i] : std::string();
        if (is_rest(pattern[i])) {
            for (std::size_t k = i + 1; k < path.size(); ++k) value += '/' + path[k];
        }
        request.path_parameters.emplace_back(parameter_name(pattern[i]), std::move(value));
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
    std::vector<std::string> path;
    for (const auto segment : split(request.path)) {
        path.push_back(percent_decode(segment).value_or(""));
    }
    const auto* node = root_->find(path);
    if (!node) co_return problem(404, "there is nothing at this path");
    const bool options = request.method == Method::Options;
    auto response =
        options
            ? Response(204)
            : problem(405, "this path does not take " + std::string(name_of(request.method)));
    response.headers.add("Allow", allow_of(node->routes));
    co_return response;
}

}  // namespace larmor::http
