#include <algorithm>

#include "bangfu/registry/v1/events.pb.h"
#include "common/base/clock.h"
#include "common/grants/copies.h"
#include "common/recode/recode.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grants.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/reference_messages.h"
#include "services/registry/api/unit_reports.h"
#include "services/registry/store/calendar_store.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/fund_source_store.h"
#include "services/registry/store/operation_report_store.h"
#include "services/registry/store/organisation_store.h"
#include "services/registry/store/parameter_store.h"
#include "services/registry/store/project_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/reference_id.h"
#include "services/registry/store/region_store.h"
#include "services/registry/store/taxonomy_store.h"
#include "services/registry/store/unit_report_store.h"

namespace bangfu::registry {
namespace {

using feed::OutboxEvent;
using Scope = std::optional<feed::RegionPrefixes>;

// When the state was read does not matter to who copies it; its own time is in the record.
OutboxEvent State(std::string_view type, const Ulid& id, std::string_view path,
                  const google::protobuf::Message& state) {
  return feed::MakeEvent(type, id, path, state, absl::UnixEpoch());
}

template <typename T>
T MessageOf(const Record& record) {
  T message = FromBytes<T>(record.bytes);
  message.set_id(record.id.ToString());
  message.set_region_path(record.region_path);
  message.set_etag(EtagOf(record.version));
  return message;
}

// Small tables have no ids of their own: all rows, by the id of their key, cut to the page.
std::vector<OutboxEvent> CutById(std::vector<OutboxEvent> all, const Ulid& after, int limit) {
  std::sort(all.begin(), all.end(), [](const OutboxEvent& a, const OutboxEvent& b) {
    return a.aggregate_id < b.aggregate_id;
  });
  std::vector<OutboxEvent> out;
  for (OutboxEvent& e : all) {
    if (e.aggregate_id > after && static_cast<int>(out.size()) < limit) out.push_back(std::move(e));
  }
  return out;
}

class Snapshot final : public feed::SnapshotSource {
 public:
  // Reference data first: what comes after refers to it.
  std::vector<std::string> aggregate_types() const override {
    return {"region_batch",
            "organisation_batch",
            "code_batch",
            "parameter",
            "industry_category_batch",
            "work_day_batch",
            "fund_source_department",
            "grant",
            "operator",
            "helper_organisation",
            "industry",
            "short_board",
            "leading_industry",
            "brand_certification",
            "tech_pairing",
            "training_record",
            "campaign",
            "unit_report",
            "project",
            "operation_report"};
  }

