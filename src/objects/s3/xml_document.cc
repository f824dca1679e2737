#include "objects/s3/xml_document.h"

#include <expat.h>

#include <limits>
#include <memory>
#include <optional>

namespace larmor::objects::s3 {
namespace {

class XmlReader {
public:
    Result<XmlElement> read(std::string_view document) {
        const auto begin = document.find_first_not_of(" \t\r\n");
        document.remove_prefix(begin == std::string_view::npos ? document.size() : begin);
        if (document.size() > std::numeric_limits<int>::max()) {
            return fail(ErrorCode::LimitExceeded, "XML: too long");
        }
        const std::unique_ptr<std::remove_pointer_t<XML_Parser>, void (*)(XML_Parser)> parser(
            XML_ParserCreateNS(nullptr, ' '), XML_ParserFree);
        if (!parser) return fail(ErrorCode::Unavailable, "XML: no memory");
        parser_ = parser.get();
        XML_SetUserData(parser_, this);
        XML_SetElementHandler(parser_, &on_begin, &on_end);
        XML_SetCharacterDataHandler(parser_, &on_text);
        XML_SetStartDoctypeDeclHandler(parser_, &on_doctype);
        const auto status =
            XML_Parse(parser_, document.data(), static_cast<int>(document.size()), 1);
        if (error_) return tl::unexpected(*error_);
        if (status != XML_STATUS_OK) {
            return fail(ErrorCode::InvalidInput,
                        "XML: line " + std::to_string(XML_GetCurrentLineNumber(parser_)) +
                            ": " + XML_ErrorString(XML_GetErrorCode(parser_)));
        }
        return std::move(root_);
    }

private:
    // Expat's handlers: an error stops the parser, which then calls no more of them.
    void stop(ErrorCode code, std::string what) {
        if (!error_) error_ = Error{code, "XML: " + std::move(what)};
        XML_StopParser(parser_, XML_FALSE);
    }
    static void on_begin(void* self, const char* name, const char** /*attributes*/) {
        static_cast<XmlReader*>(self)->begin(name);
    }
    static void on_end(void* self, const char* /*name*/) {
        static_cast<XmlReader*>(self)->end();
    }
    static void on_text(void* self, const char* text, int size) {
        auto& reader = *static_cast<XmlReader*>(self);
        if (!reader.open_.empty()) {
            reader.open_.back().text.append(text, static_cast<std::size_t>(size));
        }
    }
    static void on_doctype(void* self, const char*, const char*, const char*, int) {
        static_cast<XmlReader*>(self)->stop(ErrorCode::InvalidInput,
                                            "a document type declaration is not taken");
    }

    void begin(std::string_view name) {
        if (open_.size() >= kXmlDepthMax || ++count_ > kXmlElementsMax) {
            return stop(ErrorCode::LimitExceeded,
                        "more than " + std::to_string(kXmlDepthMax) + " levels or " +
                            std::to_string(kXmlElementsMax) + " elements");
        }
        XmlElement element;
        element.name = name.substr(name.rfind(' ') + 1);  // behind its name space
        open_.push_back(std::move(element));
    }

    void end() {
        if (open_.empty()) return;
        XmlElement done = std::move(open_.back());
        open_.pop_back();
        if (open_.empty()) {
            root_ = std::move(done);
        } else {
            open_.back().children.push_back(std::move(done));
        }
    }

    XML_Parser parser_ = nullptr;
    std::optional<Error> error_;
    std::vector<XmlElement> open_;  ///< the way to where the parser is
    std::size_t count_ = 0;
    XmlElement root_;
};

}  // namespace

std::string_view XmlElement::text_of(std::string_view child) const {
    for (const auto& element : children) {
        if (element.name == child) return element.text;
    }
    return {};
}

Result<XmlElement> read_xml(std::string_view document) {
    return XmlReader().read(document);
}

}  // namespace larmor::objects::s3
