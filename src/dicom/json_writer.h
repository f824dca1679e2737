#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dicom/charset.h"
#include "dicom/json_out.h"
#include "dicom/json_values.h"
#include "dicom/json_write.h"
#include "dicom/reader.h"

namespace larmor::dicom {

/// (gggg,00bb), which says whose the elements (gggg,bbxx) are.
struct PrivateCreator {
    Tag tag;
    std::string_view name;
    std::optional<int> id;  ///< of the dictionary, once it was asked for
};

/// The data set or one item that is being written.
struct JsonLevel {
    Tag last;
    CharacterSet character_set;
    bool has_character_set = false;  ///< (0008,0005) with a value stands here
    bool beyond_ascii = false;       ///< text that needs one was written here
    /// Where (0008,0005) belongs if it turns out to be needed, and how much to replace there.
    std::optional<std::size_t> character_set_at;
    std::size_t character_set_size = 0;
    std::size_t begin = 0;         ///< behind the `{`
    std::size_t first_member = 0;  ///< in the list of members
    bool is_signed = false;        ///< Pixel Representation, inherited
    std::vector<PrivateCreator> creators;
};

/// Where the member of an object begins: kept only for data sets that must be sorted.
struct JsonMember {
    Tag tag;
    std::size_t begin = 0;
};

enum class MemberOrder : bool { AsStored, Sort };
enum class WriteOutcome : bool { Written, NotSorted };

/// One way through a data set, for write_json: tokens in, JSON out. The objects of JSON
/// (levels) are in json_level.cc, data elements in json_write.cc.
class JsonWriter {
public:
    JsonWriter(JsonOut& out, Bytes data_set, Encoding encoding, const JsonWriteOptions& options,
               MemberOrder order)
        : out_(out),
          options_(options),
          data_set_(data_set),
          reader_(data_set, encoding, {.depth_max = options.depth_max}),
          order_(order) {
        levels_.reserve(16);
    }

    /// With MemberOrder::AsStored stops where a tag is not higher than the one before.
    Result<WriteOutcome> write();

private:
    void open_level(CharacterSet character_set);
    void look_ahead(Reader ahead);
    void close_level();
    void add_character_set(const JsonLevel& level);
    void sort_members(const JsonLevel& level);
    bool start_member(Tag tag, Vr vr);
    void end_member();

    Result<void> put(const Token& token);
    Result<void> start_sequence(Tag tag);
    void end_sequence();
    Result<void> put_element(const Token& token);
    Result<void> put_unknown(const Token& token);
    Result<bool> put_unknown_sequence(const Token& token);
    void put_value(const Token& token, Vr vr, ByteOrder order);
    Vr known_vr(const Token& token);
    void put_character_set(const Token& token);
    void put_text(const Token& token, Vr vr, TextRules rules, CharacterSet character_set);
    void put_name(const Token& token, CharacterSet character_set);
    void put_character_text(const Token& token, Vr vr);
    std::string_view decoded(std::string_view text, Vr vr, CharacterSet character_set);
    void put_binary(const Token& token, Vr vr, ByteOrder order);
    void put_uri(const Token& token, Vr vr, Bytes value, bool encapsulated);
    Result<void> put_fragments(const Token& start);

    JsonOut& out_;
    const JsonWriteOptions& options_;
    Bytes data_set_;
    Reader reader_;
    std::size_t offset_shift_ = 0;  ///< from `data_set_` to that of the caller
    MemberOrder order_;
    bool not_sorted_ = false;
    std::vector<JsonLevel> levels_;
    std::vector<ItemStep> path_;
    std::vector<JsonMember> members_;  ///< of all open levels
    std::string scratch_;
};

}  // namespace larmor::dicom
