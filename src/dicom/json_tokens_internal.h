#pragma once
#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace larmor::dicom {

/// Reads single values of simdjson, and says of those that can't be read at which place of the
/// document they are.
class JsonTokens {
public:
    /// Names a place for as long as it lives. Put together only where something is wrong there:
    /// most documents have no such place, and hundreds of steps.
    class Step {
    public:
        /// Becomes the innermost; `name` outlives it.
        Step(JsonTokens& tokens, std::string_view name)
            : innermost_(tokens.innermost_), outer_(innermost_), name_(name) {
            innermost_ = this;
        }
        Step(JsonTokens& tokens, std::size_t index)
            : innermost_(tokens.innermost_), outer_(innermost_), index_(index) {
            innermost_ = this;
        }
        Step(const Step&) = delete;
        Step& operator=(const Step&) = delete;
        ~Step() { innermost_ = outer_; }

    private:
        friend class JsonTokens;
        const Step*& innermost_;
        const Step* outer_;
        std::string_view name_;
        std::optional<std::size_t> index_;  ///< instead of a name
    };

    /// Of the innermost step: `JSON pointer "/00100010/Value/0"`.
    std::string place() const;
    /// An InvalidInput there.
    tl::unexpected<Error> invalid(std::string what) const;
    /// A LimitExceeded there: of JsonReadOptions::data_set_max_bytes.
    tl::unexpected<Error> over_limit(std::size_t data_set_max_bytes) const;

    /// Into `out`: each copy of what was just read waits for the one before.
    template <typename T>
    Result<void> take(simdjson::simdjson_result<T>&& result, T& out) const {
        if (const auto error = std::move(result).get(out)) {
            return invalid(simdjson::error_message(error));
        }
        return {};
    }
    /// The name of a member, which is then `next`'s value.
    Result<simdjson::ondemand::raw_json_string> name_of(
        simdjson::simdjson_result<simdjson::ondemand::field>& next) const {
        if (next.error()) return invalid(simdjson::error_message(next.error()));
        return next.key().value_unsafe();
    }
    /// The content of a string: where nothing in it is escaped, as most, as it stands.
    Result<std::string_view> content_of(simdjson::ondemand::value text) const {
        const std::string_view token = text.raw_json_token();
        const bool is_plain = token.find('\\') == std::string_view::npos;
        if (!is_plain) {
            std::string_view content;
            TRY_VOID(take(text.get_string(), content));
            return content;
        }
        simdjson::ondemand::raw_json_string content;
        TRY_VOID(take(text.get_raw_json_string(), content));
        // What is no string was an error; behind the closing quote stand blanks at most.
        return token.substr(1, token.rfind('"') - 1);
    }
    /// The content of a string, or of the first one of an array, as the example of PS3.18
    /// section F.4 has it.
    Result<std::string_view> read_string(simdjson::ondemand::value text) const;

private:
    const Step* innermost_ = nullptr;
};

}  // namespace larmor::dicom
