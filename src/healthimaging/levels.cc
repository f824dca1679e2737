#include "healthimaging/levels.h"

#include "dicom/tags.h"
#include "edits/modules.h"

namespace larmor::healthimaging {

Level level_of(dicom::Tag tag) {
    switch (edits::module_of(tag)) {
        case edits::Module::Patient:
            return Level::Patient;
        case edits::Module::Study:
            return Level::Study;
        case edits::Module::Series:
            return Level::Series;
        case edits::Module::None:
            break;
    }
    // General Equipment has it, but each image may have its own: edits leave it to the
    // instance.
    return tag == dicom::tags::PixelPaddingValue ? Level::Series : Level::Instance;
}

}  // namespace larmor::healthimaging
