#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::reassembly::fuse {

/// What a member's extension says that it holds.
enum class MemberKind : std::uint8_t {
    Metadata,    ///< .json, .json.gz
    Raw,         ///< .raw, .bin: native pixel data
    Codestream,  ///< .jpg, .jls, .jp2, .j2k, .jph, ...: which one its first bytes say
    Rle,         ///< .rle
    Png,
    Tiff,
    Dicom,    ///< .dcm: a DICOM file that holds only pixel data
    Unknown,  ///< no extension that we know: the first bytes decide
};

/// Whose half a member is.
struct MemberName {
    std::string sop_instance_uid;
    std::optional<std::uint32_t> frame;  ///< as numbered by the name, from 0 or from 1
    MemberKind kind = MemberKind::Unknown;
    friend bool operator==(const MemberName&, const MemberName&) = default;
};

/// Tells SOP Instance UIDs from the paths of archive members:
/// `<path>/<uid>.json`, `<path>/<uid>.<ext>`, frames `<path>/<uid>/<n>.<ext>` and
/// `<path>/<uid>_<n>.<ext>`. Only extensions that are known are taken off, in either case of
/// letters: `1.2.3.1.jpg` is 1.2.3.1 and `1.2.3.1` is itself. A name of digits only is a frame
/// where its folder is a UID with a dot. UIDs are `[0-9.]{1,64}`, neither `.` nor `..`.
/// Safe from any thread.
class MemberNames {
public:
    MemberNames();
    /// Names of another form: a regular expression (ICU's) that must match the whole path, with
    /// the group `(?<uid>...)` and, if wished, `(?<frame>...)` and `(?<ext>...)`. Without the
    /// group `ext` the extension is that of the path.
    /// Errors: InvalidInput with the place of what is wrong in the expression.
    static Result<MemberNames> with_pattern(std::string_view pattern);
    ~MemberNames();
    MemberNames(MemberNames&&) noexcept;
    MemberNames& operator=(MemberNames&&) noexcept;

    /// Nothing for a path that names no UID. A path of more than 4 KiB, and one over which the
    /// expression takes too long, name none.
    std::optional<MemberName> read(std::string_view path) const;

private:
    struct Pattern;
    std::shared_ptr<const Pattern> pattern_;
};

}  // namespace larmor::reassembly::fuse
