// Queries made of random parts over a library that is larger than what the embedded index
// lists, beside a search that looks at everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <random>
#include <thread>

#include "dicom/tags.h"
#include "index/search/embedded/embedded_index.h"
#include "index/search/embedded/found.h"
#include "index/search/embedded/spans.h"
#include "index/search/opensearch/opensearch_index.h"
#include "index/search/tests/folder.h"
#include "index/search/tests/given.h"
#include "index/search/tests/plain_search.h"
#include "index/search/tests/stand_in.h"
#include "index/search/words.h"

namespace larmor::index::search {
namespace {

namespace tags = dicom::tags;
using testing::document_of;
using testing::Given;

constexpr int kStudies = 620;
constexpr int kSetsOfStudy = 4;
static_assert(kStudies > embedded::kListedStudiesMax);
static_assert(kStudies * kSetsOfStudy > embedded::kListedSetsMax);

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    int below(int end) { return static_cast<int>(engine_() % static_cast<unsigned>(end)); }
    bool one_in(int many) { return below(many) == 0; }
    template <typename List>
    auto of(const List& list) {
        return list[static_cast<std::size_t>(below(static_cast<int>(std::size(list))))];
    }

private:
    std::mt19937 engine_;
};

constexpr const char* kModalities[] = {"CT", "CT", "CT", "MR", "US"};
constexpr const char* kProtocols[] = {"routine", "contrast", "low dose"};
constexpr const char* kClasses[] = {"1.2.840.10008.5.1.4.1.1.2", "1.2.840.10008.5.1.4.1.1.4"};

void put(const Wanted& wanted, Level level, Values& values, dicom::Tag tag,
         std::optional<std::string> value) {
    const auto& kept = wanted.at(level);
    values.at(static_cast<std::size_t>(std::ranges::find(kept, tag) - kept.begin())) =
        std::move(value);
}

ImageSetDocument make_set(int number) {
    const int study = number / kSetsOfStudy;
    Random of_study(1000U + static_cast<unsigned>(study));
    Random random(100'000U + static_cast<unsigned>(number));
    Given given;
    given.id = std::to_string(1'000'000 + number) + std::string(25, 'a');
    given.sequence = number + 1;
    given.patient_id = "P" + std::to_string(study / 2);
    const bool is_ascii = !of_study.one_in(50);
    given.patient_name = (is_ascii ? "Name" : "山田") + std::to_string(of_study.below(50)) +
                         (is_ascii ? "^Anna" : "^Ann");
    given.study = "1.2." + std::to_string(study);
    given.study_date = of_study.one_in(9) ? "" : "2020010" + std::to_string(of_study.below(9));
    given.study_description = of_study.one_in(5) ? "Chest" : "Head";
    given.series = given.study + '.' + std::to_string(number % kSetsOfStudy);
    given.modality = number == 17 ? "XA" : random.of(kModalities);
    given.series_number = random.one_in(5) ? "" : std::to_string(random.below(30));
    given.protocol = random.of(kProtocols);
    given.instances.clear();
    for (int i = 1; i <= 1 + random.below(4); ++i) {
        given.instances.push_back(given.series + '.' + std::to_string(i));
    }
    auto document = document_of(given);
    put(document.wanted, Level::Patient, document.patient, tags::PatientSex,
        of_study.one_in(2) ? "F" : "M");
    for (auto& instance : document.instances) {
        auto& values = instance.values;
        put(document.wanted, Level::Instance, values, tags::SOPClassUID, random.of(kClasses));
        put(document.wanted, Level::Instance, values, tags::Rows,
            random.one_in(8) ? "64" : "512");
        if (random.one_in(4)) {
            put(document.wanted, Level::Instance, values, tags::InstanceNumber, std::nullopt);
        } else {
            put(document.wanted, Level::Instance, values, tags::InstanceNumber,
                std::to_string(random.one_in(2) ? 0 : random.below(6)));
        }
    }
    return document;
}

class Queries {
public:
    Queries(unsigned seed, int offset_end) : random_(seed), offset_end_(offset_end) {}

    Query next() {
        Query query;
        query.level = random_.of(std::array{Level::Study, Level::Series, Level::Instance});
        if (random_.one_in(3)) {
            query.words = words_of(random_.of(
                std::array{"chest", "a", "ame1", "name anna", "head routine", "nobody"}));
        }
        const int filters = random_.below(3);
        for (int i = 0; i < filters; ++i) query.filters.push_back(filter());
        if (random_.one_in(3)) query.ranges.push_back(range());
        add_sorts(query);
        add_facets(query);
        query.limit = static_cast<std::size_t>(random_.below(30));
        query.offset =
            random_.one_in(2) ? 0 : static_cast<std::size_t>(random_.below(offset_end_));
        query.total_up_to = random_.of(std::array<std::size_t, 4>{1, 100, 1000, 100'000});
        return query;
    }

private:
    static const Field* field(dicom::Tag tag) { return &known_field(tag); }

    Filter filter() {
        switch (random_.below(10)) {
            case 0:
                return {field(tags::Modality), {random_.of(std::array{"CT", "US", "XA"})}};
            case 1:
                return {field(tags::PatientID), {"P" + std::to_string(random_.below(400))}};
            case 2:
                return {field(tags::PatientSex), {"F"}};
            case 3:
                return {field(tags::ProtocolName), {random_.of(kProtocols)}};
            case 4:
                return {field(tags::PatientName),
                        words_of("me" + std::to_string(random_.below(9)))};
            case 5:
                return {field(tags::StudyInstanceUID),
                        {"1.2." + std::to_string(random_.below(700)), "1.2.3"}};
            case 6:
                return {field(tags::SOPClassUID), {random_.of(kClasses)}};
            case 7:
                return {field(tags::Rows), {random_.of(std::array{"64", "512", "7"})}};
            case 8:
                return {field(tags::InstanceNumber),
                        {std::to_string(random_.below(8)), std::to_string(random_.below(8))}};
            default:
                return {field(tags::SOPInstanceUID),
                        {"1.2." + std::to_string(random_.below(700)) + ".1.1", "1.2.3.1.1"}};
        }
    }
    Range range() {
        switch (random_.below(5)) {
            case 0:
                return {field(tags::StudyDate), "20200103", "20200104"};
            case 1:
                return {field(tags::StudyDate), "20200102", std::nullopt};
            case 2:
                return {field(tags::SeriesNumber), std::nullopt,
                        std::to_string(random_.below(30))};
            case 3:
                return {field(tags::InstanceNumber), "2", std::to_string(random_.below(8))};
            default:
                return {field(tags::Rows), std::nullopt,
                        random_.of(std::array{"64", "600", "1"})};
        }
    }
    void add_sorts(Query& query) {
        const int sorts = random_.below(3);
        for (int i = 0; i < sorts; ++i) {
            const Field& by = random_.of(fields());
            if (by.level <= query.level)
                query.sort.push_back({&known_field(by.tag), random_.one_in(2)});
        }
    }
    void add_facets(Query& query) {
        if (!random_.one_in(2)) return;
        for (const auto tag : {tags::Modality, tags::PatientSex, tags::ProtocolName,
                               tags::StudyDescription, tags::SOPClassUID}) {
            if (tag == tags::SOPClassUID && query.level != Level::Instance) continue;
            if (random_.one_in(2)) query.facets.emplace_back(field(tag), 2);
        }
    }
    Random random_;
    const int offset_end_;
};

std::vector<std::string> values_of(const Answer& answer) {
    std::vector<std::string> lines;
    for (const Hit& hit : answer.hits) {
        std::string& line = lines.emplace_back();
        for (const auto& [field, value] : hit.values) line += value + '|';
    }
    for (const auto& facet : answer.facets) {
        for (const auto& [value, count] : facet) {
            lines.push_back(value + ' ' + std::to_string(count));
        }
    }
    return lines;
}

void apply_all(SearchIndex& index, const std::vector<ImageSetDocument>& documents) {
    std::atomic<std::size_t> next = 0;
    std::atomic<int> failed = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
        threads.emplace_back([&] {
            for (auto at = next++; at < documents.size(); at = next++) {
                if (!index.apply(documents[at])) ++failed;
            }
        });
    }
    threads.clear();
    ASSERT_EQ(failed, 0);
}

/// How many image sets have an instance with the value.
int count_sets(const std::vector<ImageSetDocument>& documents, dicom::Tag tag,
               const std::string& value) {
    return static_cast<int>(std::ranges::count_if(documents, [&](const auto& document) {
        const auto& kept = document.wanted.at(Level::Instance);
        const auto at = static_cast<std::size_t>(std::ranges::find(kept, tag) - kept.begin());
        return std::ranges::any_of(document.instances, [&](const auto& instance) {
            return instance.values.at(at) == value;
        });
    }));
}

void expect_same_answer(SearchIndex& index, const testing::PlainSearch& plain,
                        const Query& query, const std::string& name) {
    const auto answer = index.search(query);
    ASSERT_TRUE(answer) << name << ": " << answer.error().message;
    const Answer expected = plain.search(query);
    EXPECT_EQ(answer->total, expected.total) << name;
    EXPECT_EQ(answer->total_is_exact, expected.total_is_exact) << name;
    EXPECT_EQ(values_of(*answer), values_of(expected)) << name;
}

/// Of 250 queries, with a page that may begin up to `offset_end`.
void expect_same_answers(SearchIndex& index, const testing::PlainSearch& plain,
                         int offset_end) {
    for (unsigned seed = 0; seed < 250; ++seed) {
        expect_same_answer(index, plain, Queries(seed, offset_end).next(),
                           "seed " + std::to_string(seed));
    }
}

}  // namespace

/// One library, and what looks at everything in it.
class SearchRandomQuery : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        shared_ = std::make_unique<Shared>();
        auto index = embedded::open_embedded_index(shared_->folder.path() / "search.sqlite");
        ASSERT_TRUE(index) << index.error().message;
        shared_->index = *std::move(index);
        for (int i = 0; i < kStudies * kSetsOfStudy; ++i) {
            shared_->documents.push_back(make_set(i));
            shared_->plain.add(shared_->documents.back());
        }
        apply_all(*shared_->index, shared_->documents);
    }
    static void TearDownTestSuite() { shared_.reset(); }

