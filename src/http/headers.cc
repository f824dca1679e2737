#include "http/headers.h"

#include <algorithm>

namespace larmor::http {
namespace {

char lower_letter(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

}  // namespace

bool equal_ignoring_case(std::string_view a, std::string_view b) {
    return a.size() == b.size() &&
           std::equal(a.begin(), a.end(), b.begin(),
                      [](char x, char y) { return lower_letter(x) == lower_letter(y); });
}

std::string_view trim(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
    for (const auto& header : headers_) {
        if (equal_ignoring_case(header.name, name)) return header.value;
    }
    return std::nullopt;
}

std::string Headers::joined(std::string_view name) const {
    std::string all;
    for (const auto& header : headers_) {
        if (!equal_ignoring_case(header.name, name)) continue;
        if (!all.empty()) all += ", ";
        all += header.value;
    }
    return all;
}

void Headers::add(std::string_view name, std::string_view value) {
    headers_.push_back({std::string(name), std::string(value)});
}

void Headers::set(std::string_view name, std::string_view value) {
    // The value may be one of ours.
    std::string copy(value);
    remove(name);
    headers_.push_back({std::string(name), std::move(copy)});
}

void Headers::remove(std::string_view name) {
    std::erase_if(headers_, [&](const Header& h) { return equal_ignoring_case(h.name, name); });
}

bool list_has_token(std::string_view list, std::string_view token) {
    while (!list.empty()) {
        const auto comma = std::min(list.find(','), list.size());
        if (equal_ignoring_case(trim(list.substr(0, comma)), token)) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

}  // namespace larmor::http
