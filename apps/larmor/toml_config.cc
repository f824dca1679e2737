#include "larmor/toml_config.h"

#include <CLI/CLI.hpp>
#include <cctype>
#include <cstdlib>
#define TOML_EXCEPTIONS 1
#include <toml++/toml.h>

namespace larmor {
namespace {

std::string text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) {
        return text->get();
    }
    if (const auto* truth = node.as_boolean()) {
        return truth->get() ? "true" : "false";
    }
    if (const auto* number = node.as_integer()) {
        return std::to_string(number->get());
    }
    throw CLI::ConfigError("a value must be text, a whole number, true or false");
}

/// `LARMOR_LOG_LEVEL` for `log-level`.
std::string environment_name(std::string name) {
    std::replace(name.begin(), name.end(), '-', '_');
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    return "LARMOR_" + name;
}

class TomlConfig final : public CLI::Config {
public:
    std::string to_config(const CLI::App*, bool, bool, std::string) const override {
        return {};  // we print no configuration
    }

    std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
        try {
            std::vector<CLI::ConfigItem> read;
            add_table(toml::parse(input), {}, read);
            return read;
        } catch (const toml::parse_error& error) {
            throw CLI::ConfigError("line " + std::to_string(error.source().begin.line) + ": " +
                                   std::string(error.description()));
        }
    }

private:
    static void add_table(const toml::table& table, const std::vector<std::string>& parents,
                          std::vector<CLI::ConfigItem>& into) {
        for (const auto& [key, node] : table) {
            const std::string name(key.str());
            if (const auto* inner = node.as_table()) {
                auto path = parents;
                path.push_back(name);
                add_table(*inner, path, into);
                continue;
            }
            // CLI11 lets the file win over the environment; everybody else does it like this.
            // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread starts
            if (std::getenv(environment_name(name).c_str()) != nullptr) {
                continue;
            }
            CLI::ConfigItem item;
            item.parents = parents;
            item.name = name;
            if (const auto* array = node.as_array()) {
                for (const auto& element : *array) {
                    item.inputs.push_back(text_of(element));
                }
            } else {
                item.inputs.push_back(text_of(node));
            }
            into.push_back(std::move(item));
        }
    }
};

}  // namespace

std::shared_ptr<CLI::Config> toml_config() {
    return std::make_shared<TomlConfig>();
}

}  // namespace larmor
