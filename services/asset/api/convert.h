// Between the contract's messages, the domain and the rows.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/time/civil_time.h"
#include "absl/time/time.h"
#include "bangfu/asset/v1/asset.pb.h"
#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract.pb.h"
#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/auth/caller.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/type/date.pb.h"
#include "services/asset/domain/facts.h"
#include "services/asset/domain/rules.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/store/asset_store.h"
#include "services/asset/store/contract_store.h"
#include "services/asset/store/income_store.h"
#include "services/asset/store/linkage_store.h"

namespace bangfu::asset::api {

// nullopt: not given. A day that does not exist is a violation of `path`.
std::optional<absl::CivilDay> DayFrom(const google::type::Date& date, std::string_view path,
                                      std::vector<FieldViolation>* violations);
type::v1::Actor ToActor(const auth::Caller& caller, const std::vector<auth::Role>& roles,
                        std::string_view region_path);

Use UseFrom(const v1::UseReportInput& input, std::string_view path,
            std::vector<FieldViolation>* violations);
v1::UseReport ToUseReport(const Use& use);
Use UseFromReport(const std::string& bytes);
// Columns and the kept report.
void ApplyUse(const Use& use, store::AssetRow* row);

// The columns that follow from the details; the details themselves are kept whole.
void ApplyDetails(const v1::AssetDetails& details, store::AssetRow* row,
                  std::vector<FieldViolation>* violations);
v1::AssetDetails DetailsOf(const store::AssetRow& row);
// Parts of the value by project: shares as given, or all of it for a single one.
std::vector<store::ProjectShare> ProjectSharesOf(const v1::AssetDetails& details,
                                                 std::vector<FieldViolation>* violations);

v1::Asset ToAsset(const store::AssetRow& row);
// Who raised the dispute about its title; empty where there is none or nobody knows.
workflow::Person DisputerOf(const store::AssetRow& row);
AssetSubject SubjectOf(const store::AssetRow& row, bool referenced);

v1::OperatingContract ToContract(const store::ContractRow& row, const store::ContractSums& sums);
v1::IncomeDue ToDue(const Ulid& contract_id, const store::DueRow& row, absl::CivilDay today);
v1::IncomeRecord ToIncome(const store::IncomeRow& row);
// An income record stands, or is reversed.
std::string IncomeEtag(const store::IncomeRow& row);
v1::Dividend ToDividend(const store::DividendRow& row);
v1::LinkageContract ToLinkage(const store::LinkageRow& row);
v1::EmploymentRecord ToEmployment(const store::EmploymentRow& row);
std::vector<ScheduleStep> StepsFrom(const v1::ContractTerms& terms,
                                    std::vector<FieldViolation>* violations);

v1::ProjectAssetFacts ToFacts(const Facts& facts);

}  // namespace bangfu::asset::api
