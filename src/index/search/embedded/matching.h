#pragma once
#include <span>

#include "index/search/embedded/clause.h"

namespace larmor::index::search::embedded {

/// How rows are found.
enum class Way : std::uint8_t {
    ByConditions,  ///< by what is asked of them
    // Where many match each is looked at:
    InOrder,     ///< by walking along an index
    Scan,        ///< row by row, for an order without an index
    AlongKinds,  ///< by walking along an index of kinds of instances
};

/// What a query asks of rows: `FROM ... WHERE ...` with the names `studies t`, `image_sets s`,
/// `instance_kinds k`, `instances i`.
class Matching {
public:
    explicit Matching(const Query& query);

    /// Rows of studies say everything that is asked.
    bool is_of_studies() const { return is_of_studies_; }
    /// Instances have to meet conditions ...
    bool asks_instances() const { return asks_instances_; }
    /// ... in which instances of a kind differ.
    bool asks_each_instance() const { return asks_each_instance_; }
    bool has_words() const { return !words_.empty(); }
    /// Every image set matches as far as it goes.
    bool asks_nothing_of_sets() const { return asks_nothing_of_sets_; }
    /// Each statement makes a list of what matches before it gives a row.
    bool makes_lists() const;
    /// Only instances have to meet conditions, which many kinds of them do.
    bool asks_what_many_kinds_have() const;

    /// So few kinds of instances meet the conditions that they are looked at first.
    void look_at_kinds_first() { kinds_first_ = true; }

    void append_studies(Clause& clause, Way way) const;
    /// Studies that have an image set that matches, each once: where image sets are asked for
    /// nothing but their instances.
    void append_studies_with_set(Clause& clause) const;
    /// Image sets that match as a whole.
    void append_sets(Clause& clause, Way way) const;
    /// Each kind of instances that may match, with its image set.
    void append_kinds(Clause& clause, Way way) const;
    /// The same along an index of kinds, without the image set where it is asked for nothing.
    void append_kinds_alone(Clause& clause) const;
    /// Each instance that matches, with its image set.
    void append_instances(Clause& clause, Way way) const;
    /// ` WHERE ...` of image sets, behind a FROM that has them.
    void append_where_sets(Clause& clause, Way way) const;
    /// The same without the words.
    void append_where_sets_but_words(Clause& clause, Way way) const;

private:
    void append_where_shown(Clause& clause, Way way) const;
    void append_words(Clause& clause) const;
    void append_has_instance(Clause& clause) const;
    void append_has_kind(Clause& clause) const;

    const Query& query_;
    const std::string words_;
    const bool asks_instances_;
    const bool asks_kinds_;
    const bool asks_each_instance_;
    const bool is_of_studies_;
    const bool asks_nothing_of_sets_;
    bool kinds_first_ = false;
};

/// `[1,2]`, for json_each.
std::string id_list(std::span<const std::int64_t> ids);

}  // namespace larmor::index::search::embedded
