#include "larmor/event_lines.h"

#include <gtest/gtest.h>

#include <vector>

namespace larmor {
namespace {

TEST(EventLines, ReadsEventsCutAnywhere) {
    constexpr std::string_view text =
        ": open\nretry: 2000\n\nid: 1-1\ndata: {\"a\":1}\n\n: heartbeat\n\nid: 1-2\ndata: "
        "{\"b\":2}\n\nevent: gone\ndata: {\"status\":410}\n\n";
    for (std::size_t size = 1; size < text.size(); ++size) {
        std::vector<std::string> events;
        std::string gone;
        EventLines lines([&](std::string_view data) { events.emplace_back(data); },
                         [&](std::string_view data) { gone = data; });
        for (std::size_t at = 0; at < text.size(); at += size)
            lines.feed(text.substr(at, size));
        EXPECT_EQ(events, (std::vector<std::string>{R"({"a":1})", R"({"b":2})"})) << size;
        EXPECT_EQ(gone, R"({"status":410})");
        EXPECT_EQ(lines.last_id(), "1-2");
    }
}

}  // namespace
}  // namespace larmor
