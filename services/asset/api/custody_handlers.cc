#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/base/strings.h"
#include "common/rpc/bulk.h"
#include "common/rpc/mutation.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/asset/api/asset_handlers.h"
#include "services/asset/api/asset_internal.h"
#include "services/asset/api/checks.h"
#include "services/asset/api/convert.h"

// Use, title and custody (确权、移交、管护): each moves by itself, and many at once.
namespace bangfu::asset::api {

absl::StatusOr<v1::Asset> AssetHandlers::ReportUseState(rpc::CallContext& c,
                                                        const v1::ReportUseStateRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), "", [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          RETURN_IF_ERROR(CheckAssetAction(c, *row, "report_use"));
          std::vector<FieldViolation> violations;
          Use use = UseFrom(r.use(), "use", &violations);
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          const Use previous = UseFromReport(row->use_report);
          const UseContext context{ShanghaiDay(c.now), row->formed_date, row->cultivation_ends,
                                   &previous};
          RETURN_IF_ERROR(CheckUse(context, "use", &use));
          ApplyUse(use, row);
          for (const char* field : {"idle_since", "use_state", "irreparable"}) {
            FilledIn(row, field);
          }
          return TakeAssetEvidence(m, row->id, r.use().evidence(), "ReportUseState", "use.evidence",
                                   States().EvidenceKinds("report_use"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::RegisterTitle(rpc::CallContext& c,
                                                       const v1::RegisterTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), "", [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(
              row->title_status,
              ExecuteOnAsset(Titles(), c, *row, SubjectOf(*row, false), "register_title"));
          std::vector<FieldViolation> violations;
          row->title_date = DayFrom(r.title_date(), "title_date", &violations);
          if (row->title_date && *row->title_date > ShanghaiDay(c.now)) {
            violations.push_back({"title_date", "确权日期不能晚于今天"});
          }
          row->title_cert_no = r.cert_no();
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          for (const char* field : {"title_status", "title_cert_no"}) FilledIn(row, field);
          return TakeAssetEvidence(m, row->id, r.evidence(), "RegisterTitle", "evidence",
                                   Titles().EvidenceKinds("register_title"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::DisputeTitle(rpc::CallContext& c,
                                                      const v1::DisputeTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), r.reason(),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(
              row->title_status,
              ExecuteOnAsset(Titles(), c, *row, SubjectOf(*row, false), "dispute_title"));
          row->title_disputed_by = ToActor(c.caller, c.roles, row->region_path).SerializeAsString();
          return TakeAssetEvidence(m, row->id, r.evidence(), "DisputeTitle", "evidence",
                                   Titles().EvidenceKinds("dispute_title"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::SettleTitle(rpc::CallContext& c,
                                                     const v1::SettleTitleRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(m, r.id(), r.etag(), r.reason(),
                       [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                         v1::AssetDetails details = DetailsOf(*row);
                         std::vector<FieldViolation> violations;
                         if (r.owners_size() > 0) {
                           *details.mutable_owners() = r.owners();
                           CheckDetails(details, ShanghaiDay(c.now), &violations);
                         }
                         const auto date = DayFrom(r.title_date(), "title_date", &violations);
                         if (!r.cert_no().empty() && !date) {
                           violations.push_back({"title_date", "请填写确权日期"});
                         }
                         if (date && *date > ShanghaiDay(c.now)) {
                           violations.push_back({"title_date", "确权日期不能晚于今天"});
                         }
                         RETURN_IF_ERROR(ToStatus(std::move(violations)));
                         ApplyDetails(details, row, &violations);
                         AssetSubject subject = SubjectOf(*row, false);
                         subject.settles_with_certificate = !r.cert_no().empty();
                         ASSIGN_OR_RETURN(
                             row->title_status,
                             ExecuteOnAsset(Titles(), c, *row, subject, "settle_title"));
                         row->title_cert_no = r.cert_no();
                         row->title_date = date;
                         row->title_disputed_by.clear();
                         return absl::OkStatus();
                       });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::HandOver(rpc::CallContext& c,
                                                  const v1::HandOverRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), Cat("接收人：", r.accepted_by()),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(
              row->custody_status,
              ExecuteOnAsset(Custodies(), c, *row, SubjectOf(*row, false), "hand_over"));
          std::vector<FieldViolation> violations;
          row->transferred_date = DayFrom(r.transferred_date(), "transferred_date", &violations);
          if (row->transferred_date && *row->transferred_date > ShanghaiDay(c.now)) {
            violations.push_back({"transferred_date", "移交日期不能晚于今天"});
          }
          row->custodian = r.custodian();
          RETURN_IF_ERROR(ToStatus(std::move(violations)));
          FilledIn(row, "transferred_date");
          return TakeAssetEvidence(m, row->id, r.evidence(), "HandOver", "evidence",
                                   Custodies().EvidenceKinds("hand_over"));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::ReturnCustody(rpc::CallContext& c,
                                                       const v1::ReturnCustodyRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(
        m, r.id(), r.etag(), r.reason(),
        [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
          ASSIGN_OR_RETURN(
              row->custody_status,
              ExecuteOnAsset(Custodies(), c, *row, SubjectOf(*row, false), "return_custody"));
          std::vector<FieldViolation> violations;
          row->transferred_date = DayFrom(r.returned_date(), "returned_date", &violations);
          if (row->transferred_date && *row->transferred_date > ShanghaiDay(c.now)) {
            violations.push_back({"returned_date", "收回日期不能晚于今天"});
          }
          row->custodian.clear();
          FilledIn(row, "transferred_date");
          return ToStatus(std::move(violations));
        });
  });
}

absl::StatusOr<v1::Asset> AssetHandlers::RecordInspection(rpc::CallContext& c,
                                                          const v1::RecordInspectionRequest& r) {
  return rpc::Mutate<v1::Asset>(c, r, [&](rpc::Mutation& m) {
    return ChangeAsset(m, r.id(), r.etag(), r.findings(),
                       [&](store::AssetRow* row, std::vector<Ulid>*) -> absl::Status {
                         RETURN_IF_ERROR(CheckAssetAction(c, *row, "record_inspection"));
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
                         return TakeAssetEvidence(m, row->id, r.evidence(), "RecordInspection",
                                                  "evidence",
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
      c, r, Cat(kAssetService, "HandOver"), std::move(one),
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
      c, r, Cat(kAssetService, "ReturnCustody"), std::move(one),
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
      c, r, Cat(kAssetService, "RecordInspection"), std::move(one),
      [this](rpc::CallContext& item, const v1::RecordInspectionRequest& step) {
        return RecordInspection(item, step);
      },
      out.mutable_results()));
  return out;
}

}  // namespace bangfu::asset::api
