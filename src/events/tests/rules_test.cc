#include "events/rules.h"

#include "events/pattern.h"
#include "events/tests/rules_fixture.h"

namespace larmor::events {
namespace {

using testing::must;
using testing::RulesTest;

class RuleRowsTest : public RulesTest {
protected:
    Result<Rule> try_update(const RuleDraft& draft, std::int64_t version) {
        return try_write(
            [&](db::Transaction& tx) { return rules_.update(tx, draft, version); });
    }
    Result<void> try_remove(std::string_view name, std::optional<std::int64_t> version = {}) {
        return try_write([&](db::Transaction& tx) { return rules_.remove(tx, name, version); });
    }
    ErrorCode code_of_create(const RuleDraft& draft) {
        const auto made =
            try_write([&](db::Transaction& tx) { return rules_.create(tx, draft); });
        return made ? ErrorCode::Cancelled : made.error().code;
    }
    std::vector<Rule> list(std::string_view after = "", std::size_t limit = 100) {
        return must(database_->read(
            [&](db::Snapshot& snapshot) { return Rules::list(snapshot, after, limit); }));
    }
};

TEST_F(RuleRowsTest, KeepsWhatWasWritten) {
    auto draft = to_queue("b", "Image Set Created", "index");
    draft.targets.push_back({TargetKind::Webhook, "https://example.org/hook?x=1"});
    draft.is_enabled = false;
    create(draft);
    create(to_queue("a", "x", "q"));

    const auto rules = list();
    ASSERT_EQ(rules.size(), 2U);
    EXPECT_EQ(rules[0].name, "a");
    EXPECT_EQ(rules[1].pattern, draft.pattern);
    EXPECT_EQ(rules[1].targets, draft.targets);
    EXPECT_FALSE(rules[1].is_enabled);
    EXPECT_EQ(rules[1].updated, clock_.now());
    ASSERT_EQ(list("a").size(), 1U);
    EXPECT_EQ(list("", 1).size(), 1U);
}

TEST_F(RuleRowsTest, RefusesTheChangeOfAVersionThatIsNoMore) {
    const Rule first = create(to_queue("a", "x", "q"));
    EXPECT_EQ(code_of_create(to_queue("a", "y", "q")), ErrorCode::Conflict);
    const Rule second = must(try_update(to_queue("a", "y", "q"), first.version));
    EXPECT_GT(second.version, first.version);
    EXPECT_EQ(try_update(to_queue("a", "z", "q"), first.version).error().code,
              ErrorCode::Conflict);
    EXPECT_EQ(try_remove("a", first.version).error().code, ErrorCode::Conflict);
    EXPECT_EQ(list().at(0).pattern, R"({"detail-type": ["y"]})");

    must(try_remove("a", second.version));
    EXPECT_EQ(try_remove("a").error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_update(to_queue("a", "z", "q"), second.version).error().code,
              ErrorCode::NotFound);
    // Made anew it is another one.
    EXPECT_GT(create(to_queue("a", "x", "q")).version, second.version);
}

TEST_F(RuleRowsTest, RefusesWhatItCouldNotRoute) {
    auto bad = to_queue("a", "x", "q");
    bad.pattern = R"({"detail": {"state": [{"pre": "x"}]}})";
    EXPECT_EQ(code_of_create(bad), ErrorCode::InvalidInput);
    for (const auto* name : {"", "a b", "a/b", "\xc3\xa4"}) {
        EXPECT_EQ(code_of_create(to_queue(name, "x", "q")), ErrorCode::InvalidInput) << name;
        EXPECT_EQ(code_of_create(to_queue("a", "x", name)), ErrorCode::InvalidInput) << name;
    }
    for (const auto* url : {"", "ftp://host/", "https://", "https://me:secret@host/", "/hook",
                            "http://host/#top", "http://host/ x"}) {
        auto hook = to_queue("a", "x", "q");
        hook.targets = {{TargetKind::Webhook, url}};
        EXPECT_EQ(code_of_create(hook), ErrorCode::InvalidInput) << url;
    }
    auto none = to_queue("a", "x", "q");
    none.targets.clear();
    EXPECT_EQ(code_of_create(none), ErrorCode::InvalidInput);
    EXPECT_TRUE(list().empty());
}

TEST_F(RuleRowsTest, BoundsWhatAllRulesMakeTogether) {
    // Each is multiplied out to 1,000 alternatives, the limit of one; 65 of them are the limit
    // of all.
    std::string many = R"({"$or": [)";
    for (int i = 0; i < 1000; ++i) {
        many += (i > 0 ? "," : "") + (R"({"a":[)" + std::to_string(i) + "]}");
    }
    many += "]}";
    write([&](db::Transaction& tx) -> Result<void> {
        for (int i = 0; i < 65; ++i) {
            auto draft = to_queue("r" + std::to_string(i), "x", "q");
            draft.pattern = many;
            TRY_VOID(rules_.create(tx, draft));
        }
        return {};
    });
    auto draft = to_queue("one-more", "x", "q");
    draft.pattern = many;
    EXPECT_EQ(code_of_create(draft), ErrorCode::LimitExceeded);
    create(to_queue("a-small-one", "x", "q"));
    EXPECT_EQ(publish("x").sequence, 1);
    EXPECT_EQ(sent(), std::vector<std::string>{"q:a-small-one:1"});
}

}  // namespace
}  // namespace larmor::events
