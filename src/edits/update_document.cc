#include "edits/update_document.h"

#include <simdjson.h>

#include <algorithm>

#include "base/ids.h"
#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "edits/rules.h"
#include "edits/uids.h"
#include "edits/value_json_internal.h"

namespace larmor::edits {
namespace {

using simdjson::dom::element;
using simdjson::dom::object;

tl::unexpected<Error> invalid(std::string what) {
    return fail(ErrorCode::InvalidInput, std::move(what));
}

enum class Kind : bool { Update, Remove };

/// Reads one document into another form of it.
class Reader {
public:
    Reader(Kind kind, UpdateDocument& document, const UpdateLimits& limits)
        : kind_(kind), document_(document), limits_(limits) {}

    Result<void> read(object root) {
        for (const auto [key, value] : root) {
            if (key == "SchemaVersion" || key == "DatastoreID" || key == "ImageSetID") continue;
            TRY(const object node, object_of(key, value));
            if (key == "Patient") {
                TRY_VOID(read_node(node, Level::Study, {}, &Reader::refuse_member));
            } else if (key == "Study") {
                TRY_VOID(read_node(node, Level::Study, {}, &Reader::read_study_member));
            } else {
                return refuse_member(key, value);
            }
        }
        return {};
    }

private:
    using OtherMember = Result<void> (Reader::*)(std::string_view, element);

    static Result<object> object_of(std::string_view key, element value) {
        object found;
        if (value.get(found) != simdjson::SUCCESS) {
            return invalid(std::string(is_uid_key_part(key) ? "what is below a UID" : key) +
                           " is a JSON object");
        }
        return found;
    }
    /// `DICOM` and `DICOMVRs`; the others by `other`.
    Result<void> read_node(object node, Level level, const std::string& instance,
                           OtherMember other) {
        object vrs;
        const bool has_vrs = node["DICOMVRs"].get(vrs) == simdjson::SUCCESS;
        for (const auto [key, value] : node) {
            if (key == "DICOMVRs") continue;
            if (key != "DICOM") {
                TRY_VOID((this->*other)(key, value));
                continue;
            }
            TRY(const object attributes, object_of(key, value));
            for (const auto [name, content] : attributes) {
                TRY_VOID(
                    read_attribute(name, content, has_vrs ? &vrs : nullptr, level, instance));
            }
        }
        return {};
    }
    Result<void> refuse_member(std::string_view, element) {
        return invalid(
            "an update has the members SchemaVersion, Patient and Study; Patient has DICOM, "
            "Study DICOM and Series, a series DICOM and Instances, an instance DICOM and "
            "DICOMVRs");
    }
    Result<void> read_study_member(std::string_view key, element value) {
        if (key != "Series") return refuse_member(key, value);
        TRY(const object all, object_of(key, value));
        for (const auto [uid, node] : all) {
            if (!is_uid_key_part(uid)) return invalid("a key below Series is no UID");
            if (!document_.series_instance_uid.empty() &&
                document_.series_instance_uid != uid) {
                return invalid("an image set has one series");
            }
            document_.series_instance_uid = uid;
            TRY(const object series, object_of(uid, node));
            TRY_VOID(read_node(series, Level::Series, {}, &Reader::read_series_member));
        }
        return {};
    }
    Result<void> read_series_member(std::string_view key, element value) {
        if (key != "Instances") return refuse_member(key, value);
        TRY(const object all, object_of(key, value));
        for (const auto [uid, node] : all) {
            if (!is_uid_key_part(uid)) return invalid("a key below Instances is no UID");
            TRY(const object instance, object_of(uid, node));
            TRY_VOID(read_node(instance, Level::Instance, std::string(uid),
                               &Reader::read_instance_member));
        }
        return {};
    }
    /// What metadata have beside the attributes may come along, and says nothing.
    Result<void> read_instance_member(std::string_view key, element value) {
        const bool is_known =
            key == "ImageFrames" || key == "StoredTransferSyntaxUID" || key == "ChecksumType";
        return is_known ? Result<void>() : refuse_member(key, value);
    }

