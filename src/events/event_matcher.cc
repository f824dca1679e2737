#include <simdjson.h>

#include <algorithm>
#include <bit>

#include "events/fold_case.h"
#include "events/json_number.h"
#include "events/rule_set_internal.h"

namespace larmor::events {

namespace ondemand = simdjson::ondemand;
using simdjson::error_code;

struct EventMatcher::Memory {
    ondemand::parser parser;
    std::string event;
    /// Bits in use, as a stack; has room for all, so that it never moves.
    std::vector<std::uint64_t> words;
    /// For each open object, where each of its children's Bits begin in `words`; 0 is nowhere.
    std::vector<std::size_t> bits_at;
    std::vector<bool> has_value;  ///< nodes, for `absent`
    std::string number;
    std::string folded;
    std::vector<std::uint32_t> matched;
};

namespace {

/// Of arrays in arrays: each costs stack.
constexpr std::size_t kArrayDepthMax = 100;

/// One walk over one event.
class Walk {
public:
    Walk(const FieldTree& fields, std::size_t words_each, std::vector<std::uint64_t>& words,
         std::vector<std::size_t>& bits_at, std::vector<bool>& has_value, std::string& number,
         std::string& folded)
        : fields_(fields),
          words_each_(words_each),
          words_(words),
          bits_at_(bits_at),
          has_value_(has_value),
          number_(number),
          folded_(folded),
          scratch_(push_bits()) {}

    Bits push_bits() {
        const std::size_t at = words_.size();
        words_.resize(at + words_each_);
        return Bits(words_).subspan(at);
    }

    /// Leaves in `result` those that ask for nothing in the object that it has not.
    error_code object(ondemand::object object, std::uint32_t index, Bits result) {
        const FieldTree::Node& node = fields_.node(index);
        const std::size_t words_before = words_.size();
        const std::size_t bits_before = bits_at_.size();
        bits_at_.resize(bits_before + node.children_bits);
        for (auto field : object) {
            std::string_view name;
            ondemand::value value;
            if (const auto error = field.unescaped_key().get(name)) return error;
            const std::uint32_t child = fields_.find(index, name);
            if (child == FieldTree::kNone) continue;
            if (const auto error = field.value().get(value)) return error;
            if (const auto error =
                    take(value, child, bits_before + fields_.node(child).first_bits)) {
                return error;
            }
        }
        for (const std::uint32_t child : node.children) {
            join(fields_.node(child), bits_before + fields_.node(child).first_bits, result);
        }
        words_.resize(words_before);
        bits_at_.resize(bits_before);
        return simdjson::SUCCESS;
    }

private:
    /// The Bits number `at` of `bits_at_`, none set at first.
    Bits bits(std::size_t at) {
        if (bits_at_[at] == 0) {
            bits_at_[at] = words_.size();
            push_bits();
        }
        return Bits(words_).subspan(bits_at_[at], words_each_);
    }

    error_code take(ondemand::value value, std::uint32_t index, std::size_t first) {
        ondemand::json_type type{};
        if (const auto error = value.type().get(type)) return error;
        if (type == ondemand::json_type::object) return take_object(value, index, first);
        if (type != ondemand::json_type::array) return take_scalar(value, type, index, first);
        ondemand::array array;
        if (const auto error = value.get_array().get(array)) return error;
        if (++array_depth_ > kArrayDepthMax) return simdjson::DEPTH_ERROR;
        for (auto element : array) {
            ondemand::value one;
            if (const auto error = element.get(one)) return error;
            if (const auto error = take(one, index, first)) return error;
        }
        --array_depth_;
        return simdjson::SUCCESS;
    }

    error_code take_object(ondemand::value value, std::uint32_t index, std::size_t first) {
        const FieldTree::Node& node = fields_.node(index);
        if (node.children.empty()) return simdjson::SUCCESS;
        ondemand::object inner;
        if (const auto error = value.get_object().get(inner)) return error;
        const Bits any = bits(first + node.tests.size());
        const std::size_t words_before = words_.size();
        const Bits those = push_bits();
        std::ranges::fill(those, ~0ULL);
        if (const auto error = object(inner, index, those)) return error;
        for (std::size_t i = 0; i < words_each_; ++i) any[i] |= those[i];
        words_.resize(words_before);
        return simdjson::SUCCESS;
    }

    error_code take_scalar(ondemand::value value, ondemand::json_type type, std::uint32_t index,
                           std::size_t first) {
        const FieldTree::Node& node = fields_.node(index);
        if (!node.absent.empty()) has_value_[index] = true;
        if (node.tests.empty()) return simdjson::SUCCESS;
        FieldValue field;
        if (const auto error = read_scalar(value, type, node, field)) return error;
        for (std::size_t i = 0; i < node.tests.size(); ++i) {
            node.tests[i].find(field, bits(first + i), scratch_);
        }
        return simdjson::SUCCESS;
    }

