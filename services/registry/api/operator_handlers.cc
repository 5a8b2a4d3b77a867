#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "common/base/clock.h"
#include "common/base/uscc.h"
#include "common/contract/time.h"
#include "common/external/external_ids.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/record_subjects.h"
#include "services/registry/domain/record_actions.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

// Operators are seen by everyone: one runs projects in many counties.
const RegionScope kEverywhere = {""};

constexpr char kOperator[] = "operator";
constexpr char kHelper[] = "helper_organisation";

// Where a caller asks by a number in another system, those with it: one or none.
absl::Status ByExternalId(mysql::Executor& db, std::string_view kind, const std::string& system,
                          const std::string& id, std::vector<Condition>* where) {
  if (id.empty() && system.empty()) return absl::OkStatus();
  if (id.empty()) return InvalidField("external_id", "请填写外部编号");
  if (system.empty()) return InvalidField("external_system", "请填写外部系统");
  ASSIGN_OR_RETURN(const std::optional<Ulid> found,
                   external::FindByExternalId(db, kind, system, id));
  where->push_back({"id = ?", {found.value_or(Ulid())}, /*narrow=*/true});
  return absl::OkStatus();
}

v1::Operator OperatorOf(const Record& record) {
  v1::Operator o = FromBytes<v1::Operator>(record.bytes);
  o.set_id(record.id.ToString());
  o.set_region_path(record.region_path);
  o.set_etag(EtagOf(record.version));
  return o;
}

v1::HelperOrganisation HelperOf(const Record& record) {
  v1::HelperOrganisation h = FromBytes<v1::HelperOrganisation>(record.bytes);
  h.set_id(record.id.ToString());
  h.set_region_path(record.region_path);
  h.set_etag(EtagOf(record.version));
  return h;
}

template <typename T>
Record RecordOf(const Ulid& id, int64_t version, T message) {
  message.clear_etag();
  return {id, message.region_path(), version, ToBytes(message)};
}

absl::Status CheckOperator(mysql::Executor& db, const Context& context, v1::Operator* o) {
  Error error = Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID").Zh("填报内容有误");
  bool bad = false;
  const auto wrong = [&](std::string_view field, std::string_view zh) {
    error.Field(field, zh);
    bad = true;
  };
  const absl::StatusOr<std::string> uscc = NormalizeUscc(o->uscc());
  if (!uscc.ok()) {
    wrong("operator.uscc", o->uscc().empty() ? "必填" : "统一社会信用代码校验不通过");
  } else {
    o->set_uscc(*uscc);
  }
  if (o->name().empty()) wrong("operator.name", "必填");
  if (o->kind().empty()) wrong("operator.kind", "必填");
  if (o->region_code().empty()) wrong("operator.region_code", "必填");
  for (int i = 0; i < o->related_parties_size(); ++i) {
    const v1::RelatedParty& r = o->related_parties(i);
    if (r.uscc().empty() == r.person_hash().empty()) {
      wrong(absl::StrCat("operator.related_parties[", i, "]"), "填写机构代码或人员摘要之一");
    }
  }
  if (o->dishonest() && !o->has_dishonest_since())
    wrong("operator.dishonest_since", "须填写失信认定日期");
  if (o->abnormal() && !o->has_abnormal_since())
    wrong("operator.abnormal_since", "须填写列入异常日期");
  if (bad) return error;
  CodeCheck codes;
  codes.Want("OPERATOR_KIND", o->kind(), "operator.kind");
  codes.Want("REGISTRATION_STATE", o->registration_state(), "operator.registration_state");
  for (int i = 0; i < o->related_parties_size(); ++i) {
    codes.Want("RELATION", o->related_parties(i).relation(),
               absl::StrCat("operator.related_parties[", i, "].relation"));
  }
  RETURN_IF_ERROR(codes.Run(db, ShanghaiDay(context.now)));
  ASSIGN_OR_RETURN(const std::string path,
                   ResolvePath(db, o->region_code(), "operator.region_code"));
  o->set_region_path(path);
  return absl::OkStatus();
}

mysql::Params OperatorColumns(const v1::Operator& o) {
  // A void one gives its code free.
  const auto uscc = o.is_void() ? std::nullopt : std::optional<std::string>(o.uscc());
  return {uscc, o.name(), o.kind(), o.is_void()};
}