    static void expect_same(const Query& query, const std::string& name) {
        expect_same_answer(*shared_->index, shared_->plain, query, name);
    }
    /// Pages from the beginning, to the end and from far behind.
    static void expect_same_pages(Query query, Random& random, const std::string& name) {
        query.limit = kWindowMax;
        const auto all = values_of(shared_->plain.search(query));
        const auto end = static_cast<int>(all.size());
        ASSERT_GT(end, 0) << name;
        for (const int offset : {0, random.below(end), random.below(end), end - 3, end}) {
            query.offset = static_cast<std::size_t>(std::max(0, offset));
            query.limit = 1 + static_cast<std::size_t>(random.below(30));
            const auto answer = shared_->index->search(query);
            ASSERT_TRUE(answer) << name << ": " << answer.error().message;
            const auto first = all.begin() + std::min(static_cast<int>(query.offset), end);
            const auto size = std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(query.limit),
                                                       all.end() - first);
            ASSERT_EQ(values_of(*answer), std::vector(first, first + size))
                << name << " from " << query.offset;
        }
    }

    struct Shared {
        const testing::Folder folder;
        std::unique_ptr<SearchIndex> index;
        testing::PlainSearch plain;
        std::vector<ImageSetDocument> documents;
    };
    static inline std::unique_ptr<Shared> shared_;
};

