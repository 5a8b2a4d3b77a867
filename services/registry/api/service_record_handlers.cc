// Brands and training: the records of what serves an industry.
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/clock.h"
#include "common/contract/time.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/record_message.h"
#include "services/registry/api/record_subjects.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/record_actions.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

BrandState StateOf(const v1::BrandCertification& brand) {
  return brand.has_ended_on() ? BrandState::kEnded : BrandState::kRegistered;
}

absl::Status PublishBrand(Mutation& m, const Ulid& id, const v1::BrandCertification* before,
                          const v1::BrandCertification& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("brand_certification", id, after.region_path(), before, after, reason));
  v1::BrandCertificationChanged event;
  *event.mutable_brand() = after;
  return m.Publish("brand_certification", id, after.region_path(), event);
}

mysql::Params BrandColumns(const v1::BrandCertification& b) {
  std::optional<absl::CivilDay> to = b.has_expires_on() ? DayOf(b.expires_on()) : std::nullopt;
  if (b.has_ended_on()) {
    const auto ended = DayOf(b.ended_on());
    if (!to || (ended && *ended < *to)) to = ended;
  }
  return {OptionalId(b.industry_id()),
          OptionalId(b.project_id()),
          b.brand_type(),
          b.certificate_no(),
          b.has_valid_from() ? DayOf(b.valid_from()) : std::optional<absl::CivilDay>(),
          to};
}

absl::StatusOr<v1::BrandCertification> CreateBrand(
    Context& context, const v1::CreateBrandCertificationRequest& request) {
  return rpc::Mutate<v1::BrandCertification>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::BrandCertification> {
        v1::BrandCertification b = request.brand();
        if (b.industry_id().empty() && b.project_id().empty()) {
          return InvalidField("brand.industry_id", "须对应产业或项目").Build();
        }
        if (b.has_valid_from() && b.has_expires_on() &&
            DayOf(b.expires_on()) < DayOf(b.valid_from())) {
          return InvalidField("brand.expires_on", "有效期止不能早于有效期起").Build();
        }
        CodeCheck codes;
        codes.Want("BRAND_TYPE", b.brand_type(), "brand.brand_type");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const std::string path,
                         OwnRegion(context, m.tx(), b.region_code(), "brand.region_code"));
        b.set_region_path(path);
        RETURN_IF_ERROR(CheckSubjects(context, m.tx(), b.industry_id(), b.project_id(), "brand"));
        b.clear_ended_on();
        b.clear_end_reason();
        const Ulid id = context.ids.Next();
        b.set_id(id.ToString());
        const absl::Status inserted =
            BrandTable().Insert(m.tx(), RecordOf(id, 1, b), BrandColumns(b));
        if (mysql::IsDuplicateKey(inserted)) {
          return Error(absl::StatusCode::kAlreadyExists, "BRAND_TAKEN")
              .Zh("该认证编号已登记")
              .Build();
        }
        RETURN_IF_ERROR(inserted);
        b.set_etag(EtagOf(1));
        RETURN_IF_ERROR(PublishBrand(m, id, nullptr, b, ""));
        return b;
      });
}

absl::StatusOr<v1::BrandCertification> EndBrand(Context& context,
                                                const v1::EndBrandCertificationRequest& request) {
  return rpc::Mutate<v1::BrandCertification>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::BrandCertification> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, BrandTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::BrandCertification before = MessageOf<v1::BrandCertification>(record);
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "brand"));
        RETURN_IF_ERROR(BrandTransitions()
                            .Execute(StateOf(before), "end",
                                     workflow::ActorAt(context.caller, record.region_path))
                            .status());
        v1::BrandCertification b = before;
        *b.mutable_ended_on() = request.ended_on();
        b.set_end_reason(request.reason());
        b.set_etag(EtagOf(record.version + 1));
        RETURN_IF_ERROR(
            BrandTable().Update(m.tx(), RecordOf(id, record.version + 1, b), BrandColumns(b)));
        RETURN_IF_ERROR(PublishBrand(m, id, &before, b, request.reason()));
        return b;
      });
}

