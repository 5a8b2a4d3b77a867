#include "services/asset/api/asset_handlers.h"

#include <memory>
#include <utility>

#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/sensitive.h"
#include "common/inbox/service.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/asset/api/asset_internal.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/api/raw_texts.h"
#include "services/asset/domain/transitions.h"

namespace bangfu::asset::api {
namespace {

using google::protobuf::util::FieldMaskUtil;

Use DefaultUse(const store::AssetRow& row, absl::CivilDay today) {
  Use use;
  use.state = UseState::kNotStarted;
  use.since = row.formed_date.value_or(today);
  if (row.cultivation_ends && *row.cultivation_ends >= today && row.planting_date) {
    use.state = UseState::kCultivating;
    use.since = *row.planting_date;
  }
  return use;
}

// Today's path of the region as filed.
absl::StatusOr<std::string> PathOf(mysql::Executor& db, const std::string& code,
                                   const auth::RegionScope& scope) {
  ASSIGN_OR_RETURN(const std::string normalised, NormalizeRegionCode(code));
  ASSIGN_OR_RETURN(const std::optional<std::string> path, store::RegionPath(db, normalised));
  if (!path) return InvalidField("details.region_code", "未知的行政区划代码").Build();
  if (path->empty()) {
    return InvalidField("details.region_code", "该区划已拆分，请填写乡镇或村级代码").Build();
  }
  if (!auth::InScope(scope, *path)) return NotFound("region", code).Build();
  return *path;
}

// Somebody registered the same external id since it was looked for: the next run finds theirs.
absl::Status LostRace(absl::Status status) {
  return mysql::IsDuplicateKey(status) ? mysql::Conflict() : status;
}

absl::Status TakenExternalId(mysql::Executor& db, const v1::AssetDetails& details,
                             const Ulid& own) {
  ASSIGN_OR_RETURN(const auto taken,
                   external::FindExternalIds(db, store::kAssetExternal,
                                             external::NumbersOf(details.external_ids())));
  for (const auto& [number, asset] : taken) {
    if (asset == own) continue;
    return Error(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS")
        .Domain(kErrorDomain)
        .Zh("该外部编号的资产已登记")
        .With("system", number.first)
        .With("id", number.second);
  }
  return absl::OkStatus();
}

}  // namespace

audit::SensitiveRecord SensitiveAssets() {
  audit::SensitiveRecord kind;
  kind.aggregate_type = kAssetAggregate;
  kind.read =
      [](mysql::Executor& db, const Ulid& id,
         const std::vector<std::string>& regions) -> absl::StatusOr<audit::SensitiveRecord::Read> {
    ASSIGN_OR_RETURN(const store::AssetRow row, LoadAsset(db, id.ToString(), regions));
    return audit::SensitiveRecord::Read{row.region_path, std::make_unique<v1::Asset>(ToAsset(row))};
  };
  return kind;
}

void AssetHandlers::Register(rpc::Router& router) {
  const auto add = [&]<typename Request, typename Response>(
                       const char* name, absl::StatusOr<Response> (AssetHandlers::*f)(
                                             rpc::CallContext&, const Request&)) {
    router.Unary<Request, Response>(Cat(kAssetService, name),
                                    [this, f](rpc::CallContext& c, const Request& r) {
                                      absl::StatusOr<Response> answer = (this->*f)(c, r);
                                      // Who looks unmasked is recorded:
                                      // AuditService.RevealSensitive.
                                      if (answer.ok()) contract::MaskSensitive(&*answer);
                                      return answer;
                                    });
  };
  add("RegisterAsset", &AssetHandlers::RegisterAsset);
  add("UpdateAsset", &AssetHandlers::UpdateAsset);
  add("ReportUseState", &AssetHandlers::ReportUseState);
  add("RegisterTitle", &AssetHandlers::RegisterTitle);
  add("DisputeTitle", &AssetHandlers::DisputeTitle);
  add("SettleTitle", &AssetHandlers::SettleTitle);
  add("HandOver", &AssetHandlers::HandOver);
  add("BatchHandOver", &AssetHandlers::BatchHandOver);
  add("BatchReturnCustody", &AssetHandlers::BatchReturnCustody);
  add("BatchRecordInspection", &AssetHandlers::BatchRecordInspection);
  add("ReturnCustody", &AssetHandlers::ReturnCustody);
  add("RecordInspection", &AssetHandlers::RecordInspection);
  add("VoidAsset", &AssetHandlers::VoidAsset);
  add("GetAsset", &AssetHandlers::GetAsset);
  add("BatchGetAssets", &AssetHandlers::BatchGetAssets);
  add("ListAssets", &AssetHandlers::ListAssets);
  add("GetProjectAssetFacts", &AssetHandlers::GetProjectAssetFacts);
  add("CheckProjectAssets", &AssetHandlers::CheckProjectAssets);
  add("GetOwnershipDescent", &AssetHandlers::GetOwnershipDescent);
}

absl::StatusOr<v1::Asset> AssetHandlers::RegisterAsset(rpc::CallContext& c,
                                                       const v1::RegisterAssetRequest& r) {
  const absl::CivilDay today = ShanghaiDay(c.now);
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) -> absl::StatusOr<v1::Asset> {
    v1::AssetDetails details = r.details();
    if (details.value_state() == type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED) {
      details.set_value_state(type::v1::AMOUNT_PARSE_STATE_EXACT);
    }
    std::vector<FieldViolation> violations;
    if (details.source_projects_size() == 0) {
      violations.push_back({"details.source_projects", "请填写来源项目"});
    }
    CheckDetails(details, today, &violations);
    std::vector<store::ProjectShare> shares = ProjectSharesOf(details, &violations);
    ASSIGN_OR_RETURN(const FundSources sources, store::CodesOf(m.tx(), "FUND_SOURCE"));
    const absl::Status funding = CheckFunding(details, sources, false, &violations);
    store::AssetRow row;
    std::vector<FieldViolation> ignored;
    Use use;
    if (r.has_use()) use = UseFrom(r.use(), "use", &violations);
    RETURN_IF_ERROR(ToStatus(std::move(violations)));
    RETURN_IF_ERROR(funding);
    RETURN_IF_ERROR(CheckCodes(m.tx(), details, v1::AssetDetails()));
    ASSIGN_OR_RETURN(row.region_path, PathOf(m.tx(), details.region_code(), c.scope));

    std::vector<Ulid> projects;
    for (const store::ProjectShare& share : shares) projects.push_back(share.project_id);
    ASSIGN_OR_RETURN(const std::vector<store::ProjectCopy> found,
                     store::FindProjects(m.tx(), projects));
    RETURN_IF_ERROR(CheckProjects(details, found, c.scope));
    if (details.planting_date().year() != 0 && details.cultivation_months() == 0 &&
        !found.empty()) {
      // The industry says how long its cultivation lasts.
      ASSIGN_OR_RETURN(const int64_t months,
                       store::CultivationMonths(m.tx(), found.front().industry_code));
      details.set_cultivation_months(static_cast<int32_t>(months));
    }
    RETURN_IF_ERROR(TakenExternalId(m.tx(), details, Ulid()));
    ApplyDetails(details, &row, &ignored);
    if (!r.has_use()) use = DefaultUse(row, today);
    const UseContext context{today, row.formed_date, row.cultivation_ends, nullptr};
    RETURN_IF_ERROR(CheckUse(context, "use", &use));
    ApplyUse(use, &row);
    if (!r.title_cert_no().empty()) {
      if (!row.owned_village_bp) {
        return Refusal("OWNER_SHARES_INCOMPLETE", "所有权人份额合计须为100%").Build();
      }
      if (details.ownership_basis_size() == 0) {
        return Refusal("OWNERSHIP_BASIS_MISSING", "须先填写权属依据").Build();
      }
      row.title_status = TitleStatus::kRegistered;
      row.title_cert_no = r.title_cert_no();
      row.title_date = DayFrom(r.title_date(), "title_date", &ignored);
    }
    if (!r.custodian().empty()) {
      row.custody_status = CustodyStatus::kHandedOver;
      row.custodian = r.custodian();
      row.transferred_date = DayFrom(r.transferred_date(), "transferred_date", &ignored);
    }
    RETURN_IF_ERROR(CheckAssetScope(c, row));
    ASSIGN_OR_RETURN(const auto checked,
                     CheckOfProjects(m.tx(), c, row.region_path, v1::AssetDetails(), details));
    const CoveringAll covering(m, row.region_path, checked);
    row.id = c.ids.Next();
    row.created_by = ToActor(covering.caller(), c.roles, row.region_path).SerializeAsString();
    row.updated_by = row.created_by;
    row.created_at = row.updated_at = c.now;

    RETURN_IF_ERROR(LockFacts(m.tx(), projects));
    const std::string prefix = CodePrefix(row.region_path, row.asset_class);
    ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, store::TakeNumbers(m.tx(), {{prefix, 1}}));
    row.asset_code = CodeOf(prefix, numbers.front());
    RETURN_IF_ERROR(TakeAssetEvidence(m, row.id, r.use().evidence(), "RegisterAsset",
                                      "use.evidence", States().EvidenceKinds("report_use")));
    RETURN_IF_ERROR(LostRace(
        store::InsertAssets(m.tx(), {{row, shares, external::NumbersOf(details.external_ids())}})));
    v1::Asset after = ToAsset(row);
    MutationRecorder recorder(covering.mutation());
    RETURN_IF_ERROR(recorder.Audit(kAssetAggregate, row.id, row.region_path, nullptr, after, ""));
    v1::AssetChanged event;
    *event.mutable_asset() = after;
    RETURN_IF_ERROR(recorder.Publish(kAssetAggregate, row.id, row.region_path, event));
    RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
    inbox::Act act = inbox::ActOf(m, "register", {});
    act.fresh = true;
    RETURN_IF_ERROR(SyncAssets(m.tx(), {row}, act));
    return after;
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::UpdateAsset(rpc::CallContext& c,
                                                     const v1::UpdateAssetRequest& r) {
  if (r.update_mask().paths_size() == 0 ||
      !FieldMaskUtil::IsValidFieldMask<v1::AssetDetails>(r.update_mask())) {
    return InvalidField("update_mask", "须为资产信息中的字段").Build();
  }
  if (FieldMaskUtil::IsPathInFieldMask("region_code", r.update_mask())) {
    return InvalidField("update_mask", "坐落按填报时的代码保留，不能修改").Build();
  }
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    std::vector<auth::Facets> checked;
    return ChangeAsset(
        m, r.id(), r.etag(), "",
        [&](store::AssetRow* row, std::vector<Ulid>* projects) -> absl::Status {
          RETURN_IF_ERROR(CheckAssetAction(c, *row, "update"));
          const v1::AssetDetails old = DetailsOf(*row);
          v1::AssetDetails details = old;
          FieldMaskUtil::MergeOptions replace;
          replace.set_replace_message_fields(true);
          replace.set_replace_repeated_fields(true);
          FieldMaskUtil::MergeMessageTo(r.details(), r.update_mask(), replace, &details);
          contract::RestoreMasked(old, &details);
          KeepRawTexts(old, &details, [&](const std::string& field) {
            return !FieldMaskUtil::IsPathInFieldMask(field, r.update_mask());
          });
          const auto touches = [&](std::initializer_list<const char*> fields) {
            for (const char* field : fields) {
              if (FieldMaskUtil::IsPathInFieldMask(field, r.update_mask())) return true;
            }
            return false;
          };
          if (row->state == AssetState::kLockedForDisposal &&
              touches({"asset_class", "asset_form", "original_value_fen", "fund_sources", "owners",
                       "source_projects"})) {
            return Refusal("ASSET_LOCKED", "资产处置锁定中，类别、原值和权属不能修改").Build();
          }
          if (row->title_status != TitleStatus::kUnregistered && touches({"owners"})) {
            return Refusal("TITLE_REGISTERED", "已确权或有争议的资产，所有权人须经争议化解变更")
                .Build();
          }
          if (row->contract_id && touches({"operator_uscc", "operator_name", "operate_mode"})) {
            return Refusal("ASSET_UNDER_CONTRACT", "有履行中的合同，经营方式和主体随合同变更")
                .Build();
          }
          std::vector<FieldViolation> violations;
          CheckDetails(details, ShanghaiDay(c.now), &violations);
          std::vector<store::ProjectShare> shares = ProjectSharesOf(details, &violations);
          ASSIGN_OR_RETURN(const FundSources sources, store::CodesOf(m.tx(), "FUND_SOURCE"));
          const bool unstated = old.fund_sources_size() == 0;
          const absl::Status funding = CheckFunding(details, sources, unstated, &violations);
          if (old.source_projects_size() > 0 && shares.empty()) {
            violations.push_back({"details.source_projects", "请填写来源项目"});
          }
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          RETURN_IF_ERROR(funding);
          RETURN_IF_ERROR(CheckCodes(m.tx(), details, old));
          if (touches({"source_projects", "original_value_fen", "fund_sources"})) {
            std::vector<Ulid> ids;
            for (const store::ProjectShare& share : shares) ids.push_back(share.project_id);
            ASSIGN_OR_RETURN(const auto found, store::FindProjects(m.tx(), ids));
            RETURN_IF_ERROR(CheckProjects(details, found, c.scope));
            RETURN_IF_ERROR(LockFacts(m.tx(), ids));
            RETURN_IF_ERROR(store::ReplaceProjects(m.tx(), row->id, shares));
            projects->insert(projects->end(), ids.begin(), ids.end());
          }
          if (touches({"external_ids"})) {
            RETURN_IF_ERROR(TakenExternalId(m.tx(), details, row->id));
            RETURN_IF_ERROR(LostRace(store::ReplaceExternalIds(
                m.tx(), row->id, external::NumbersOf(details.external_ids()))));
          }
          std::vector<FieldViolation> ignored;
          ApplyDetails(details, row, &ignored);
          RETURN_IF_ERROR(CheckAssetScope(c, *row));  // nor may it become what is outside
          ASSIGN_OR_RETURN(checked, CheckOfProjects(m.tx(), c, row->region_path, old, details));
          // What was asked for and is there now is no open question any more.
          row->open_questions =
              StillOpen(*row, details, touches({"original_value_fen", "value_state"}));
          return absl::OkStatus();
        },
        &checked);
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::VoidAsset(rpc::CallContext& c,
                                                   const v1::VoidAssetRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), r.reason(),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(m.tx(), {row->id}));
          ASSIGN_OR_RETURN(
              row->state,
              ExecuteOnAsset(States(), c, *row, SubjectOf(*row, !referenced.empty()), "void"));
          row->void_reason = r.reason();
          return absl::OkStatus();
        });
  });
}

}  // namespace bangfu::asset::api