TEST_F(SearchRandomQuery, IsAnsweredByTheEmbeddedIndexAsByLookingAtEverything) {
    expect_same_answers(*shared_->index, shared_->plain, 3000);
}

TEST_F(SearchRandomQuery, IsAnsweredTheSameWhereMostHaveItsWordsAndWhereManyHave) {
    Random random(11);
    for (const Level level : {Level::Study, Level::Series}) {
        for (const std::string text :
             {"anna", "ann", "name", "head", "a", "山田", "head ann"}) {
            Query query{.level = level,
                        .words = words_of(text),
                        .filters = {},
                        .ranges = {},
                        .facets = {},
                        .sort = {}};
            expect_same(query, text);
            query.filters.push_back({&known_field(tags::Modality), {"CT"}});
            query.offset = static_cast<std::size_t>(random.below(60));
            expect_same(query, text + " of CT");
            query.filters = {{&known_field(tags::PatientName), {"ann"}}};
            query.sort = {{&known_field(tags::StudyDate), true}};
            expect_same(query, text + " of Ann");
        }
    }
}

TEST_F(SearchRandomQuery, HasMoreOfOneValueThanIsSortedAndLessOfAnother) {
    const auto sets_with = [](dicom::Tag tag, const std::string& value) {
        return count_sets(shared_->documents, tag, value);
    };
    EXPECT_GT(sets_with(tags::Rows, "512"), embedded::kSortedKindsMax);
    EXPECT_LT(sets_with(tags::Rows, "64"), embedded::kSortedKindsMax);
    EXPECT_GT(sets_with(tags::InstanceNumber, "0"), embedded::kSortedKindsMax);
    EXPECT_LT(sets_with(tags::InstanceNumber, "5"), embedded::kSortedKindsMax);
}