    error_code read_scalar(ondemand::value value, ondemand::json_type type,
                           const FieldTree::Node& node, FieldValue& field) {
        if (type == ondemand::json_type::string) {
            if (const auto error = value.get_string().get(field.text)) return error;
            if (node.ignores_case) {
                fold_case(field.text, folded_);
                field.folded = folded_;
            }
            return simdjson::SUCCESS;
        }
        if (type == ondemand::json_type::number) {
            std::string_view token = value.raw_json_token();
            token = token.substr(0, token.find_last_not_of(" \t\r\n") + 1);
            if (!write_canonical_number(token, number_)) return simdjson::NUMBER_ERROR;
            field.kind = ValueKind::Number;
            field.text = number_;
            if (node.wants_double) field.number = to_double(number_);
            return simdjson::SUCCESS;
        }
        field.kind = ValueKind::Literal;
        if (type == ondemand::json_type::null) {
            bool is_null = false;
            if (const auto error = value.is_null().get(is_null)) return error;
            field.text = "null";
            return is_null ? simdjson::SUCCESS : simdjson::N_ATOM_ERROR;
        }
        bool is_true = false;
        if (const auto error = value.get_bool().get(is_true)) return error;
        field.text = is_true ? "true" : "false";
        return simdjson::SUCCESS;
    }

    /// Takes out of `result` what asks for something of this field that it has not.
    void join(const FieldTree::Node& node, std::size_t first, Bits result) {
        bool has_any = false;
        for (std::size_t i = 0; i < node.bits_count(); ++i) {
            has_any = has_any || bits_at_[first + i] != 0;
        }
        if (!has_any) return node.asked.remove_from(result);
        for (std::size_t i = 0; i < node.bits_count(); ++i) {
            const IdSet& asked =
                i < node.tests.size() ? node.tests[i].asked() : node.asked_deeper;
            if (bits_at_[first + i] == 0) {
                asked.remove_from(result);
            } else {
                asked.keep(result, bits(first + i));
            }
        }
    }

    const FieldTree& fields_;
    const std::size_t words_each_;
    std::vector<std::uint64_t>& words_;
    std::vector<std::size_t>& bits_at_;
    std::vector<bool>& has_value_;
    std::string& number_;
    std::string& folded_;
    const Bits scratch_;
    std::size_t array_depth_ = 0;
};

}  // namespace

EventMatcher::EventMatcher() : memory_(std::make_unique<Memory>()) {}
EventMatcher::~EventMatcher() = default;
EventMatcher::EventMatcher(EventMatcher&&) noexcept = default;
EventMatcher& EventMatcher::operator=(EventMatcher&&) noexcept = default;

Result<std::span<const std::uint32_t>> EventMatcher::match(const RuleSet& rules,
                                                           std::string_view event) {
    const RuleSet::Compiled& compiled = *rules.compiled_;
    Memory& memory = *memory_;
    memory.event.assign(event);
    memory.event.reserve(event.size() + simdjson::SIMDJSON_PADDING);
    memory.words.clear();
    // One more than all: for the scratch of the walk.
    memory.words.reserve((compiled.fields.bits_max() + 1) * compiled.words());
    memory.bits_at.clear();
    memory.has_value.assign(compiled.fields.size(), false);
    memory.matched.clear();

    Walk walk(compiled.fields, compiled.words(), memory.words, memory.bits_at, memory.has_value,
              memory.number, memory.folded);
    ondemand::document document;
    ondemand::object root;
    auto error = memory.parser
                     .iterate(memory.event.data(), memory.event.size(),
                              memory.event.size() + simdjson::SIMDJSON_PADDING)
                     .get(document);
    if (!error) error = document.get_object().get(root);
    const Bits result = walk.push_bits();
    std::ranges::fill(result, ~0ULL);
    if (!error) error = walk.object(root, FieldTree::kRoot, result);
    if (error) {
        return fail(ErrorCode::InvalidInput, std::string("the event is not a JSON object: ") +
                                                 simdjson::error_message(error));
    }
    for (const std::uint32_t index : compiled.fields.absent_nodes()) {
        if (memory.has_value[index]) compiled.fields.node(index).absent.remove_from(result);
    }
    for (std::size_t i = 0; i < result.size(); ++i) {
        for (std::uint64_t left = result[i]; left != 0; left &= left - 1) {
            const std::size_t id = i * 64 + static_cast<std::size_t>(std::countr_zero(left));
            if (id >= compiled.rules.size()) break;
            const std::uint32_t rule = compiled.rules[id];
            if (memory.matched.empty() || memory.matched.back() != rule) {
                memory.matched.push_back(rule);
            }
        }
    }
    return memory.matched;
}

}  // namespace larmor::events
