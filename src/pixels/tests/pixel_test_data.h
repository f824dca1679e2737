#pragma once
// Instances and made-up data sets for the tests of this module.
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/tests/run_command.h"
#include "dicom/file.h"
#include "pixels/decode.h"

namespace larmor::pixels::test {

inline const std::filesystem::path kSharedFiles = LARMOR_SOURCE_DIR "/../shared/data/dicom";
inline const std::filesystem::path kPydicomFiles =
    "/usr/lib/python3/dist-packages/pydicom/data/test_files";

inline constexpr dicom::Tag kPixelData{0x7fe0, 0x0010};

inline bool has_shared_files() {
    static const bool has = std::filesystem::exists(kSharedFiles);
    static const bool told =
        !has && (std::cerr << "no " << kSharedFiles << ": only the files of python3-pydicom\n");
    (void)told;
    return has;
}

/// Every file that may be DICOM in the project's data, else those of python3-pydicom.
inline std::vector<std::filesystem::path> dicom_files() {
    std::vector<std::filesystem::path> files;
    const auto root = has_shared_files() ? kSharedFiles : kPydicomFiles;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const auto extension = entry.path().extension();
        const bool other = extension == ".tsv" || extension == ".md" || extension == ".j2c" ||
                           extension == ".txt" || extension == ".json" || extension == ".gz" ||
                           extension == ".dump" || entry.path().filename() == "README";
        if (entry.is_regular_file() && !other) files.push_back(entry.path());
    }
    std::ranges::sort(files);
    return files;
}

/// A file with all that this module makes of it on the way to its pixels.
struct Instance {
    MappedFile mapped;
    ByteBuffer bytes;  ///< for made-up ones
    dicom::File file;
    ImageDescription image;
    FrameIndex index;

    Result<Frame> decode(std::uint32_t frame) const {
        return decode_frame(file, image, index.view(), frame);
    }
};

inline Result<Instance> open_bytes(Instance instance, Bytes bytes) {
    TRY(instance.file, dicom::open_file(bytes));
    TRY(auto image, describe_image(instance.file));
    if (!image) return fail(ErrorCode::NotFound, "no image");
    instance.image = *std::move(image);
    TRY(instance.index, build_frame_index(instance.file, instance.image));
    return instance;
}
inline Result<Instance> open_instance(const std::filesystem::path& path) {
    Instance instance;
    TRY(instance.mapped, MappedFile::open(path));
    const auto bytes = instance.mapped.bytes();
    return open_bytes(std::move(instance), bytes);
}
inline Result<Instance> open_instance(ByteBuffer bytes) {
    Instance instance;
    instance.bytes = std::move(bytes);
    const Bytes view = instance.bytes;
    return open_bytes(std::move(instance), view);
}

/// A folder that goes away with the test.
class TempFolder {
public:
    TempFolder() {
        auto name = (std::filesystem::temp_directory_path() / "larmor_pixels_XXXXXX").string();
        if (::mkdtemp(name.data()) == nullptr) std::abort();
        path_ = name;
    }
    ~TempFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

inline std::string shell_quoted(const std::filesystem::path& path) {
    return "'" + path.string() + "'";
}
/// Whether the command ended well; its output goes nowhere.
inline bool runs(const std::string& command) {
    return larmor::test::run_command(command + " >/dev/null 2>&1") == 0;
}

/// A data set in Explicit VR Little Endian, element by element, tags ascending.
class DataSetBuilder {
public:
    DataSetBuilder& add(dicom::Tag tag, const char* vr, std::string_view value) {
        header(tag, vr);
        const bool is_long = dicom::has_long_length(dicom::vr_of(vr[0], vr[1]));
        if (is_long) append<std::uint16_t>(0);
        const auto padded = value.size() + value.size() % 2;
        if (is_long) {
            append(static_cast<std::uint32_t>(padded));
        } else {
            append(static_cast<std::uint16_t>(padded));
        }
        append_bytes(as_bytes(value));
        if (value.size() % 2 != 0) {
            const bool binary = dicom::is_binary(dicom::vr_of(vr[0], vr[1]));
            bytes_.push_back(static_cast<std::byte>(binary ? '\0' : ' '));
        }
        return *this;
    }
    DataSetBuilder& add_us(dicom::Tag tag, std::initializer_list<std::uint16_t> values,
                           const char* vr = "US") {
        std::string text;
        for (const auto value : values) {
            text.push_back(static_cast<char>(value & 0xff));
            text.push_back(static_cast<char>(value >> 8));
        }
        return add(tag, vr, text);
    }
    /// Undefined length; items as made by item().
    DataSetBuilder& add_sequence(dicom::Tag tag, const std::vector<ByteBuffer>& items,
                                 const char* vr = "SQ") {
        header(tag, vr);
        append<std::uint16_t>(0);
        append<std::uint32_t>(0xffffffff);
        for (const auto& item : items) {
            append_tag({0xfffe, 0xe000});
            append(static_cast<std::uint32_t>(item.size()));
            append_bytes(item);
        }
        append_tag({0xfffe, 0xe0dd});
        append<std::uint32_t>(0);
        return *this;
    }
    const ByteBuffer& bytes() const { return bytes_; }

