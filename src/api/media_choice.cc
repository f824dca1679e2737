#include "api/media_choice.h"

#include <algorithm>

#include "http/media_type.h"
#include "http/query.h"

namespace larmor::api {

bool MediaChoice::takes(std::string_view media_type) const {
    if (type == "*/*" || type == media_type) {
        return true;
    }
    return type.ends_with("/*") &&
           media_type.starts_with(std::string_view(type).substr(0, type.size() - 1));
}

Result<std::vector<MediaChoice>> parse_media_choices(std::string_view accept) {
    TRY(const std::vector<http::AcceptedType> accepted, http::parse_accept(accept));
    std::vector<MediaChoice> choices;
    for (const http::AcceptedType& entry : accepted) {
        if (entry.quality <= 0) {
            continue;
        }
        MediaChoice choice;
        choice.transfer_syntax = entry.range.parameter("transfer-syntax").value_or("");
        const std::string essence = entry.range.essence();
        if (essence == "*/*") {
            choice.type = essence;
        } else if (essence == "multipart/related" || essence == "multipart/*") {
            choice.type = entry.range.parameter("type").value_or("*/*");
            std::ranges::transform(choice.type, choice.type.begin(), [](char c) {
                return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
            });
        } else {
            choice.form = MediaChoice::Form::Single;
            choice.type = essence;
        }
        choices.push_back(std::move(choice));
    }
    return choices;
}

Result<std::string> accept_of(const http::Request& request) {
    if (!request.query.empty()) {
        TRY(const http::Query query, http::parse_query(request.query));
        if (const auto accept = query.find("accept"); accept && !accept->empty()) {
            return std::string(*accept);
        }
    }
    return request.headers.joined("Accept");
}

Result<std::vector<std::string>> accepts_of(const http::Request& request) {
    TRY(std::string first, accept_of(request));
    std::string header = request.headers.joined("Accept");
    std::vector<std::string> accepts = {std::move(first)};
    if (!header.empty() && header != accepts.front()) {
        accepts.push_back(std::move(header));
    }
    return accepts;
}

Result<std::string> negotiate(const http::Request& request,
                              const std::vector<std::string_view>& offers) {
    TRY(const auto accepts, accepts_of(request));
    for (const std::string& accept : accepts) {
        TRY(const std::vector<http::AcceptedType> accepted, http::parse_accept(accept));
        if (const auto best = http::best_of(accepted, offers)) {
            return std::string(*best);
        }
    }
    std::string message = "Accept takes none of what there is:";
    for (const auto offer : offers) {
        message += ' ';
        message += offer;
    }
    return fail(ErrorCode::Unsupported, std::move(message));
}

}  // namespace larmor::api
