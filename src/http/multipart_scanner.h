#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "http/multipart.h"

namespace larmor::http {

/// The one reader of the multipart format: looks at a window of the body and says what is at
/// its front. Both the reader of a body in memory (whose window is all of it) and the one of a
/// stream drive it. Internal to http.
class MultipartScanner {
public:
    enum class Kind : std::uint8_t {
        NeedMore,    ///< nothing can be said before more bytes are there
        PartBegins,  ///< `headers` are those of a part
        Data,        ///< the first `consumed` bytes of the window belong to the part
        PartEnds,
        End,  ///< the closing boundary; what follows is an epilogue that nobody reads
    };
    struct Event {
        Kind kind = Kind::NeedMore;
        std::size_t consumed = 0;  ///< bytes at the front of the window that are done with
        Headers headers = {};
    };
    enum class Window : bool { MayGrow, IsTheRest };

    MultipartScanner(std::string_view boundary, const MultipartLimits& limits);

    /// Call again with what is left of the window after `consumed`, and more bytes if asked.
    Result<Event> next(Bytes window, Window kind);
    /// Of the window's front, from the start of the body.
    std::uint64_t offset() const { return offset_; }
    /// The least window in which every event fits.
    std::size_t window_bytes_min() const;

private:
    enum class State : std::uint8_t { Preamble, Boundary, Head, Data, End };
    /// One step in one state; nothing when it only went on to another state.
    struct Step {
        std::optional<Kind> kind;
        std::size_t consumed = 0;
        Headers headers = {};
    };
    Result<Step> preamble(std::string_view text, bool rest);
    Result<Step> boundary_line(std::string_view text, bool rest);
    Result<Step> head(std::string_view text, bool rest);
    Result<Step> data(std::string_view text, bool rest);
    Result<Headers> parse_head(std::string_view text) const;

    std::string dash_boundary_;  ///< `--boundary`
    std::string delimiter_;      ///< a line end and `--boundary`, once the line end is known
    std::string_view newline_;
    MultipartLimits limits_;
    State state_ = State::Preamble;
    bool data_began_ = false;  ///< some data of this part was given
    bool in_part_ = false;
    std::size_t parts_ = 0;
    std::uint64_t offset_ = 0;
};

}  // namespace larmor::http
