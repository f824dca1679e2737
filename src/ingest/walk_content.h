#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "archive/archive.h"
#include "ingest/walk.h"

namespace larmor::ingest {

/// True for what is no instance but says where some are.
bool is_dicomdir_name(const std::filesystem::path& path);

/// What a walk does with one file or object after the other: an instance, or an archive of
/// instances and archives. Knows how far the walk has come.
class ContentWalker {
public:
    ContentWalker(WalkVisitor& visitor, const WalkPosition& from)
        : visitor_(visitor), from_(from), position_(from) {}

    void begin_path(std::size_t index);
    /// Opens what was found to be an archive, from its start; gets the bytes once more.
    using OpenArchive = std::function<Result<std::unique_ptr<archive::Reader>>(
        std::unique_ptr<archive::Source> content)>;
    /// Everything in `content`, but for members that were passed before. What can't be read is
    /// refused; an error is what the visitor said, and ends the walk.
    Result<void> walk(const std::string& name, std::optional<std::uint64_t> size_bytes,
                      archive::Source& content, const OpenArchive& open);
    /// It is behind us, with its bytes.
    void passed(const std::string& name, std::uint64_t bytes);
    void refuse(const std::string& name, const Error& error);

private:
    Result<void> members(const std::string& name, archive::Reader& reader, unsigned depth);
    Result<void> one_member(const std::string& name, std::optional<std::uint64_t> size,
                            archive::Reader& reader, unsigned depth);
    bool is_left_out();
    void member_passed();
    /// One that can't be read, or the archive from there on: an earlier walk may have counted
    /// it, or have read what can't be read now.
    void refuse_unread(const std::string& name, const Error& error);
    void refuse_member(const std::string& name, const Error& error);

    WalkVisitor& visitor_;
    const WalkPosition from_;
    WalkPosition position_;
    std::uint64_t members_left_out_ = 0;
};

}  // namespace larmor::ingest
