#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

class TagsOfImageSets : public CatalogTest {
protected:
    Result<void> put(const std::string& id, const Tags& tags) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->put_tags(tx, id, tags); });
    }
    Result<void> remove(const std::string& id, const std::vector<std::string>& keys) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->remove_tags(tx, id, keys); });
    }
    Tags tags(const std::string& id) {
        return read([&](db::Snapshot& s) { return catalog_->list_tags(s, id); });
    }
};

TEST_P(TagsOfImageSets, AreAddedReplacedAndRemovedWithoutAVersion) {
    insert(record());
    const std::string id = series().image_set.id;
    must(put(id, {{"ward", "3"}, {"trial", "x"}}));
    must(put(id, {{"ward", "4"}}));
    EXPECT_EQ(tags(id), (Tags{{"trial", "x"}, {"ward", "4"}}));
    must(remove(id, {"trial", "never"}));
    EXPECT_EQ(tags(id), (Tags{{"ward", "4"}}));
    EXPECT_EQ(series().image_set.latest_version, 1);
}

// For those who keep a copy of them: what no version tells.
TEST_P(TagsOfImageSets, AreToldOfWithoutTheirWords) {
    insert(record());
    const std::string id = series().image_set.id;
    const auto before = all_events().size();
    must(put(id, {{"ward", "Doe"}}));
    must(remove(id, {"ward"}));
    must(put("", {{"site", "north"}}));
    const auto events = all_events();
    ASSERT_EQ(events.size(), before + 2);
    for (auto event = events.begin() + static_cast<std::ptrdiff_t>(before);
         event != events.end(); ++event) {
        EXPECT_EQ(event->detail_type, "Tag Change on Resource");
        EXPECT_EQ(event->source, "aws.tag");
        EXPECT_EQ(event->subject_id, id);
        EXPECT_EQ(event->detail, R"({"service":"medical-imaging","resource-type":"imageset",)"
                                 R"("datastoreId":")" +
                                     catalog_->datastore_id() + R"(","imageSetId":")" + id +
                                     "\"}");
    }
}

TEST_P(TagsOfImageSets, OfTheDatastoreAreItsOwn) {
    insert(record());
    must(put("", {{"site", "north"}}));
    EXPECT_EQ(tags(""), (Tags{{"site", "north"}}));
    EXPECT_TRUE(tags(series().image_set.id).empty());
}

TEST_P(TagsOfImageSets, AreNoMoreThanFifty) {
    insert(record());
    const std::string id = series().image_set.id;
    Tags fifty;
    for (int i = 0; i < 50; ++i) fifty.emplace("k" + std::to_string(i), "v");
    must(put(id, fifty));
    const auto more = put(id, {{"one more", "v"}});
    ASSERT_FALSE(more);
    EXPECT_EQ(more.error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(tags(id), fifty);
}

TEST_P(TagsOfImageSets, OfWhatThereIsNotAreRefused) {
    const auto refused = put("0123456789abcdef0123456789abcdef", {{"a", "b"}});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
}

LARMOR_EACH_DRIVER(TagsOfImageSets);

}  // namespace
}  // namespace larmor::catalog
