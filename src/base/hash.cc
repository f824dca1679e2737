#include "base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <xxhash.h>

#ifdef __x86_64__
#include <nmmintrin.h>
#endif

namespace larmor {
namespace {

const unsigned char* raw(Bytes bytes) {
    return reinterpret_cast<const unsigned char*>(bytes.data());
}
unsigned char* raw(Sha256& digest) {
    return reinterpret_cast<unsigned char*>(digest.data());
}

constexpr std::array<std::uint32_t, 256> make_crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
        std::uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78U : 0U);
        table[i] = crc;
    }
    return table;
}

std::uint32_t crc32c_table(Bytes bytes, std::uint32_t crc) {
    static constexpr auto kTable = make_crc_table();
    for (const std::byte byte : bytes) {
        crc = kTable[(crc ^ static_cast<std::uint32_t>(byte)) & 0xff] ^ (crc >> 8);
    }
    return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) std::uint32_t crc32c_sse(Bytes bytes, std::uint32_t seed) {
    std::uint64_t crc = seed;
    const std::byte* at = bytes.data();
    std::size_t left = bytes.size();
    for (; left >= 8; left -= 8, at += 8)
        crc = _mm_crc32_u64(crc, load_little<std::uint64_t>(at));
    auto crc32 = static_cast<std::uint32_t>(crc);
    for (; left > 0; --left, ++at) crc32 = _mm_crc32_u8(crc32, static_cast<unsigned char>(*at));
    return crc32;
}
#endif

/// Fetched once: OpenSSL 3 takes a lock and a lookup for EVP_sha256() in every call otherwise.
const EVP_MD* sha256_method() {
    static EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
    return method;
}

}  // namespace

struct Sha256Stream::Context {
    EVP_MD_CTX* evp = EVP_MD_CTX_new();
    Context() {
        LARMOR_CHECK(evp != nullptr && EVP_DigestInit_ex(evp, sha256_method(), nullptr) == 1);
    }
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;
    ~Context() { EVP_MD_CTX_free(evp); }
};

Sha256Stream::Sha256Stream() : context_(std::make_unique<Context>()) {}
Sha256Stream::~Sha256Stream() = default;
Sha256Stream::Sha256Stream(Sha256Stream&&) noexcept = default;
Sha256Stream& Sha256Stream::operator=(Sha256Stream&&) noexcept = default;

void Sha256Stream::update(Bytes bytes) {
    LARMOR_CHECK(EVP_DigestUpdate(context_->evp, bytes.data(), bytes.size()) == 1);
}
Sha256 Sha256Stream::finish() {
    Sha256 digest{};
    LARMOR_CHECK(EVP_DigestFinal_ex(context_->evp, raw(digest), nullptr) == 1);
    return digest;
}

Sha256 sha256(Bytes bytes) {
    Sha256 digest{};
    LARMOR_CHECK(EVP_Digest(bytes.data(), bytes.size(), raw(digest), nullptr, sha256_method(),
                            nullptr) == 1);
    return digest;
}

Sha256 hmac_sha256(Bytes key, Bytes message) {
    Sha256 digest{};
    unsigned size = 0;
    LARMOR_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), raw(message),
                      message.size(), raw(digest), &size) != nullptr);
    return digest;
}

std::uint32_t crc32c(Bytes bytes, std::uint32_t seed) {
#ifdef __x86_64__
    static const bool has_sse42 = __builtin_cpu_supports("sse4.2") != 0;
    if (has_sse42) return ~crc32c_sse(bytes, ~seed);
#endif
    return ~crc32c_table(bytes, ~seed);
}

std::uint64_t xxh3(Bytes bytes, std::uint64_t seed) {
    return XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed);
}

std::string to_hex(Bytes bytes) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const std::byte byte : bytes) {
        text += kDigits[static_cast<unsigned>(byte >> 4)];
        text += kDigits[static_cast<unsigned>(byte & std::byte{15})];
    }
    return text;
}

Result<ByteBuffer> from_hex(std::string_view text) {
    const auto digit = [](char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
    };
    if (text.size() % 2 != 0) return invalid_at(text.size(), "odd count of hexadecimal digits");
    ByteBuffer bytes;
    bytes.reserve(text.size() / 2);
    for (std::size_t i = 0; i < text.size(); i += 2) {
        const int high = digit(text[i]);
        const int low = digit(text[i + 1]);
        if (high < 0 || low < 0) return invalid_at(i, "not a hexadecimal digit");
        bytes.push_back(static_cast<std::byte>(high << 4 | low));
    }
    return bytes;
}

bool equal_in_constant_time(Bytes a, Bytes b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace larmor
