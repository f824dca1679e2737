#include "dimse/negotiation.h"

#include <gtest/gtest.h>

namespace larmor::dimse {
namespace {

constexpr auto kImplicit = "1.2.840.10008.1.2";
constexpr auto kExplicit = "1.2.840.10008.1.2.1";
constexpr auto kBig = "1.2.840.10008.1.2.2";
constexpr auto kJpegLossless = "1.2.840.10008.1.2.4.70";
constexpr auto kPrivate = "1.2.826.0.1.3680043.1.2.3";

std::string chosen(Service service, std::vector<std::string> proposed) {
    return choose_transfer_syntax(service, proposed);
}

TEST(ServiceOf, KnowsStorageByTheRegistryAndTakesTheUnknown) {
    EXPECT_EQ(service_of("1.2.840.10008.1.1"), Service::Verification);
    EXPECT_EQ(service_of("1.2.840.10008.5.1.4.1.1.2"), Service::Storage);      // CT
    EXPECT_EQ(service_of("1.2.840.10008.5.1.4.1.1.88.22"), Service::Storage);  // SR
    EXPECT_EQ(service_of("1.2.840.10008.5.1.4.38.1"), Service::Storage);  // hanging protocol
    EXPECT_EQ(service_of("1.2.840.10008.5.1.4.1.1.9999"), Service::Storage);  // of later years
    EXPECT_EQ(service_of(kPrivate), Service::Storage);
}

TEST(ServiceOf, RefusesWhatIsNoStorage) {
    EXPECT_EQ(service_of("1.2.840.10008.1.3.10"), Service::None);    // DICOMDIR
    EXPECT_EQ(service_of("1.2.840.10008.5.1.1.9"), Service::None);   // printing
    EXPECT_EQ(service_of("1.2.840.10008.5.1.4.31"), Service::None);  // worklist
    EXPECT_EQ(service_of("1.2.840.10008.1.20.2"), Service::None);    // commitment, pulled
    EXPECT_EQ(service_of("1.2.840.10008.1.20.1"), Service::StorageCommitment);
}

TEST(ChooseTransferSyntax, TakesWhatIsStoredAsItIsSent) {
    EXPECT_EQ(chosen(Service::Storage, {kJpegLossless, kExplicit}), kJpegLossless);
    EXPECT_EQ(chosen(Service::Storage, {kPrivate}), kPrivate);
    EXPECT_EQ(chosen(Service::Storage, {kBig}), kBig);
}

TEST(ChooseTransferSyntax, KeepsVrsWhereThePeerCan) {
    EXPECT_EQ(chosen(Service::Storage, {kImplicit, kExplicit}), kExplicit);
    EXPECT_EQ(chosen(Service::Storage, {kBig, kImplicit, kExplicit}), kExplicit);
    EXPECT_EQ(chosen(Service::Storage, {kImplicit, kBig}), kImplicit);
}

TEST(ChooseTransferSyntax, ReadsOtherServicesInLittleEndianOnly) {
    EXPECT_EQ(chosen(Service::Find, {kBig, kImplicit}), kImplicit);
    EXPECT_EQ(chosen(Service::Find, {kBig, kJpegLossless}), "");
    EXPECT_EQ(chosen(Service::None, {kExplicit}), "");
    EXPECT_EQ(chosen(Service::Storage, {}), "");
}

}  // namespace
}  // namespace larmor::dimse
