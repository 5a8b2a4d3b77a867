// Brands, technical pairings and training: the records of what serves an industry.
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "common/base/clock.h"
#include "common/rpc/mutation.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/industries.h"
#include "services/registry/api/record_message.h"
#include "services/registry/domain/project.h"
#include "services/registry/store/industry_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using rpc::Mutation;

// The subject of a record, when it names one: it must be visible and lie in the record's region or
// the other way round.
absl::Status CheckSubjects(Context& context, mysql::Executor& db, const std::string& industry_id,
                           const std::string& project_id, std::string_view prefix) {
  if (const auto id = OptionalId(industry_id)) {
    const absl::StatusOr<Record> industry = IndustryTable().Get(db, *id, context.scope);
    if (!industry.ok()) return InvalidField(Cat(prefix, ".industry_id"), "产业不存在");
    RETURN_IF_ERROR(CheckIndustryScope(context, db, industry->region_path,
                                       MessageOf<v1::Industry>(*industry).industry_code()));
  }
  if (const auto id = OptionalId(project_id)) {
    const absl::StatusOr<ProjectRow> project = GetProject(db, *id, context.scope);
    if (!project.ok()) return InvalidField(Cat(prefix, ".project_id"), "项目不存在");
    ASSIGN_OR_RETURN(const Categories categories, CategoriesFor(db, context.caller));
    RETURN_IF_ERROR(workflow::CheckScope(
        context.caller, context.roles, project->region_path,
        FacetsOf(FromBytes<v1::Project>(project->record), categories), "办理该项目的事项"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> OwnRegion(Context& context, mysql::Executor& db,
                                      const std::string& code, std::string_view field) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(db, code, field));
  RETURN_IF_ERROR(CheckInScope(context, path, code));
  return path;
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
        if (before.has_ended_on())
          return FailedPrecondition("STATE_NOT_ALLOWED", "认证已注销").Build();
        RETURN_IF_ERROR(
            CheckSubjects(context, m.tx(), before.industry_id(), before.project_id(), "brand"));
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

absl::StatusOr<v1::TechPairing> CreatePairing(Context& context,
                                              const v1::CreateTechPairingRequest& request) {
  return rpc::Mutate<v1::TechPairing>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::TechPairing> {
        v1::TechPairing t = request.pairing();
        const auto from = t.period().has_from() ? DayOf(t.period().from()) : std::nullopt;
        const auto to = t.period().has_to() ? DayOf(t.period().to()) : std::nullopt;
        if (from && to && *to < *from)
          return InvalidField("pairing.period.to", "结束不能早于开始").Build();
        CodeCheck codes;
        codes.Want("PAIRING_KIND", t.kind(), "pairing.kind");
        RETURN_IF_ERROR(codes.Run(m.tx(), ShanghaiDay(context.now)));
        ASSIGN_OR_RETURN(const std::string path,
                         OwnRegion(context, m.tx(), t.region_code(), "pairing.region_code"));
        t.set_region_path(path);
        RETURN_IF_ERROR(CheckSubjects(context, m.tx(), t.industry_id(), t.project_id(), "pairing"));
        const Ulid id = context.ids.Next();
        t.set_id(id.ToString());
        RETURN_IF_ERROR(TechPairingTable().Insert(
            m.tx(), RecordOf(id, 1, t),
            {OptionalId(t.industry_id()), t.team_name(), from, to, t.visits()}));
        t.set_etag(EtagOf(1));
        RETURN_IF_ERROR(m.Audit("tech_pairing", id, path, nullptr, t));
        v1::TechPairingChanged event;
        *event.mutable_pairing() = t;
        RETURN_IF_ERROR(m.Publish("tech_pairing", id, path, event));
        return t;
      });
}

absl::StatusOr<v1::ListTechPairingsResponse> ListPairings(
    Context& context, const v1::ListTechPairingsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (const auto id = OptionalId(request.industry_id()))
    where.push_back(Equals("industry_id", *id));
  ASSIGN_OR_RETURN(std::vector<Record> rows,
                   TechPairingTable().List(context.db, scope, where, page.after(), page.size + 1));
  v1::ListTechPairingsResponse response;
  ClosePage(page, &rows, &response, RecordKey);
  for (const Record& row : rows) *response.add_pairings() = MessageOf<v1::TechPairing>(row);
  return response;
}

absl::StatusOr<v1::TrainingRecord> CreateTraining(Context& context,
                                                  const v1::CreateTrainingRecordRequest& request) {
  return rpc::Mutate<
      v1::TrainingRecord>(context, request, [&](Mutation& m) -> absl::StatusOr<v1::TrainingRecord> {
    v1::TrainingRecord t = request.training();
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
    RETURN_IF_ERROR(TrainingTable().Insert(
        m.tx(), RecordOf(id, 1, t), {t.programme(), *day, t.persons(), t.poor_labour_persons()}));
    t.set_etag(EtagOf(1));
    RETURN_IF_ERROR(m.Audit("training_record", id, path, nullptr, t));
    v1::TrainingRecordChanged event;
    *event.mutable_training() = t;
    RETURN_IF_ERROR(m.Publish("training_record", id, path, event));
    return t;
  });
}

absl::StatusOr<v1::ListTrainingRecordsResponse> ListTrainings(
    Context& context, const v1::ListTrainingRecordsRequest& request) {
  ASSIGN_OR_RETURN(const Page page, OpenPage(request));
  ASSIGN_OR_RETURN(const RegionScope scope, ScopeAt(context, request.region_code()));
  std::vector<Condition> where;
  if (!request.programme().empty()) where.push_back(Equals("programme", request.programme()));
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
  router.Unary<v1::CreateTechPairingRequest, v1::TechPairing>(service + "CreateTechPairing",
                                                              CreatePairing);
  router.Unary<v1::ListTechPairingsRequest, v1::ListTechPairingsResponse>(
      service + "ListTechPairings", ListPairings);
  router.Unary<v1::CreateTrainingRecordRequest, v1::TrainingRecord>(
      service + "CreateTrainingRecord", CreateTraining);
  router.Unary<v1::ListTrainingRecordsRequest, v1::ListTrainingRecordsResponse>(
      service + "ListTrainingRecords", ListTrainings);
  router.Unary<v1::GetServiceSummaryRequest, v1::ServiceSummary>(service + "GetServiceSummary",
                                                                 Summary);
}

}  // namespace bangfu::registry
