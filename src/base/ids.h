#pragma once
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace larmor {

/// Bytes from the system's generator, fit for keys and tokens.
void fill_random(std::span<std::byte> out);

/// 32 lower-case hexadecimal digits, 128 random bits: the form of our ids (image sets,
/// requests, tokens).
std::string random_id();

/// A random UUID (RFC 9562 version 4) with its hyphens.
std::string random_uuid();

/// A DICOM UID under 2.25 from a random UUID. Source: PS3.5 section B.2.
std::string random_uid();

/// True for 1 to 64 digits and dots that are neither `.` nor `..`: what may become part of a
/// key.
bool is_uid_key_part(std::string_view uid);

}  // namespace larmor
