#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "api/search_query.h"
#include "catalog/query.h"

namespace larmor::api {

/// Which resource is searched: says what of the levels above is in the answer.
struct SearchScope {
    catalog::Level level = catalog::Level::Study;
    bool within_study = false;   ///< /studies/{study}/...
    bool within_series = false;  ///< /studies/{study}/series/{series}/instances
};

/// Writes results of a search as DICOM JSON, tags in order: the attributes of PS3.18 tables
/// 10.6.3-3 to -5 (empty ones too), those of the levels above where the path does not fix them,
/// the UIDs of all levels, and what was matched or included.
class SearchJson {
public:
    /// `base` is the URL of the DICOMweb root.
    SearchJson(const SearchScope& scope, const SearchRequest& request, std::string base);
    ~SearchJson();

    /// `fields` ascend by tag; what the catalog knows comes before them.
    using Fields = std::vector<SelectedField>;
    void add(const catalog::StoredStudy& study, const Fields& fields = {});
    void add(const catalog::SeriesHit& hit, const Fields& fields = {});
    void add(const catalog::InstanceHit& hit, const Fields& fields = {});

    std::size_t size() const { return out_.size(); }

    /// The whole array. Once.
    std::string take();

private:
    struct Row;
    struct Column;
    void add_row(const Row& row, const Fields& fields);
    bool append_column(const Row& row, const Column& column);

    SearchScope scope_;
    std::string base_;
    std::vector<Column> columns_;  ///< by tag
    std::string out_ = "[";
};

}  // namespace larmor::api
