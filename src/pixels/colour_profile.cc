#include "pixels/colour_profile.h"

#include <lcms2.h>

#include <array>
#include <memory>

namespace larmor::pixels {
namespace {

constexpr std::size_t kProfileMaxBytes = std::size_t{4} << 20;

struct CloseProfile {
    void operator()(void* profile) const { cmsCloseProfile(profile); }
};
using Profile = std::unique_ptr<void, CloseProfile>;

struct DeleteTransform {
    void operator()(void* transform) const { cmsDeleteTransform(transform); }
};

Profile open_rgb(Bytes bytes) {
    if (bytes.size() < 128 || bytes.size() > kProfileMaxBytes) {
        return nullptr;
    }
    Profile profile(
        cmsOpenProfileFromMem(bytes.data(), static_cast<cmsUInt32Number>(bytes.size())));
    return profile && cmsGetColorSpace(profile.get()) == cmsSigRgbData ? std::move(profile)
                                                                       : nullptr;
}

/// A space of three primaries with one curve for all of them.
Profile make_space(const cmsCIExyY& white, const cmsCIExyYTRIPLE& primaries,
                   cmsInt32Number curve_type, const std::array<double, 5>& parameters) {
    cmsToneCurve* curve = cmsBuildParametricToneCurve(nullptr, curve_type, parameters.data());
    if (curve == nullptr) {
        return nullptr;
    }
    std::array<cmsToneCurve*, 3> curves = {curve, curve, curve};
    Profile profile(cmsCreateRGBProfile(&white, &primaries, curves.data()));
    cmsFreeToneCurve(curve);
    return profile;
}

Profile profile_of(ColourSpace space) {
    switch (space) {
        case ColourSpace::Srgb:
            return Profile(cmsCreate_sRGBProfile());
        case ColourSpace::AdobeRgb:
            // Adobe RGB (1998) color image encoding, sections 4.3.1.1 and 4.3.4.2: 2 + 51/256.
            return make_space({0.3127, 0.3290, 1},
                              {{0.64, 0.33, 1}, {0.21, 0.71, 1}, {0.15, 0.06, 1}}, 1,
                              {2.19921875});
        case ColourSpace::RommRgb:
            // ISO 22028-2: 1.8 over a straight line up to 1/512, whose slope is 1/16.
            return make_space({0.3457, 0.3585, 1},
                              {{0.7347, 0.2653, 1}, {0.1596, 0.8404, 1}, {0.0366, 0.0001, 1}},
                              4, {1.8, 1, 0, 1.0 / 16, 1.0 / 32});
    }
    return nullptr;
}

std::string bytes_of(const Profile& profile) {
    cmsUInt32Number size = 0;
    if (!cmsSaveProfileToMem(profile.get(), nullptr, &size)) {
        return {};
    }
    std::string bytes(size, '\0');
    return cmsSaveProfileToMem(profile.get(), bytes.data(), &size) ? bytes : std::string();
}

}  // namespace

bool is_rgb_profile(Bytes profile) {
    return open_rgb(profile) != nullptr;
}

void attach_profile(Picture& picture, Bytes profile) {
    picture.icc_profile = as_text(profile);
}

Result<void> convert_colours(Picture& picture, Bytes profile, ColourSpace to) {
    const Profile from = open_rgb(profile);
    const Profile target = profile_of(to);
    if (!from || picture.samples != 3) {
        return fail(ErrorCode::Unsupported, "the ICC profile can't be used");
    }
    const std::unique_ptr<void, DeleteTransform> transform(
        target ? cmsCreateTransform(from.get(), TYPE_RGB_8, target.get(), TYPE_RGB_8,
                                    INTENT_PERCEPTUAL, cmsFLAGS_NOCACHE)
               : nullptr);
    if (!transform) {
        return fail(ErrorCode::Unsupported, "the ICC profile can't be converted");
    }
    std::string described = bytes_of(target);
    if (described.empty()) {
        return fail(ErrorCode::LimitExceeded, "ICC profile: out of memory");
    }
    cmsDoTransform(transform.get(), picture.pixels.data(), picture.pixels.data(),
                   picture.rows * picture.columns);
    picture.icc_profile = std::move(described);
    return {};
}

}  // namespace larmor::pixels