// What the caller could want to do. Who names it is looked for only where its void hangs on that.
template <typename T, typename UsedBy>
absl::Status TellActions(const Context& context, const RecordTransitions& table,
                         const UsedBy& used_by, T* record) {
  const workflow::Actor actor = workflow::ActorAt(context.caller, record->region_path());
  std::vector<workflow::AllowedAction> told = table.Allowed(SubjectOf(*record), actor);
  const bool may_void =
      std::any_of(told.begin(), told.end(), [](const workflow::AllowedAction& action) {
        return action.action == "void" && action.allowed;
      });
  if (may_void) {
    ASSIGN_OR_RETURN(std::string project, used_by());
    if (!project.empty()) told = table.Allowed(SubjectOf(*record, std::move(project)), actor);
  }
  workflow::FillAllowedActions(told, record->mutable_allowed_actions());
  return absl::OkStatus();
}

absl::Status PublishOperator(Mutation& m, const Ulid& id, const v1::Operator* before,
                             const v1::Operator& after, std::string_view reason = "") {
  RETURN_IF_ERROR(m.Audit("operator", id, after.region_path(), before, after, reason));
  v1::OperatorChanged event;
  *event.mutable_operator_() = after;
  // Reference for every county: subscribers of all regions see it.
  return m.Publish("operator", id, "", event);
}

absl::StatusOr<v1::Operator> CreateOperator(Context& context,
                                            const v1::CreateOperatorRequest& request) {
  return rpc::Mutate<v1::Operator>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Operator> {
        v1::Operator o = request.operator_();
        o.clear_is_void();
        o.clear_void_reason();
        RETURN_IF_ERROR(CheckOperator(m.tx(), context, &o));
        const Ulid id = context.ids.Next();
        o.set_id(id.ToString());
        const absl::Status inserted =
            OperatorTable().Insert(m.tx(), RecordOf(id, 1, o), OperatorColumns(o));
        if (mysql::IsDuplicateKey(inserted)) {
          ASSIGN_OR_RETURN(const auto taken,
                           OperatorTable().Find(m.tx(), Equals("uscc", o.uscc())));
          return Error(absl::StatusCode::kAlreadyExists, "USCC_TAKEN")
              .Zh("统一社会信用代码已登记")
              .With("operator_id", taken ? taken->id.ToString() : "")
              .Build();
        }
        RETURN_IF_ERROR(inserted);
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kOperator, id, o.external_ids(),
                                                 "operator.external_ids"));
        o.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishOperator(m, id, nullptr, o));
        return o;
      });
}

absl::StatusOr<v1::Operator> UpdateOperator(Context& context,
                                            const v1::UpdateOperatorRequest& request) {
  return rpc::Mutate<v1::Operator>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Operator> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        // Written by those of its region.
        ASSIGN_OR_RETURN(Record record, OperatorTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::Operator before = OperatorOf(record);
        RETURN_IF_ERROR(CheckStep(context, OperatorTransitions(), before, "update"));
        v1::Operator o = before;
        RETURN_IF_ERROR(ApplyMask(request.update_mask(), request.operator_(),
                                  {"id", "uscc", "region_path", "etag", "is_sample", "is_void",
                                   "void_reason", "allowed_actions"},
                                  &o));
        RETURN_IF_ERROR(CheckOperator(m.tx(), context, &o));
        o.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(OperatorTable().Update(m.tx(), RecordOf(id, record.version + 1, o),
                                               OperatorColumns(o)));
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kOperator, id, o.external_ids(),
                                                 "operator.external_ids"));
        RETURN_IF_ERROR(PublishOperator(m, id, &before, o));
        return o;
      });
}

absl::StatusOr<v1::Operator> VoidOperator(Context& context,
                                          const v1::VoidOperatorRequest& request) {
  return rpc::Mutate<v1::Operator>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::Operator> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        RETURN_IF_ERROR(OperatorTable().Get(m.tx(), id, context.scope).status());
        // Held, so that no project comes that names it.
        ASSIGN_OR_RETURN(const std::vector<Record> locked, OperatorTable().Lock(m.tx(), {id}));
        if (locked.empty()) return NotFound("operator", request.id()).Build();
        const Record& record = locked.front();
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::Operator before = OperatorOf(record);
        ASSIGN_OR_RETURN(const std::string project, FindProjectOfOperator(m.tx(), id));
        RETURN_IF_ERROR(CheckStep(context, OperatorTransitions(), before, "void", project));
        v1::Operator o = before;
        o.set_is_void(true);
        o.set_void_reason(request.reason());
        o.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(OperatorTable().Update(m.tx(), RecordOf(id, record.version + 1, o),
                                               OperatorColumns(o)));
        // It gives its numbers free, as its code.
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kOperator, id, {}, ""));
        RETURN_IF_ERROR(PublishOperator(m, id, &before, o, request.reason()));
        return o;
      });
}