    Result<void> read_attribute(std::string_view name, element value, const object* vrs,
                                Level level, const std::string& instance) {
        if (document_.updates.size() >= limits_.updates_max) {
            return fail(ErrorCode::LimitExceeded, "an update changes at most " +
                                                      std::to_string(limits_.updates_max) +
                                                      " attributes");
        }
        Update update;
        update.sop_instance_uid = instance;
        TRY(update.change.path, parse_path(name));
        TRY_VOID(check_level(update.change.path, level));
        if (kind_ == Kind::Update) {
            std::string_view declared;
            const bool is_declared = vrs != nullptr && vrs->at_key(name).get_string().get(
                                                           declared) == simdjson::SUCCESS;
            if (!is_declared) declared = {};
            TRY(update.change.element, element_json(update.change.path, declared, value));
        }
        document_.updates.push_back(std::move(update));
        return {};
    }
    static Result<void> check_level(const Path& path, Level named) {
        const Level of = level_of(path.outermost());
        const bool may_be = of == named || (named == Level::Series && of == Level::Instance);
        if (may_be) return {};
        static constexpr std::string_view kNames[] = {"patient and study", "series",
                                                      "instance"};
        return invalid("attribute " + dicom::to_string(path.outermost()) + " belongs to " +
                       std::string(kNames[static_cast<std::size_t>(of)]) + ", not to " +
                       std::string(kNames[static_cast<std::size_t>(named)]));
    }

    Kind kind_;
    UpdateDocument& document_;
    const UpdateLimits& limits_;
};

Result<void> read(Kind kind, std::string_view json, UpdateDocument& document,
                  const UpdateLimits& limits) {
    if (json.size() > limits.bytes_max) {
        return fail(ErrorCode::LimitExceeded,
                    "an update has at most " + std::to_string(limits.bytes_max) + " bytes");
    }
    simdjson::dom::parser parser;
    object root;
    if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) {
        return invalid("an update is a JSON object");
    }
    return Reader(kind, document, limits).read(root);
}

}  // namespace

bool UpdateDocument::changes_study() const {
    return std::ranges::any_of(updates, [](const Update& update) {
        return level_of(update.change.path.outermost()) == Level::Study;
    });
}

Result<void> read_updatable(std::string_view json, UpdateDocument& document,
                            const UpdateLimits& limits) {
    return read(Kind::Update, json, document, limits);
}

Result<void> read_removable(std::string_view json, UpdateDocument& document,
                            const UpdateLimits& limits) {
    return read(Kind::Remove, json, document, limits);
}

namespace {

Result<void> check_uid_update(const Update& update, const std::string& name) {
    if (!uid_of(update.change)) {
        return invalid(name + " says where an instance is found: it is set to one UID");
    }
    if (update.change.path.tag == dicom::tags::SOPInstanceUID &&
        update.sop_instance_uid.empty()) {
        return invalid(name + " is that of one instance");
    }
    return {};
}

}  // namespace

Result<void> check_rules(const UpdateDocument& document, Force force) {
    for (const Update& update : document.updates) {
        const Path& path = update.change.path;
        const std::string name = "attribute " + dicom::to_string(path.tag);
        const bool is_private_of_one =
            path.outermost().is_private() && !update.sop_instance_uid.empty();
        switch (rule_of(path)) {
            case Rule::Never:
                return invalid(name + " can't be edited: it describes pixels or the file");
            case Rule::Identifies:
                TRY_VOID(check_uid_update(update, name));
                [[fallthrough]];
            case Rule::NeedsForce:
                if (force == Force::No) return invalid(name + " is edited only with force");
                break;
            case Rule::Free:
                if (is_private_of_one && force == Force::No) {
                    return invalid(name +
                                   " is private: of a single instance it is edited only with "
                                   "force");
                }
                break;
        }
    }
    return {};
}

}  // namespace larmor::edits