  absl::StatusOr<std::vector<OutboxEvent>> Page(mysql::Executor& db, const std::string& type,
                                                const Ulid& after, int limit,
                                                const Scope& scope) override {
    std::vector<OutboxEvent> out;
    if (type == "region_batch") {
      ASSIGN_OR_RETURN(const auto rows, ListRegionsById(db, after, limit));
      ASSIGN_OR_RETURN(const std::vector<recode::Move> moves, recode::ListMoves(db));
      for (const RegionRow& row : rows) {
        v1::RegionsChanged e;
        *e.add_regions() = RegionMessage(row);
        for (const recode::Move& move : moves) {
          // Also one to a code that got another since: a copy follows them all, each once.
          if (move.to == row.code) *e.add_moves() = RegionMoveMessage(move);
        }
        out.push_back(State(type, row.id, "", e));
      }
      return out;
    }
    if (type == "organisation_batch") {
      ASSIGN_OR_RETURN(const auto rows, ListOrganisationsById(db, after, limit));
      for (const OrganisationRow& row : rows) {
        v1::OrganisationsChanged e;
        *e.add_organisations() = OrganisationMessage(row);
        out.push_back(State(type, row.id, "", e));
      }
      return out;
    }
    if (type == "code_batch") {
      ASSIGN_OR_RETURN(const auto rows, LoadCodes(db));
      for (const CodeRow& row : rows) {
        v1::CodesChanged e;
        *e.add_codes() = CodeMessage(row);
        out.push_back(State(type, IdOfKey("code", Cat(row.list, "/", row.code)), "", e));
      }
      return CutById(std::move(out), after, limit);
    }
    if (type == "parameter") {
      ASSIGN_OR_RETURN(const auto rows, ListParameters(db));
      for (const ParameterRow& row : rows) {
        v1::ParameterChanged e;
        *e.mutable_parameter() = ParameterMessage(row);
        out.push_back(State(type, IdOfKey("parameter", row.code), "", e));
      }
      return CutById(std::move(out), after, limit);
    }
    if (type == "industry_category_batch") {
      ASSIGN_OR_RETURN(const std::string current, CurrentTaxonomy(db));
      ASSIGN_OR_RETURN(const auto rows, LoadCategories(db, ""));
      for (const CategoryRow& row : rows) {
        v1::IndustryCategoriesChanged e;
        e.set_current_taxonomy_version(current);
        *e.add_categories() = CategoryMessage(row);
        out.push_back(State(
            type, IdOfKey("industry_category", Cat(row.taxonomy_version, "/", row.code)), "", e));
      }
      return CutById(std::move(out), after, limit);
    }
    if (type == "work_day_batch") {
      ASSIGN_OR_RETURN(const auto rows,
                       ListWorkDays(db, absl::CivilDay(2000, 1, 1), absl::CivilDay(2100, 12, 31)));
      for (const WorkDayRow& row : rows) {
        v1::WorkDaysChanged e;
        *e.add_days() = WorkDayMessage(row);
        out.push_back(State(type, IdOfKey("work_day", absl::FormatCivilTime(row.day)), "", e));
      }
      return CutById(std::move(out), after, limit);
    }
    if (type == "fund_source_department") {
      ASSIGN_OR_RETURN(const auto rows, ListFundSourceDepartments(db));
      for (const FundSourceDepartmentRow& row : rows) {
        v1::FundSourceDepartmentChanged e;
        *e.mutable_row() = FundSourceDepartmentMessage(row);
        out.push_back(State(type, row.id, "", e));
      }
      return CutById(std::move(out), after, limit);
    }
    if (type == grants::kAggregate) {
      ASSIGN_OR_RETURN(const auto rows, ListGrantsById(db, scope, after, limit));
      for (const GrantRow& row : rows) {
        out.push_back(State(type, row.facts.id, row.region_path, GrantMessage(row)));
      }
      return out;
    }
    if (type == "project") {
      ASSIGN_OR_RETURN(const auto rows, ListProjectsById(db, scope, after, limit));
      for (const ProjectRow& row : rows) {
        v1::ProjectChanged e;
        *e.mutable_project() = PublicProject(ProjectOf(row));
        out.push_back(State(type, row.id, row.region_path, e));
      }
      return out;
    }
    if (type == "operation_report") {
      ASSIGN_OR_RETURN(const auto rows, ListReportsById(db, scope, after, limit));
      for (const ReportRow& row : rows) {
        v1::OperationReportChanged e;
        v1::OperationReport& r = *e.mutable_report();
        r = FromBytes<v1::OperationReport>(row.record);
        r.set_region_path(row.region_path);
        r.set_etag(EtagOf(row.version));
        out.push_back(State(type, row.id, row.region_path, e));
      }
      return out;
    }
    if (type == "unit_report") {
      ASSIGN_OR_RETURN(const auto rows, ListUnitReportsById(db, scope, after, limit));
      for (const UnitReportRow& row : rows) {
        v1::UnitReportChanged e;
        *e.mutable_unit_report() = UnitReportOf(row);
        out.push_back(State(type, row.id, row.region_path, e));
      }
      return out;
    }
    // Operators belong to no region in the feed.
    if (type == "operator") {
      return Records<v1::Operator, v1::OperatorChanged>(
          db, OperatorTable(), type, after, limit, std::nullopt,
          [](v1::OperatorChanged* e) { return e->mutable_operator_(); }, true);
    }
    if (type == "helper_organisation") {
      return Records<v1::HelperOrganisation, v1::HelperOrganisationChanged>(
          db, HelperTable(), type, after, limit, scope,
          [](v1::HelperOrganisationChanged* e) { return e->mutable_helper(); });
    }
    if (type == "industry") {
      return Records<v1::Industry, v1::IndustryChanged>(
          db, IndustryTable(), type, after, limit, scope,
          [](v1::IndustryChanged* e) { return e->mutable_industry(); });
    }
    if (type == "short_board") {
      return Records<v1::ShortBoard, v1::ShortBoardChanged>(
          db, ShortBoardTable(), type, after, limit, scope,
          [](v1::ShortBoardChanged* e) { return e->mutable_short_board(); });
    }
    if (type == "leading_industry") {
      return Records<v1::LeadingIndustry, v1::LeadingIndustryChanged>(
          db, LeadingIndustryTable(), type, after, limit, scope,
          [](v1::LeadingIndustryChanged* e) { return e->mutable_leading_industry(); });
    }
    if (type == "brand_certification") {
      return Records<v1::BrandCertification, v1::BrandCertificationChanged>(
          db, BrandTable(), type, after, limit, scope,
          [](v1::BrandCertificationChanged* e) { return e->mutable_brand(); });
    }
    if (type == "tech_pairing") {
      return Records<v1::TechPairing, v1::TechPairingChanged>(
          db, TechPairingTable(), type, after, limit, scope,
          [](v1::TechPairingChanged* e) { return e->mutable_pairing(); });
    }
    if (type == "training_record") {
      return Records<v1::TrainingRecord, v1::TrainingRecordChanged>(
          db, TrainingTable(), type, after, limit, scope,
          [](v1::TrainingRecordChanged* e) { return e->mutable_training(); });
    }
    if (type == "campaign") {
      return Records<v1::InventoryCampaign, v1::CampaignChanged>(
          db, CampaignTable(), type, after, limit, scope,
          [](v1::CampaignChanged* e) { return e->mutable_campaign(); });
    }
    return InvalidField("aggregate_types", Cat("没有此类记录：", type)).Build();
  }

 private:
  template <typename Message, typename Event, typename F>
  absl::StatusOr<std::vector<OutboxEvent>> Records(mysql::Executor& db, const RecordTable& table,
                                                   const std::string& type, const Ulid& after,
                                                   int limit, const Scope& scope, F field,
                                                   bool everywhere = false) {
    ASSIGN_OR_RETURN(const std::vector<Record> rows, table.ListById(db, scope, after, limit));
    std::vector<OutboxEvent> out;
    for (const Record& row : rows) {
      Event event;
      *field(&event) = MessageOf<Message>(row);
      out.push_back(State(type, row.id, everywhere ? std::string() : row.region_path, event));
    }
    return out;
  }
};

}  // namespace

std::shared_ptr<feed::SnapshotSource> MakeSnapshotSource() { return std::make_shared<Snapshot>(); }

}  // namespace bangfu::registry
