#pragma once
#include <simdjson.h>

#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace larmor::dicom {

/// A parser, and the padded copy of a document that it wants.
class JsonParser {
public:
    simdjson::simdjson_result<simdjson::ondemand::document> parse(std::string_view json) {
        const auto needed = json.size() + simdjson::SIMDJSON_PADDING;
        if (padded_.size() < needed) padded_.resize(needed);
        std::memcpy(padded_.data(), json.data(), json.size());
        return parser_.iterate(padded_.data(), json.size(), padded_.size());
    }

private:
    std::vector<char> padded_;
    simdjson::ondemand::parser parser_;
};

/// Lends the thread's parser: memory for each small document anew costs as much as reading it.
/// Large documents, and one that is read while another is, get a parser of their own.
class JsonParserLease {
public:
    explicit JsonParserLease(std::size_t size_bytes) {
        constexpr std::size_t kSharedMaxBytes = 256 << 10;
        if (size_bytes > kSharedMaxBytes || !kept()) {
            parser_ = std::make_unique<JsonParser>();
        } else {
            parser_ = std::move(kept());
            is_kept_ = true;
        }
    }
    JsonParserLease(const JsonParserLease&) = delete;
    JsonParserLease& operator=(const JsonParserLease&) = delete;
    ~JsonParserLease() {
        if (is_kept_) kept() = std::move(parser_);
    }
    JsonParser* operator->() const { return parser_.get(); }

private:
    static std::unique_ptr<JsonParser>& kept() {
        thread_local auto parser = std::make_unique<JsonParser>();
        return parser;
    }

    std::unique_ptr<JsonParser> parser_;
    bool is_kept_ = false;
};

}  // namespace larmor::dicom