    /// With preamble and file meta information.
    ByteBuffer file(std::string_view transfer_syntax) const {
        DataSetBuilder meta;
        meta.add({0x0002, 0x0010}, "UI", transfer_syntax);
        // UI is padded with NUL.
        if (transfer_syntax.size() % 2 != 0) meta.bytes_.back() = std::byte{0};
        ByteBuffer out(128);
        for (const char c : {'D', 'I', 'C', 'M'}) out.push_back(static_cast<std::byte>(c));
        DataSetBuilder length;
        std::string count(4, '\0');
        store_little(reinterpret_cast<std::byte*>(count.data()),
                     static_cast<std::uint32_t>(meta.bytes_.size()));
        length.add({0x0002, 0x0000}, "UL", count);
        out.insert(out.end(), length.bytes_.begin(), length.bytes_.end());
        out.insert(out.end(), meta.bytes_.begin(), meta.bytes_.end());
        out.insert(out.end(), bytes_.begin(), bytes_.end());
        return out;
    }

private:
    template <typename T>
    void append(T value) {
        bytes_.resize(bytes_.size() + sizeof(T));
        store_little(bytes_.data() + bytes_.size() - sizeof(T), value);
    }
    void append_tag(dicom::Tag tag) {
        append(tag.group);
        append(tag.element);
    }
    void header(dicom::Tag tag, const char* vr) {
        append_tag(tag);
        append_bytes(as_bytes(std::string_view(vr, 2)));
    }
    void append_bytes(Bytes bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }

    ByteBuffer bytes_;
};

/// The Image Pixel module of a small image, without Pixel Data.
struct ImageAttributes {
    std::uint16_t rows = 2;
    std::uint16_t columns = 2;
    std::uint16_t samples = 1;
    std::string photometric = "MONOCHROME2";
    std::string frames = {};  ///< "": none
    std::uint16_t bits_allocated = 8;
    std::uint16_t bits_stored = 8;
    std::uint16_t representation = 0;
};
inline DataSetBuilder image_data_set(const ImageAttributes& image) {
    DataSetBuilder builder;
    builder.add_us({0x0028, 0x0002}, {image.samples})
        .add({0x0028, 0x0004}, "CS", image.photometric);
    if (image.samples > 1) builder.add_us({0x0028, 0x0006}, {0});
    if (!image.frames.empty()) builder.add({0x0028, 0x0008}, "IS", image.frames);
    builder.add_us({0x0028, 0x0010}, {image.rows})
        .add_us({0x0028, 0x0011}, {image.columns})
        .add_us({0x0028, 0x0100}, {image.bits_allocated})
        .add_us({0x0028, 0x0101}, {image.bits_stored})
        .add_us({0x0028, 0x0102}, {static_cast<std::uint16_t>(image.bits_stored - 1)})
        .add_us({0x0028, 0x0103}, {image.representation});
    return builder;
}
inline ByteBuffer to_buffer(std::string_view text) {
    const auto bytes = as_bytes(text);
    return {bytes.begin(), bytes.end()};
}

}  // namespace larmor::pixels::test