absl::StatusOr<v1::BrandCertification> GetBrand(Context& context,
                                                const v1::GetBrandCertificationRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, BrandTable().Get(context.db, id, context.scope));
  v1::BrandCertification brand = MessageOf<v1::BrandCertification>(record);
  ASSIGN_OR_RETURN(const std::vector<auth::Facets> subjects,
                   FacetsOfSubjects(context, context.db, brand.industry_id(), brand.project_id()));
  // Every subject that it names has to let the caller through: the first that does not is told.
  std::vector<workflow::AllowedAction> told;
  for (const auth::Facets& thing : subjects) {
    told = BrandTransitions().Allowed(
        StateOf(brand), workflow::ActorAt(context.caller, brand.region_path(), thing));
    if (std::any_of(told.begin(), told.end(),
                    [](const workflow::AllowedAction& action) { return !action.allowed; })) {
      break;
    }
  }
  workflow::FillAllowedActions(told, brand.mutable_allowed_actions());
  return brand;
}

absl::StatusOr<v1::ListBrandCertificationsResponse> ListBrands(
    Context& context, const v1::ListBrandCertificationsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto id = OptionalId(request.industry_id()))
    where.push_back(Equals("industry_id", *id));
  if (const auto id = OptionalId(request.project_id())) where.push_back(Equals("project_id", *id));
  if (request.has_valid_on()) {
    if (const auto day = DayOf(request.valid_on())) {
      where.push_back(ValidOn(*day));
    }
  }
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   BrandTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListBrandCertificationsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_brands() = MessageOf<v1::BrandCertification>(row);
  return response;
}

mysql::Params TrainingColumns(const v1::TrainingRecord& t, absl::CivilDay day) {
  return {t.programme(), day, t.persons(), t.poor_labour_persons(), t.is_void()};
}

absl::Status PublishTraining(Mutation& m, const Ulid& id, const v1::TrainingRecord* before,
                             const v1::TrainingRecord& after, std::string_view reason) {
  RETURN_IF_ERROR(m.Audit("training_record", id, after.region_path(), before, after, reason));
  v1::TrainingRecordChanged event;
  *event.mutable_training() = after;
  return m.Publish("training_record", id, after.region_path(), event);
}

absl::StatusOr<v1::TrainingRecord> CreateTraining(Context& context,
                                                  const v1::CreateTrainingRecordRequest& request) {
  return rpc::Mutate<
      v1::TrainingRecord>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::TrainingRecord> {
    v1::TrainingRecord t = request.training();
    t.clear_is_void();
    t.clear_void_reason();
    const auto day = DayOf(t.held_on());
    if (!day || *day > ShanghaiDay(context.now)) {
      return InvalidField("training.held_on", "培训日期不能晚于今天").Build();
    }
    if (t.poor_labour_persons() > t.persons()) {
      return InvalidField("training.poor_labour_persons", "脱贫劳动力人数不能超过培训人数").Build();
    }
    CodeCheck codes;
    codes.Want("TRAINING_PROGRAMME", t.programme(), "training.programme");
    RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
    ASSIGN_OR_RETURN(const std::string path,
                     OwnRegion(context, m.tx(), t.region_code(), "training.region_code"));
    t.set_region_path(path);
    RETURN_IF_ERROR(CheckSubjects(context, m.tx(), t.industry_id(), t.project_id(), "training"));
    const Ulid id = context.ids.Next();
    t.set_id(id.ToString());
    RETURN_IF_ERROR(TrainingTable().Insert(m.tx(), RecordOf(id, 1, t), TrainingColumns(t, *day)));
    t.set_etag(EtagOf(1));
    RETURN_IF_ERROR(PublishTraining(m, id, nullptr, t, ""));
    return t;
  });
}

