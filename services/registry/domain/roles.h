// Roles as the transition tables name them: the numbers of bangfu.options.v1.Role (api/convert.cc
// asserts that they agree).
#pragma once

namespace bangfu::registry {

inline constexpr int kVillageReporter = 1;
inline constexpr int kTownshipReviewer = 2;
inline constexpr int kTownshipApprover = 3;
inline constexpr int kCountyOperator = 4;
inline constexpr int kCountyApprover = 5;
inline constexpr int kCountyGovernment = 6;
inline constexpr int kSectorVerifier = 7;
inline constexpr int kFinanceOfficer = 8;
inline constexpr int kCitySupervisor = 10;
inline constexpr int kProvOffice = 11;
inline constexpr int kProvAdmin = 12;
inline constexpr int kOrgAdmin = 13;
inline constexpr int kSystemIntegrator = 15;

}  // namespace bangfu::registry
