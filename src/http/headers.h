#pragma once
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace larmor::http {

/// Equal but for the case of ASCII letters.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends (OWS, RFC 9110 section 5.6.3).
std::string_view trim(std::string_view text);

struct Header {
    std::string name;
    std::string value;
};

/// Header fields in the order in which they came; names compare without case. Few enough that a
/// search from the front is the fastest way.
class Headers {
public:
    Headers() = default;
    Headers(std::initializer_list<Header> headers) : headers_(headers) {}

    /// The first value, or nothing.
    std::optional<std::string_view> find(std::string_view name) const;
    /// The first value, or an empty text.
    std::string_view get(std::string_view name) const { return find(name).value_or(""); }
    bool has(std::string_view name) const { return find(name).has_value(); }
    /// All values of a list-valued field joined with ", " (RFC 9110 section 5.3).
    std::string joined(std::string_view name) const;

    void add(std::string_view name, std::string_view value);
    /// Replaces every field of this name.
    void set(std::string_view name, std::string_view value);
    void remove(std::string_view name);

    std::size_t size() const { return headers_.size(); }
    bool empty() const { return headers_.empty(); }
    auto begin() const { return headers_.begin(); }
    auto end() const { return headers_.end(); }
    void reserve(std::size_t count) { headers_.reserve(count); }

private:
    std::vector<Header> headers_;
};

/// True when a comma-separated list (`Connection: keep-alive, Upgrade`) has this token.
bool list_has_token(std::string_view list, std::string_view token);

}  // namespace larmor::http