absl::StatusOr<v1::TrainingRecord> VoidTraining(Context& context,
                                                const v1::VoidTrainingRecordRequest& request) {
  return rpc::Mutate<v1::TrainingRecord>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TrainingRecord> {
        ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
        ASSIGN_OR_RETURN(const Record record, TrainingTable().Get(m.tx(), id, context.scope));
        RETURN_IF_ERROR(CheckEtag(request.etag(), record.version));
        const v1::TrainingRecord before = MessageOf<v1::TrainingRecord>(record);
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "training"));
        RETURN_IF_ERROR(CheckStep(context, TrainingTransitions(), before, "void"));
        v1::TrainingRecord t = before;
        t.set_is_void(true);
        t.set_void_reason(request.reason());
        t.set_etag(EtagOf(record.version + 1));
        const absl::CivilDay day = DayOf(t.held_on()).value_or(absl::CivilDay());
        RETURN_IF_ERROR(TrainingTable().Update(m.tx(), RecordOf(id, record.version + 1, t),
                                               TrainingColumns(t, day)));
        RETURN_IF_ERROR(PublishTraining(m, id, &before, t, request.reason()));
        return t;
      });
}

absl::StatusOr<v1::TrainingRecord> GetTraining(Context& context,
                                               const v1::GetTrainingRecordRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, ParseId(request.id(), "id"));
  ASSIGN_OR_RETURN(const Record record, TrainingTable().Get(context.db, id, context.scope));
  v1::TrainingRecord t = MessageOf<v1::TrainingRecord>(record);
  ASSIGN_OR_RETURN(
      const std::vector<workflow::AllowedAction> told,
      AllowedWithSubjects(context, TrainingTransitions(), SubjectOf(t), record.region_path,
                          t.industry_id(), t.project_id(), "training"));
  workflow::FillAllowedActions(told, t.mutable_allowed_actions());
  return t;
}

absl::StatusOr<v1::ListTrainingRecordsResponse> ListTrainings(
    Context& context, const v1::ListTrainingRecordsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.programme().empty()) where.push_back(Equals("programme", request.programme()));
  if (!request.include_void()) where.push_back(Equals("is_void", false));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   TrainingTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListTrainingRecordsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_trainings() = MessageOf<v1::TrainingRecord>(row);
  return response;
}

absl::StatusOr<v1::ServiceSummary> Summary(Context& context,
                                           const v1::GetServiceSummaryRequest& request) {
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  const auto from = DayOf(request.period().from());
  const auto to = DayOf(request.period().to());
  if (!from || !to || *to < *from) return InvalidField("period", "须填写起止日期").Build();
  ASSIGN_OR_RETURN(const ServiceFigures f, SumServices(context.db, scope, *from, *to));
  v1::ServiceSummary s;
  s.set_pairings(f.pairings);
  s.set_teams(f.teams);
  s.set_visits(f.visits);
  s.set_trainings(f.trainings);
  s.set_persons(f.persons);
  s.set_poor_labour_persons(f.poor_labour_persons);
  s.set_valid_brands(f.valid_brands);
  return s;
}

}  // namespace

void RegisterServiceRecordHandlers(rpc::Router& router) {
  const std::string service = "bangfu.registry.v1.IndustryService.";
  router.Unary<v1::CreateBrandCertificationRequest, v1::BrandCertification>(
      service + "CreateBrandCertification", CreateBrand);
  router.Unary<v1::EndBrandCertificationRequest, v1::BrandCertification>(
      service + "EndBrandCertification", EndBrand);
  router.Unary<v1::ListBrandCertificationsRequest, v1::ListBrandCertificationsResponse>(
      service + "ListBrandCertifications", ListBrands);
  router.Unary<v1::GetBrandCertificationRequest, v1::BrandCertification>(
      service + "GetBrandCertification", GetBrand);
  router.Unary<v1::CreateTrainingRecordRequest, v1::TrainingRecord>(
      service + "CreateTrainingRecord", CreateTraining);
  router.Unary<v1::VoidTrainingRecordRequest, v1::TrainingRecord>(service + "VoidTrainingRecord",
                                                                  VoidTraining);
  router.Unary<v1::GetTrainingRecordRequest, v1::TrainingRecord>(service + "GetTrainingRecord",
                                                                 GetTraining);
  router.Unary<v1::ListTrainingRecordsRequest, v1::ListTrainingRecordsResponse>(
      service + "ListTrainingRecords", ListTrainings);
  router.Unary<v1::GetServiceSummaryRequest, v1::ServiceSummary>(service + "GetServiceSummary",
                                                                 Summary);
}

}  // namespace bangfu::registry