absl::StatusOr<v1::Operator> GetOperator(Context& context, const v1::GetOperatorRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, OperatorTable().Get(context.db, id, kEverywhere));
  v1::Operator o = OperatorOf(record);
  RETURN_IF_ERROR(TellActions(
      context, OperatorTransitions(), [&] { return FindProjectOfOperator(context.db, id); }, &o));
  return o;
}

absl::StatusOr<v1::Operator> LookupOperator(Context& context,
                                            const v1::LookupOperatorRequest& request) {
  const absl::StatusOr<std::string> uscc = NormalizeUscc(request.uscc());
  if (!uscc.ok()) return InvalidField("uscc", "统一社会信用代码校验不通过").Build();
  ASSIGN_OR_RETURN(const auto record, OperatorTable().Find(context.db, Equals("uscc", *uscc)));
  if (!record) return NotFound("operator", request.uscc()).Build();
  return OperatorOf(*record);
}

absl::StatusOr<v1::ListOperatorsResponse> ListOperators(Context& context,
                                                        const v1::ListOperatorsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const std::string path,
                   ResolvePath(context.db, request.region_code(), "region_code"));
  std::vector<Condition> where;
  if (!request.kind().empty()) where.push_back(Equals("kind", request.kind()));
  if (!request.name_prefix().empty()) {
    where.push_back(StartsWith("name", request.name_prefix()));
  }
  if (!request.include_void()) where.push_back(Equals("is_void", false));
  RETURN_IF_ERROR(ByExternalId(context.db, kOperator, request.external_system(),
                               request.external_id(), &where));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   OperatorTable().List(context.db, {path}, where, page.after(), page.size + 1));
  v1::ListOperatorsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_operators() = OperatorOf(row);
  return response;
}

absl::Status CheckHelper(mysql::Executor& db, const Context& context, v1::HelperOrganisation* h) {
  if (h->name().empty()) return InvalidField("helper.name", "必填");
  if (h->region_code().empty()) return InvalidField("helper.region_code", "必填");
  if (h->period().has_from() && h->period().has_to() &&
      DayOf(h->period().to()) < DayOf(h->period().from())) {
    return InvalidField("helper.period.to", "结束不能早于开始");
  }
  CodeCheck codes;
  for (int i = 0; i < h->contributions_size(); ++i) {
    codes.Want("CONTRIBUTION_KIND", h->contributions(i).kind(),
               absl::StrCat("helper.contributions[", i, "].kind"));
  }
  RETURN_IF_ERROR(codes.Run(db, ShanghaiDay(context.now)));
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, h->region_code(), "helper.region_code"));
  RETURN_IF_ERROR(CheckInScope(context, path, h->region_code()));
  h->set_region_path(path);
  return absl::OkStatus();
}

absl::Status PublishHelper(Mutation& m, const Ulid& id, const v1::HelperOrganisation* before,
                           const v1::HelperOrganisation& after, std::string_view reason = "") {
  RETURN_IF_ERROR(m.Audit("helper_organisation", id, after.region_path(), before, after, reason));
  v1::HelperOrganisationChanged event;
  *event.mutable_helper() = after;
  return m.Publish("helper_organisation", id, after.region_path(), event);
}

absl::StatusOr<v1::HelperOrganisation> CreateHelper(
    Context& context, const v1::CreateHelperOrganisationRequest& request) {
  return rpc::Mutate<v1::HelperOrganisation>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::HelperOrganisation> {
        v1::HelperOrganisation h = request.helper();
        h.clear_is_void();
        h.clear_void_reason();
        RETURN_IF_ERROR(CheckHelper(m.tx(), context, &h));
        const Ulid id = context.ids.Next();
        h.set_id(id.ToString());
        RETURN_IF_ERROR(HelperTable().Insert(m.tx(), RecordOf(id, 1, h), {false}));
        RETURN_IF_ERROR(
            external::PutExternalIds(m.tx(), kHelper, id, h.external_ids(), "helper.external_ids"));
        h.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishHelper(m, id, nullptr, h));
        return h;
      });
}

