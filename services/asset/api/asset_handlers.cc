#include "services/asset/api/asset_handlers.h"

#include <functional>
#include <map>
#include <memory>
#include <utility>

#include "common/base/bp.h"
#include "common/base/digest.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/blob/service.h"
#include "common/contract/sensitive.h"
#include "common/inbox/service.h"
#include "common/rpc/bulk.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/asset/api/asset_work.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/convert.h"
#include "services/asset/api/facts.h"
#include "services/asset/api/grant_scope.h"
#include "services/asset/domain/transitions.h"
#include "services/asset/store/facts_store.h"

namespace bangfu::asset::api {
namespace {

constexpr std::string_view kService = "bangfu.asset.v1.AssetService.";

using google::protobuf::util::FieldMaskUtil;

constexpr char kAggregate[] = "asset";

absl::Status Unknown(const std::string& id) { return NotFound("asset", id).Build(); }

absl::StatusOr<store::AssetRow> Load(mysql::Executor& db, const std::string& id,
                                     const auth::RegionScope& scope, bool for_update = false) {
  ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
  ASSIGN_OR_RETURN(std::optional<store::AssetRow> row,
                   store::FindAsset(db, ulid, scope, for_update));
  if (!row) return Unknown(id);
  return *std::move(row);
}

// Of the printed texts that stood before, those whose fields are kept; no client writes any.
template <typename Keep>
void KeepRawTexts(const v1::AssetDetails& before, v1::AssetDetails* details, const Keep& keep) {
  details->clear_raw_texts();
  for (const v1::AssetRawText& raw : before.raw_texts()) {
    if (keep(raw.field())) *details->add_raw_texts() = raw;
  }
}

// What is filled in now needs no printed text beside it.
void FilledIn(store::AssetRow* row, std::string_view field) {
  const v1::AssetDetails before = DetailsOf(*row);
  if (before.raw_texts().empty()) return;
  v1::AssetDetails details = before;
  KeepRawTexts(before, &details, [&](const std::string& one) { return one != field; });
  std::vector<FieldViolation> ignored;
  ApplyDetails(details, row, &ignored);
}

// "bangfu.asset.v1.AssetService.RegisterTitle" -> "RegisterTitle"
std::string OutcomeOf(const std::string& method) { return method.substr(method.rfind('.') + 1); }

// Writes the row, its audit entry, its event and the facts that follow.
absl::StatusOr<v1::Asset> Save(rpc::Mutation& m, store::AssetRow* row, const v1::Asset& before,
                               const std::vector<Ulid>& projects, std::string_view reason) {
  const rpc::CallContext& c = m.context();
  row->updated_by = ToActor(c.caller, c.roles, row->region_path).SerializeAsString();
  row->updated_at = c.now;
  RETURN_IF_ERROR(store::UpdateAsset(m.tx(), row));
  v1::Asset after = ToAsset(*row);
  MutationRecorder recorder(m);
  RETURN_IF_ERROR(recorder.Audit(kAggregate, row->id, row->region_path, &before, after, reason));
  v1::AssetChanged event;
  *event.mutable_asset() = after;
  RETURN_IF_ERROR(recorder.Publish(kAggregate, row->id, row->region_path, event));
  RETURN_IF_ERROR(RefreshFacts(m.tx(), projects, c.now, recorder));
  RETURN_IF_ERROR(SyncAssets(m.tx(), {*row}, inbox::ActOf(m, OutcomeOf(c.method), {})));
  return after;
}

// One change of one asset: loads it, locks its projects' facts, lets `change` work on the row,
// saves. The etag is compared before anything else of the asset is looked at; an item of a bulk
// step may come without one.
absl::StatusOr<v1::Asset> Change(
    rpc::Mutation& m, const std::string& id, const std::string& etag, std::string_view reason,
    const std::function<absl::Status(store::AssetRow*, std::vector<Ulid>* projects)>& change) {
  const rpc::CallContext& c = m.context();
  ASSIGN_OR_RETURN(const store::AssetRow seen, Load(m.tx(), id, c.scope));
  ASSIGN_OR_RETURN(std::vector<Ulid> projects, ProjectIdsOf(m.tx(), seen.id));
  RETURN_IF_ERROR(LockFacts(m.tx(), projects));
  ASSIGN_OR_RETURN(store::AssetRow row, Load(m.tx(), id, c.scope, /*for_update=*/true));
  if (!etag.empty() && Cat(row.version) != etag) return EtagMismatch().Build();
  const v1::Asset before = ToAsset(row);
  const auth::Facets facets = FacetsOf(c.caller, row);
  RETURN_IF_ERROR(change(&row, &projects));
  const rpc::Covering covering(m, facets);
  return Save(covering.mutation(), &row, before, projects, reason);
}

template <typename Table>
auto Execute(const Table& table, const rpc::CallContext& c, const store::AssetRow& row,
             const AssetSubject& subject, std::string_view action) {
  return table.Execute(subject, action,
                       workflow::ActorAt(c.caller, row.region_path, FacetsOf(c.caller, row)));
}

// The action leaves the record's state as it is; refused where the table says so.
absl::Status CheckAction(const rpc::CallContext& c, const store::AssetRow& row,
                         std::string_view action) {
  return Execute(States(), c, row, SubjectOf(row, false), action).status();
}

void AddAllowedActions(const rpc::CallContext& c, const store::AssetRow& row, bool referenced,
                       v1::Asset* out) {
  const AssetSubject subject = SubjectOf(row, referenced);
  const workflow::Actor actor =
      workflow::ActorAt(c.caller, row.region_path, FacetsOf(c.caller, row));
  workflow::FillAllowedActions(States().Allowed(subject, actor), out->mutable_allowed_actions());
  workflow::FillAllowedActions(Titles().Allowed(subject, actor), out->mutable_allowed_actions());
  workflow::FillAllowedActions(Custodies().Allowed(subject, actor), out->mutable_allowed_actions());
}

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

// Evidence serves the asset, whichever of its steps brought it.
absl::Status TakeEvidence(rpc::Mutation& m, const Ulid& asset,
                          const google::protobuf::RepeatedPtrField<type::v1::Evidence>& evidence,
                          std::string_view step, std::string_view field,
                          std::vector<std::string> kinds) {
  return blob::UseEvidence(
      m, evidence, {kAggregate, asset, std::string(step), std::string(field), std::move(kinds)});
}

// Somebody registered the same external id since it was looked for: the next run finds theirs.
absl::Status LostRace(absl::Status status) {
  return mysql::IsDuplicateKey(status) ? mysql::Conflict() : status;
}

absl::Status TakenExternalId(mysql::Executor& db, const v1::AssetDetails& details,
                             const Ulid& own) {
  ASSIGN_OR_RETURN(const auto taken, store::FindExternalIds(db, ExternalIdsOf(details)));
  for (const store::ExternalIdRow& row : taken) {
    if (row.asset_id == own) continue;
    return Error(absl::StatusCode::kAlreadyExists, "ASSET_EXISTS")
        .Domain(kErrorDomain)
        .Zh("该外部编号的资产已登记")
        .With("system", row.system)
        .With("id", row.id);
  }
  return absl::OkStatus();
}

}  // namespace

audit::SensitiveRecord SensitiveAssets() {
  audit::SensitiveRecord kind;
  kind.aggregate_type = kAggregate;
  kind.read =
      [](mysql::Executor& db, const Ulid& id,
         const std::vector<std::string>& regions) -> absl::StatusOr<audit::SensitiveRecord::Read> {
    ASSIGN_OR_RETURN(const store::AssetRow row, Load(db, id.ToString(), regions));
    return audit::SensitiveRecord::Read{row.region_path, std::make_unique<v1::Asset>(ToAsset(row))};
  };
  return kind;
}

void AssetHandlers::Register(rpc::Router& router) {
  const auto add = [&]<typename Request, typename Response>(
                       const char* name, absl::StatusOr<Response> (AssetHandlers::*f)(
                                             rpc::CallContext&, const Request&)) {
    router.Unary<Request, Response>(Cat(kService, name),
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
    RETURN_IF_ERROR(CheckCategory(m.tx(), details));
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
    const rpc::Covering covering(m, FacetsOf(c.caller, row));
    row.id = c.ids.Next();
    row.created_by = ToActor(covering.caller(), c.roles, row.region_path).SerializeAsString();
    row.updated_by = row.created_by;
    row.created_at = row.updated_at = c.now;

    RETURN_IF_ERROR(LockFacts(m.tx(), projects));
    const std::string prefix = CodePrefix(row.region_path, row.asset_class);
    ASSIGN_OR_RETURN(const std::vector<int64_t> numbers, store::TakeNumbers(m.tx(), {{prefix, 1}}));
    row.asset_code = CodeOf(prefix, numbers.front());
    RETURN_IF_ERROR(TakeEvidence(m, row.id, r.use().evidence(), "RegisterAsset", "use.evidence",
                                 States().EvidenceKinds("report_use")));
    RETURN_IF_ERROR(LostRace(store::InsertAssets(m.tx(), {{row, shares, ExternalIdsOf(details)}})));
    v1::Asset after = ToAsset(row);
    MutationRecorder recorder(covering.mutation());
    RETURN_IF_ERROR(recorder.Audit(kAggregate, row.id, row.region_path, nullptr, after, ""));
    v1::AssetChanged event;
    *event.mutable_asset() = after;
    RETURN_IF_ERROR(recorder.Publish(kAggregate, row.id, row.region_path, event));
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
    return Change(
        m, r.id(), r.etag(), "",
        [&](store::AssetRow* row, std::vector<Ulid>* projects) -> absl::Status {
          RETURN_IF_ERROR(CheckAction(c, *row, "update"));
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
          // A code that has ended since stays with the asset until another is chosen.
          if (details.category_code() != old.category_code()) {
            RETURN_IF_ERROR(CheckCategory(m.tx(), details));
          }
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
            RETURN_IF_ERROR(
                LostRace(store::ReplaceExternalIds(m.tx(), row->id, ExternalIdsOf(details))));
          }
          std::vector<FieldViolation> ignored;
          ApplyDetails(details, row, &ignored);
          RETURN_IF_ERROR(CheckAssetScope(c, *row));  // nor may it become what is outside
          // What was asked for and is there now is no open question any more.
          std::string open;
          const auto keep = [&](std::string_view question, bool answered) {
            if (row->open_questions.find(question) == std::string::npos || answered) return;
            open += Cat(open.empty() ? "" : ",", question);
          };
          keep("source_projects", details.source_projects_size() > 0);
          keep("fund_sources", details.fund_sources_size() > 0);
          keep("owners", row->owned_village_bp.has_value());
          keep("original_value", row->value_exact);
          keep("formed_date", row->formed_date.has_value());
          row->open_questions = open;
          return absl::OkStatus();
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::ReportUseState(rpc::CallContext& c,
                                                        const v1::ReportUseStateRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(m, r.id(), r.etag(), "",
                  [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                    RETURN_IF_ERROR(CheckAction(c, *row, "report_use"));
                    std::vector<FieldViolation> violations;
                    Use use = UseFrom(r.use(), "use", &violations);
                    RETURN_IF_ERROR(ToStatus(std::move(violations)));
                    const Use previous = UseFromReport(row->use_report);
                    const UseContext context{ShanghaiDay(c.now), row->formed_date,
                                             row->cultivation_ends, &previous};
                    RETURN_IF_ERROR(CheckUse(context, "use", &use));
                    ApplyUse(use, row);
                    for (const char* field : {"idle_since", "use_state", "irreparable"}) {
                      FilledIn(row, field);
                    }
                    return TakeEvidence(m, row->id, r.use().evidence(), "ReportUseState",
                                        "use.evidence", States().EvidenceKinds("report_use"));
                  });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::RegisterTitle(rpc::CallContext& c,
                                                       const v1::RegisterTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(
        m, r.id(), r.etag(), "", [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(row->title_status,
                           Execute(Titles(), c, *row, SubjectOf(*row, false), "register_title"));
          std::vector<FieldViolation> violations;
          row->title_date = DayFrom(r.title_date(), "title_date", &violations);
          if (row->title_date && *row->title_date > ShanghaiDay(c.now)) {
            violations.push_back({"title_date", "确权日期不能晚于今天"});
          }
          row->title_cert_no = r.cert_no();
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          for (const char* field : {"title_status", "title_cert_no"}) FilledIn(row, field);
          return TakeEvidence(m, row->id, r.evidence(), "RegisterTitle", "evidence",
                              Titles().EvidenceKinds("register_title"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::DisputeTitle(rpc::CallContext& c,
                                                      const v1::DisputeTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(m, r.id(), r.etag(), r.reason(),
                  [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                    ASSIGN_OR_RETURN(
                        row->title_status,
                        Execute(Titles(), c, *row, SubjectOf(*row, false), "dispute_title"));
                    return TakeEvidence(m, row->id, r.evidence(), "DisputeTitle", "evidence",
                                        Titles().EvidenceKinds("dispute_title"));
                  });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::SettleTitle(rpc::CallContext& c,
                                                     const v1::SettleTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(m, r.id(), r.etag(), r.reason(),
                  [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                    v1::AssetDetails details = DetailsOf(*row);
                    std::vector<FieldViolation> violations;
                    if (r.owners_size() > 0) {
                      *details.mutable_owners() = r.owners();
                      CheckDetails(details, ShanghaiDay(c.now), &violations);
                    }
                    const auto date = DayFrom(r.title_date(), "title_date", &violations);
                    if (!r.cert_no().empty() && !date)
                      violations.push_back({"title_date", "请填写确权日期"});
                    RETURN_IF_ERROR(ToStatus(std::move(violations)));
                    ApplyDetails(details, row, &violations);
                    AssetSubject subject = SubjectOf(*row, false);
                    subject.settles_with_certificate = !r.cert_no().empty();
                    ASSIGN_OR_RETURN(row->title_status,
                                     Execute(Titles(), c, *row, subject, "settle_title"));
                    row->title_cert_no = r.cert_no();
                    row->title_date = date;
                    return absl::OkStatus();
                  });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::HandOver(rpc::CallContext& c,
                                                  const v1::HandOverRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(
        m, r.id(), r.etag(), Cat("接收人：", r.accepted_by()),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(row->custody_status,
                           Execute(Custodies(), c, *row, SubjectOf(*row, false), "hand_over"));
          std::vector<FieldViolation> violations;
          row->transferred_date = DayFrom(r.transferred_date(), "transferred_date", &violations);
          if (row->transferred_date && *row->transferred_date > ShanghaiDay(c.now)) {
            violations.push_back({"transferred_date", "移交日期不能晚于今天"});
          }
          row->custodian = r.custodian();
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          FilledIn(row, "transferred_date");
          return TakeEvidence(m, row->id, r.evidence(), "HandOver", "evidence",
                              Custodies().EvidenceKinds("hand_over"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::ReturnCustody(rpc::CallContext& c,
                                                       const v1::ReturnCustodyRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(
        m, r.id(), r.etag(), r.reason(),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(row->custody_status,
                           Execute(Custodies(), c, *row, SubjectOf(*row, false), "return_custody"));
          std::vector<FieldViolation> violations;
          row->transferred_date = DayFrom(r.returned_date(), "returned_date", &violations);
          row->custodian.clear();
          FilledIn(row, "transferred_date");
          return ToStatus(std::move(violations));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::RecordInspection(rpc::CallContext& c,
                                                          const v1::RecordInspectionRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(m, r.id(), r.etag(), r.findings(),
                  [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                    RETURN_IF_ERROR(CheckAction(c, *row, "record_inspection"));
                    std::vector<FieldViolation> violations;
                    const auto on = DayFrom(r.inspected_on(), "inspected_on", &violations);
                    if (on && *on > ShanghaiDay(c.now)) {
                      violations.push_back({"inspected_on", "检查日期不能晚于今天"});
                    }
                    if (r.result() == v1::INSPECTION_RESULT_FAILED && r.findings().empty()) {
                      violations.push_back({"findings", "不合格须说明发现的问题"});
                    }
                    RETURN_IF_ERROR(ToStatus(std::move(violations)));
                    if (row->last_inspection_on && on < row->last_inspection_on) {
                      return Refusal("REPORT_OUT_OF_ORDER", "检查日期早于上次检查").Build();
                    }
                    row->last_inspection = static_cast<Inspection>(r.result());
                    row->last_inspection_on = on;
                    return TakeEvidence(m, row->id, r.evidence(), "RecordInspection", "evidence",
                                        States().EvidenceKinds("record_inspection"));
                  });
  });
}

absl::StatusOr<v1::BatchHandOverResponse> AssetHandlers::BatchHandOver(
    rpc::CallContext& c, const v1::BatchHandOverRequest& r) {
  v1::HandOverRequest one;
  one.set_custodian(r.custodian());
  *one.mutable_transferred_date() = r.transferred_date();
  one.set_accepted_by(r.accepted_by());
  one.set_validate_only(r.validate_only());
  v1::BatchHandOverResponse out;
  RETURN_IF_ERROR(rpc::RunBulk(
      c, r, Cat(kService, "HandOver"), std::move(one),
      [this](rpc::CallContext& item, const v1::HandOverRequest& step) {
        return HandOver(item, step);
      },
      out.mutable_results()));
  return out;
}

absl::StatusOr<v1::BatchReturnCustodyResponse> AssetHandlers::BatchReturnCustody(
    rpc::CallContext& c, const v1::BatchReturnCustodyRequest& r) {
  v1::ReturnCustodyRequest one;
  one.set_reason(r.reason());
  *one.mutable_returned_date() = r.returned_date();
  one.set_validate_only(r.validate_only());
  v1::BatchReturnCustodyResponse out;
  RETURN_IF_ERROR(rpc::RunBulk(
      c, r, Cat(kService, "ReturnCustody"), std::move(one),
      [this](rpc::CallContext& item, const v1::ReturnCustodyRequest& step) {
        return ReturnCustody(item, step);
      },
      out.mutable_results()));
  return out;
}

absl::StatusOr<v1::BatchRecordInspectionResponse> AssetHandlers::BatchRecordInspection(
    rpc::CallContext& c, const v1::BatchRecordInspectionRequest& r) {
  v1::RecordInspectionRequest one;
  *one.mutable_inspected_on() = r.inspected_on();
  one.set_result(r.result());
  one.set_findings(r.findings());
  one.set_validate_only(r.validate_only());
  v1::BatchRecordInspectionResponse out;
  RETURN_IF_ERROR(rpc::RunBulk(
      c, r, Cat(kService, "RecordInspection"), std::move(one),
      [this](rpc::CallContext& item, const v1::RecordInspectionRequest& step) {
        return RecordInspection(item, step);
      },
      out.mutable_results()));
  return out;
}

absl::StatusOr<v1::Asset> AssetHandlers::VoidAsset(rpc::CallContext& c,
                                                   const v1::VoidAssetRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return Change(
        m, r.id(), r.etag(), r.reason(),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(m.tx(), {row->id}));
          ASSIGN_OR_RETURN(
              row->state, Execute(States(), c, *row, SubjectOf(*row, !referenced.empty()), "void"));
          row->void_reason = r.reason();
          return absl::OkStatus();
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::GetAsset(rpc::CallContext& c,
                                                  const v1::GetAssetRequest& r) {
  ASSIGN_OR_RETURN(const store::AssetRow row, Load(c.db, r.id(), c.scope));
  ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(c.db, {row.id}));
  v1::Asset out = ToAsset(row);
  AddAllowedActions(c, row, !referenced.empty(), &out);
  return out;
}

absl::StatusOr<v1::BatchGetAssetsResponse> AssetHandlers::BatchGetAssets(
    rpc::CallContext& c, const v1::BatchGetAssetsRequest& r) {
  std::vector<Ulid> ids;
  for (const std::string& id : r.ids()) {
    ASSIGN_OR_RETURN(const Ulid ulid, Ulid::Parse(id));
    ids.push_back(ulid);
  }
  ASSIGN_OR_RETURN(const std::vector<store::AssetRow> rows, store::FindAssets(c.db, ids, c.scope));
  ASSIGN_OR_RETURN(const auto referenced, store::ReferencedAssets(c.db, ids));
  std::map<Ulid, const store::AssetRow*> by_id;
  for (const store::AssetRow& row : rows) by_id[row.id] = &row;
  v1::BatchGetAssetsResponse out;
  for (size_t i = 0; i < ids.size(); ++i) {
    const auto it = by_id.find(ids[i]);
    if (it == by_id.end()) {
      out.add_not_found(r.ids(static_cast<int>(i)));
    } else {
      v1::Asset& asset = *out.add_assets();
      asset = ToAsset(*it->second);
      AddAllowedActions(c, *it->second, referenced.count(ids[i]) > 0, &asset);
    }
  }
  return out;
}

absl::StatusOr<v1::ListAssetsResponse> AssetHandlers::ListAssets(rpc::CallContext& c,
                                                                 const v1::ListAssetsRequest& r) {
  store::AssetFilter filter;
  if (!r.region_code().empty()) {
    ASSIGN_OR_RETURN(filter.region_prefix, NormalizeRegionCode(r.region_code()));
    // A code that was replaced stands for what it is today.
    ASSIGN_OR_RETURN(const auto path, store::RegionPath(c.db, filter.region_prefix));
    if (path && !path->empty()) filter.region_prefix = *path;
  }
  if (!r.project_id().empty()) {
    ASSIGN_OR_RETURN(filter.project_id, Ulid::Parse(r.project_id()));
  }
  filter.asset_class = r.asset_class();
  filter.use_state = r.use_state();
  filter.title_status = r.title_status();
  filter.state = r.state();
  filter.asset_code = r.asset_code();
  v1::ListAssetsRequest query = r;
  query.clear_page_size();
  query.clear_page_token();
  const std::string bytes = query.SerializeAsString();
  ASSIGN_OR_RETURN(const int size, ResolvePageSize(r.page_size()));
  const auto key = DecodePageToken(r.page_token(), bytes);
  if (!key.ok()) return InvalidField("page_token", "页码标记无效").Build();
  std::string after_region;
  std::optional<Ulid> after_id;
  if (key->size() == 2) {
    after_region = (*key)[0];
    ASSIGN_OR_RETURN(after_id, Ulid::Parse((*key)[1]));
  }
  ASSIGN_OR_RETURN(std::vector<store::AssetRow> rows,
                   store::ListAssets(c.db, c.scope, filter, after_region, after_id, size + 1));
  v1::ListAssetsResponse out;
  if (rows.size() > static_cast<size_t>(size)) {
    rows.resize(static_cast<size_t>(size));
    out.set_next_page_token(
        EncodePageToken({rows.back().region_path, rows.back().id.ToString()}, bytes));
  }
  for (const store::AssetRow& row : rows) *out.add_assets() = ToAsset(row);
  return out;
}

absl::StatusOr<v1::ProjectAssetFacts> AssetHandlers::GetProjectAssetFacts(
    rpc::CallContext& c, const v1::GetProjectAssetFactsRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.project_id()));
  ASSIGN_OR_RETURN(const std::optional<store::FactsRow> row, store::FindFacts(c.db, id, c.scope));
  if (!row) return NotFound("project_asset_facts", r.project_id()).Build();
  v1::ProjectAssetFacts facts;
  if (!facts.ParseFromString(row->facts)) return absl::DataLossError("stored facts are malformed");
  return facts;
}

absl::StatusOr<v1::CheckProjectAssetsResponse> AssetHandlers::CheckProjectAssets(
    rpc::CallContext& c, const v1::CheckProjectAssetsRequest& r) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(r.project_id()));
  store::AssetFilter filter;
  filter.project_id = id;
  filter.state = static_cast<int>(AssetState::kActive);
  ASSIGN_OR_RETURN(const auto rows,
                   store::ListAssets(c.db, c.scope, filter, "", std::nullopt, 1000));
  v1::CheckProjectAssetsResponse out;
  std::string versions;
  int64_t value = 0;
  for (const store::AssetRow& row : rows) {
    value += row.original_value_fen;
    versions += Cat(row.id.ToString(), "/", row.version, ";");
  }
  out.set_registered(!rows.empty());
  out.set_asset_count(static_cast<int32_t>(rows.size()));
  out.set_original_value_fen(value);
  out.set_snapshot_id(Sha256Hex(versions));
  return out;
}

absl::StatusOr<v1::GetOwnershipDescentResponse> AssetHandlers::GetOwnershipDescent(
    rpc::CallContext& c, const v1::GetOwnershipDescentRequest& r) {
  ASSIGN_OR_RETURN(const std::string region, NormalizeRegionCode(r.region_code()));
  ASSIGN_OR_RETURN(const auto rows, store::OwnershipDescent(c.db, c.scope, region));
  v1::GetOwnershipDescentResponse out;
  for (const store::DescentRow& row : rows) {
    v1::OwnershipDescent* to = out.add_counties();
    to->set_region_path(row.county);
    to->set_year(static_cast<int32_t>(row.year));
    to->set_value_fen(row.value_fen);
    to->set_owned_known_fen(row.owned_known_fen);
    to->set_owned_village_fen(row.owned_village_fen);
    to->set_income_known_fen(row.income_known_fen);
    to->set_income_village_fen(row.income_village_fen);
    to->set_ownership_bp(static_cast<int32_t>(RatioBp(row.owned_village_fen, row.owned_known_fen)));
    to->set_income_bp(static_cast<int32_t>(RatioBp(row.income_village_fen, row.income_known_fen)));
  }
  return out;
}

}  // namespace bangfu::asset::api
