#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "larmor/audit_options.h"
#include "larmor/dimse_options.h"
#include "larmor/disk_reserve.h"

namespace larmor {

/// What `larmor serve` was told.
struct ServeRequest {
    std::string address = "127.0.0.1";
    std::uint16_t port = 4258;  ///< 42.58 MHz/T: the Larmor frequency of protons
    std::string auth = "on";
    std::string role = "all";
    std::string objects;                       ///< see LibraryOptions
    std::vector<std::string> import_places;    ///< the same
    std::optional<std::uint16_t> health_port;  ///< of a worker, on loopback
    std::string web;
    std::filesystem::path tls_certificate;
    std::filesystem::path tls_key;
    std::string base_url;
    std::vector<std::string> trusted_proxies;
    std::vector<std::string> cors_origins;
    std::string delete_keep = "30d";
    std::string events_keep = "90d";
    std::filesystem::path event_secrets;
    std::filesystem::path webhook_secrets;
    std::string index_mysql;
    std::string index_mysql_levels = "patient,study,series,instance";
    std::size_t index_batch = 40;
    std::string index_search;  ///< `embedded`, or the address of OpenSearch; empty: none
    std::string index_search_levels = "patient,study,series,instance";
    std::string index_lake;
    std::string index_lake_levels = "patient,study,series,instance";
    std::size_t index_concurrency = 4;
    unsigned threads = 0;
    DiskReserve disk_reserve;
    bool read_only = false;
    DimseOptions dimse;
    AuditOptions audit;
};

}  // namespace larmor