absl::StatusOr<v1::HelperOrganisation> UpdateHelper(
    Context& context, const v1::UpdateHelperOrganisationRequest& request) {
  return rpc::Mutate<v1::HelperOrganisation>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::HelperOrganisation> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(Record record, HelperTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::HelperOrganisation before = HelperOf(record);
        RETURN_IF_ERROR(CheckStep(context, HelperTransitions(), before, "update"));
        v1::HelperOrganisation h = before;
        RETURN_IF_ERROR(ApplyMask(
            request.update_mask(), request.helper(),
            {"id", "region_path", "etag", "is_void", "void_reason", "allowed_actions"}, &h));
        RETURN_IF_ERROR(CheckHelper(m.tx(), context, &h));
        h.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(HelperTable().Update(m.tx(), RecordOf(id, record.version + 1, h), {false}));
        RETURN_IF_ERROR(
            external::PutExternalIds(m.tx(), kHelper, id, h.external_ids(), "helper.external_ids"));
        RETURN_IF_ERROR(PublishHelper(m, id, &before, h));
        return h;
      });
}

absl::StatusOr<v1::HelperOrganisation> VoidHelper(
    Context& context, const v1::VoidHelperOrganisationRequest& request) {
  return rpc::Mutate<v1::HelperOrganisation>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::HelperOrganisation> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        RETURN_IF_ERROR(HelperTable().Get(m.tx(), id, context.scope).status());
        // Held, so that no project comes that names it.
        ASSIGN_OR_RETURN(const std::vector<Record> locked, HelperTable().Lock(m.tx(), {id}));
        if (locked.empty()) return NotFound("helper_organisation", request.id()).Build();
        const Record& record = locked.front();
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::HelperOrganisation before = HelperOf(record);
        // Before anything is searched.
        RETURN_IF_ERROR(CheckStep(context, HelperTransitions(), before, "void"));
        ASSIGN_OR_RETURN(const std::string project,
                         FindProjectNaming(m.tx(), HelperTable(), id, before.region_path()));
        RETURN_IF_ERROR(CheckStep(context, HelperTransitions(), before, "void", project));
        v1::HelperOrganisation h = before;
        h.set_is_void(true);
        h.set_void_reason(request.reason());
        h.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(HelperTable().Update(m.tx(), RecordOf(id, record.version + 1, h), {true}));
        RETURN_IF_ERROR(external::PutExternalIds(m.tx(), kHelper, id, {}, ""));
        RETURN_IF_ERROR(PublishHelper(m, id, &before, h, request.reason()));
        return h;
      });
}

absl::StatusOr<v1::HelperOrganisation> GetHelper(Context& context,
                                                 const v1::GetHelperOrganisationRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, HelperTable().Get(context.db, id, context.scope));
  v1::HelperOrganisation h = HelperOf(record);
  RETURN_IF_ERROR(TellActions(
      context, HelperTransitions(),
      [&] { return FindProjectNaming(context.db, HelperTable(), id, h.region_path()); }, &h));
  return h;
}

absl::StatusOr<v1::ListHelperOrganisationsResponse> ListHelpers(
    Context& context, const v1::ListHelperOrganisationsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.include_void()) where.push_back(Equals("is_void", false));
  RETURN_IF_ERROR(
      ByExternalId(context.db, kHelper, request.external_system(), request.external_id(), &where));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   HelperTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListHelperOrganisationsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_helpers() = HelperOf(row);
  return response;
}

}  // namespace

void RegisterOperatorHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.OperatorService.";
  router.Unary<v1::CreateOperatorRequest, v1::Operator>(service + "CreateOperator", CreateOperator);
  router.Unary<v1::UpdateOperatorRequest, v1::Operator>(service + "UpdateOperator", UpdateOperator);
  router.Unary<v1::VoidOperatorRequest, v1::Operator>(service + "VoidOperator", VoidOperator);
  router.Unary<v1::GetOperatorRequest, v1::Operator>(service + "GetOperator", GetOperator);
  router.Unary<v1::LookupOperatorRequest, v1::Operator>(service + "LookupOperator", LookupOperator);
  router.Unary<v1::ListOperatorsRequest, v1::ListOperatorsResponse>(service + "ListOperators",
                                                                    ListOperators);
  router.Unary<v1::CreateHelperOrganisationRequest, v1::HelperOrganisation>(
      service + "CreateHelperOrganisation", CreateHelper);
  router.Unary<v1::UpdateHelperOrganisationRequest, v1::HelperOrganisation>(
      service + "UpdateHelperOrganisation", UpdateHelper);
  router.Unary<v1::VoidHelperOrganisationRequest, v1::HelperOrganisation>(
      service + "VoidHelperOrganisation", VoidHelper);
  router.Unary<v1::GetHelperOrganisationRequest, v1::HelperOrganisation>(
      service + "GetHelperOrganisation", GetHelper);
  router.Unary<v1::ListHelperOrganisationsRequest, v1::ListHelperOrganisationsResponse>(
      service + "ListHelperOrganisations", ListHelpers);
}

}  // namespace bangfu::registry
