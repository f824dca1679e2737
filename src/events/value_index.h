#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "events/id_set.h"
#include "events/pattern.h"

namespace larmor::events {

/// A string, number, true, false or null of an event.
struct FieldValue {
    ValueKind kind = ValueKind::String;
    std::string_view text;    ///< as in Test
    std::string_view folded;  ///< of a string, where some test ignores case
    double number = 0;        ///< of a number, where somebody asks for a range
};

/// True when `text` is the first segment, then the others in order with anything between, the
/// last one at its end.
bool matches_wildcard(std::string_view text, const std::vector<std::string>& segments);

/// Tests of one field by what they compare with, so that finding those that a value passes
/// costs the same for ten and for ten thousand of them; only wildcards are tried one by one.
class ValueIndex {
public:
    void add(const Test& test, std::uint32_t id);
    void freeze(std::size_t words);
    bool ignores_case() const { return ignores_case_; }

    /// Calls `found(const IdSet&)` for each test that the value passes.
    template <typename F>
    void find(const FieldValue& value, F found) const {
        if (value.kind != ValueKind::String) {
            find_equal(value.kind == ValueKind::Number ? numbers_ : literals_, value.text,
                       found);
            return;
        }
        find_equal(strings_, value.text, found);
        for (const auto& [size, of_size] : prefixes_) {
            if (size > value.text.size()) break;
            find_equal(of_size, value.text.substr(0, size), found);
        }
        for (const auto& [size, of_size] : suffixes_) {
            if (size > value.text.size()) break;
            find_equal(of_size, value.text.substr(value.text.size() - size), found);
        }
        for (const Wildcard& wildcard : wildcards_) {
            if (matches_wildcard(value.text, wildcard.segments)) found(wildcard.ids);
        }
        if (ignores_case_) find_folded(value.folded, found);
    }

private:
    struct Hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>()(text);
        }
    };
    using Texts = std::unordered_map<std::string, IdSet, Hash, std::equal_to<>>;
    using TextsBySize = std::map<std::size_t, Texts>;
    struct Wildcard {
        std::string text;
        std::vector<std::string> segments;
        IdSet ids;
    };

    template <typename F>
    static void find_equal(const Texts& texts, std::string_view text, F& found) {
        const auto at = texts.find(text);
        if (at != texts.end()) found(at->second);
    }
    template <typename F>
    void find_folded(std::string_view text, F& found) const {
        find_equal(folded_, text, found);
        for (const auto& [size, of_size] : folded_prefixes_) {
            if (size > text.size()) break;
            find_equal(of_size, text.substr(0, size), found);
        }
        for (const auto& [size, of_size] : folded_suffixes_) {
            if (size > text.size()) break;
            find_equal(of_size, text.substr(text.size() - size), found);
        }
    }
    IdSet& wildcard(const Test& test);

    Texts strings_;
    Texts numbers_;
    Texts literals_;
    Texts folded_;
    TextsBySize prefixes_;
    TextsBySize suffixes_;
    TextsBySize folded_prefixes_;
    TextsBySize folded_suffixes_;
    std::vector<Wildcard> wildcards_;
    bool ignores_case_ = false;
};

/// What rules ask of one field, a condition a rule.
class FieldTests {
public:
    void add(const Condition& condition, std::uint32_t id);
    void freeze(std::size_t words);

    const IdSet& asked() const { return asked_; }
    bool ignores_case() const { return any_of_.ignores_case() || but_.ignores_case(); }
    bool wants_double() const { return !ranges_.empty(); }

    /// Adds the alternatives whose condition the value meets. `scratch` is as large as
    /// `satisfied`.
    void find(const FieldValue& value, Bits satisfied, Bits scratch) const;

private:
    struct Range {
        NumericRange range;
        IdSet ids;
    };

    IdSet asked_;
    ValueIndex any_of_;
    std::vector<Range> ranges_;
    IdSet present_;
    IdSet anything_but_;
    ValueIndex but_;
};

}  // namespace larmor::events
