#pragma once
#include <string>
#include <vector>

#include "pixels/render.h"

namespace larmor::pixels {

/// Lines of UTF-8 text for a picture.
struct Annotation {
    std::vector<std::string> top;     ///< from the upper left corner down
    std::vector<std::string> bottom;  ///< up to the lower left corner
    bool empty() const { return top.empty() && bottom.empty(); }
};

/// Whether the font is there: a file of the system, not of ours.
bool can_annotate();

/// Draws the lines into the picture, white with a black edge so that they can be read on
/// anything; the letters are as large as the picture allows, from 8 pixels up, and what does
/// not fit even so is cut off at the right. A character that the font does not have is a box.
/// Errors: Unsupported without the font.
Result<void> burn_in(Picture& picture, const Annotation& annotation);

}  // namespace larmor::pixels
