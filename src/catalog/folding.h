#pragma once
#include <string>
#include <string_view>

namespace larmor::catalog {

/// The form in which names are matched: Unicode case folding, without the empty components at
/// the end of each group (`Doe^Jane^^` is `doe^jane`). UTF-8 in and out.
std::string fold_name(std::string_view name);

/// `HHMMSS.FFFFFF`, for comparing as text: a shortened time is filled up with zeros. Takes the
/// old form with colons too. Empty for what is no time. Source: PS3.5 table 6.2-1.
std::string time_key(std::string_view time);
/// The same, filled up with the last moment that begins so.
std::string time_key_last(std::string_view time);

/// YYYYMMDD, from the old form YYYY.MM.DD too; anything else is given back as it is.
std::string plain_date(std::string_view date);
/// True for a YYYYMMDD whose month and day exist.
bool is_date(std::string_view date);

}  // namespace larmor::catalog
