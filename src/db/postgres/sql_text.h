#pragma once
#include <string>
#include <string_view>

namespace larmor::db::postgres {

/// A statement as the server wants it.
struct SqlText {
    std::string text;
    int parameters = 0;  ///< the highest number
};

/// Writes ?1 as $1, outside of quotes and comments.
SqlText to_server_text(std::string_view sql);

}  // namespace larmor::db::postgres