TEST_F(SearchRandomQuery, IsSortedByEachAttributeInBothDirections) {
    Random random(7);
    const std::vector<Filter> filters = {
        {&known_field(tags::Modality), {"CT"}},
        {&known_field(tags::PatientSex), {"F"}},
        {&known_field(tags::Rows), {"512"}},
        {&known_field(tags::Rows), {"64"}},
        {&known_field(tags::SOPClassUID), {kClasses[0]}},
        {&known_field(tags::InstanceNumber), {"0"}},
    };
    for (const Level level : {Level::Series, Level::Instance}) {
        for (const Field& field : fields()) {
            if (field.level > level) continue;
            for (const bool is_descending : {false, true}) {
                Query query{.level = level,
                            .words = {},
                            .filters = {},
                            .ranges = {},
                            .facets = {},
                            .sort = {{&field, is_descending}}};
                if (random.one_in(2)) query.filters.push_back(random.of(filters));
                expect_same_pages(query, random,
                                  std::string(name_of(level)) + " by " +
                                      std::string(field.keyword) +
                                      (is_descending ? " descending" : "") +
                                      (query.filters.empty() ? "" : ", filtered"));
            }
        }
    }
}

// Fewer, but more than are read at a time.
TEST(OpenSearchRandomQuery, IsAnsweredAsByLookingAtEverything) {
    const auto stand_in = testing::StandIn::start();
    if (!stand_in) GTEST_SKIP() << "OpenSearch's API description is not installed";
    const auto index = opensearch::make_opensearch_index(stand_in->address());
    constexpr int kFewStudies = 60;
    testing::PlainSearch plain;
    std::vector<ImageSetDocument> documents;
    for (int i = 0; i < kFewStudies * kSetsOfStudy; ++i) {
        documents.push_back(make_set(i));
        plain.add(documents.back());
    }
    apply_all(*index, documents);
    stand_in->refresh("larmor-search");
    expect_same_answers(*index, plain, 500);
}

TEST(SearchFacets, OfMuchAreThoseAfterTheLastChange) {
    const testing::Folder folder;
    const auto index = embedded::open_embedded_index(folder.path() / "search.sqlite");
    ASSERT_TRUE(index) << index.error().message;
    std::vector<ImageSetDocument> documents;
    for (int i = 0; i < (kStudies - 1) * kSetsOfStudy; ++i) documents.push_back(make_set(i));
    apply_all(**index, documents);
    Query query;
    query.level = Level::Series;
    query.limit = 0;
    query.facets.emplace_back(&known_field(tags::PatientSex), 5);
    const auto count = [&] {
        std::int64_t sum = 0;
        const auto answer = (*index)->search(query);
        for (const auto& value : answer->facets.at(0)) sum += value.count;
        return sum;
    };
    const auto before = static_cast<std::int64_t>(documents.size());
    EXPECT_EQ(count(), before);
    EXPECT_EQ(count(), before);
    ASSERT_TRUE((*index)->apply(make_set((kStudies - 1) * kSetsOfStudy)));
    EXPECT_EQ(count(), before + 1);
}

}  // namespace larmor::index::search
