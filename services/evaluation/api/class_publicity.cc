#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/publicity/publicity.h"
#include "common/publicity/work.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/status/macros.h"
#include "services/evaluation/api/lifecycle_api.h"
#include "services/evaluation/api/lifecycle_handlers.h"
#include "services/evaluation/api/lifecycle_step.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/types.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/store/evaluation_store.h"
#include "services/evaluation/store/lifecycle_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using rpc::Mutation;

absl::Status Publicise(Step& step, const std::vector<Item*>& asked,
                       const std::vector<std::string>& channels, const std::string& url,
                       const publicity::EvidenceList& evidence) {
  Mutation& m = step.mutation();
  std::vector<Item*> done;
  std::vector<Ulid> ids, subject_ids;
  for (Item* item : asked) {
    if (!step.May(*item, "publicise")) continue;
    done.push_back(item);
    ids.push_back(item->row.id);
    subject_ids.push_back(item->row.subject_id);
  }
  if (done.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(auto hashes, ExplanationHashes(m.tx(), ids));
  ASSIGN_OR_RETURN(const GrantScope scope,
                   GrantScope::Load(m.tx(), subject_ids, ShanghaiDay(m.context().now)));
  publicity::NewPublicity start;
  start.subject_type = kEvaluationAggregate;
  start.kind = kClassPublicity;
  start.channels = channels;
  start.url = url;
  start.evidence = evidence;
  ASSIGN_OR_RETURN(const DaysValue days, ReadDays(m.tx(), kClassPublicityDays, false));
  start.days_required = static_cast<int>(days.days);
  if (days.working) start.day_kind = publicity::DayKind::kWorking;
  const publicity::ServiceOptions options = ClassPublicityOptions();
  ASSIGN_OR_RETURN(start.evidence_wanted, options.evidence_wanted(m.tx(), start.kind));
  const publicity::CalendarLookup& calendar = options.calendar;
  for (Item* item : done) {
    publicity::NewPublicity one = start;
    one.region_path = item->row.region_path;
    one.subject_id = item->row.id;
    // What is shown: the explanation and the class that stands at its end.
    one.content_sha256 = Sha256Hex(Cat(
        hashes[item->row.id], "\n", EnumName(static_cast<FourClass>(item->message.final_class()))));
    const rpc::Covering covering(m, item->acted_on);
    ASSIGN_OR_RETURN(
        publicity::v1::Publicity started,
        publicity::StartPublicity(covering.mutation(), std::move(one), calendar,
                                  item->message.subject_name(), scope.Of(item->row.subject_id)));
    item->message.set_publicity_id(started.id());
    item->message.set_publicity_passed(false);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> TitleOfPublicity(mysql::Executor& db,
                                             const publicity::v1::Publicity& publicity) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.subject_id()));
  ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, GetEvaluations(db, {id}, std::nullopt));
  if (rows.empty()) return publicity.subject_type();
  ASSIGN_OR_RETURN(const v1::Evaluation message, ToMessage(rows[0]));
  return message.subject_name();
}

// Of the evaluation's subject, as the evaluation's own steps are judged.
absl::StatusOr<std::vector<auth::Facets>> FacetsOfPublicities(
    mysql::Executor& db, const std::vector<const publicity::v1::Publicity*>& publicities,
    absl::Time now) {
  std::vector<Ulid> ids;
  for (const publicity::v1::Publicity* publicity : publicities) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity->subject_id()));
    ids.push_back(id);
  }
  // By the publicity's region: the evaluation's may have got another code since.
  ASSIGN_OR_RETURN(const std::vector<EvaluationRow> rows, GetEvaluations(db, ids, std::nullopt));
  std::map<Ulid, Ulid> subjects;  // by evaluation
  std::vector<Ulid> subject_ids;
  for (const EvaluationRow& row : rows) {
    subjects.emplace(row.id, row.subject_id);
    subject_ids.push_back(row.subject_id);
  }
  ASSIGN_OR_RETURN(const GrantScope scope, GrantScope::Load(db, subject_ids, ShanghaiDay(now)));
  std::vector<auth::Facets> out;
  for (const Ulid& id : ids) {
    const auto found = subjects.find(id);
    out.push_back(found == subjects.end() ? auth::Facets() : scope.Of(found->second));
  }
  return out;
}

absl::Status OnPublicity(Mutation& m, const publicity::v1::Publicity& publicity) {
  if (publicity.kind() != kClassPublicity) return absl::OkStatus();
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(publicity.subject_id()));
  Step step(m, ShanghaiDay(m.context().now));
  // By the publicity's region: the evaluation's may have got another code since.
  RETURN_IF_ERROR(step.Load({id}, {.anywhere = true}));
  Item* item = step.FindLocked(id);
  if (item == nullptr || item->row.state != v1::EVALUATION_STATE_PUBLICISED ||
      item->message.publicity_id() != publicity.id()) {
    return absl::OkStatus();
  }
  item->changed = true;
  if (publicity.state() == publicity::v1::PUBLICITY_STATE_PASSED) {
    item->message.set_publicity_passed(true);
    return step.Write("公示期满，无未决异议");
  }
  // An upheld objection sends the class back to the county's review; what was decided is void, the
  // trail keeps it.
  item->message.set_state(v1::EVALUATION_STATE_COMPUTED);
  item->message.set_final_class(type::v1::FOUR_CLASS_UNSPECIFIED);
  item->message.set_publicity_passed(false);
  item->message.clear_publicity_id();
  item->message.clear_override();
  item->message.clear_argument_id();
  item->message.clear_joint_signatures();
  item->message.clear_reviewed_by();
  return step.Write("公示异议成立，退回县级审定");
}

}  // namespace

absl::StatusOr<v1::Evaluation> StartClassPublicity(CallContext& context,
                                                   const v1::StartClassPublicityRequest& request) {
  const std::vector<std::string> channels(request.channels().begin(), request.channels().end());
  return One(context, request, request.etag(), {}, [&](Step& step, Item& item) {
    return Publicise(step, {&item}, channels, request.url(), request.evidence());
  });
}

publicity::ServiceOptions ClassPublicityOptions() {
  publicity::ServiceOptions options;
  options.calendar = WorkCalendar;
  options.answer_period = [](mysql::Executor& db) -> absl::StatusOr<publicity::AnswerPeriod> {
    ASSIGN_OR_RETURN(const DaysValue answer, ReadDays(db, kObjectionAnswerDays, true));
    return publicity::AnswerPeriod{
        static_cast<int>(answer.days),
        answer.working ? publicity::DayKind::kWorking : publicity::DayKind::kNatural};
  };
  options.evidence_wanted = [](mysql::Executor& db,
                               std::string_view kind) -> absl::StatusOr<int64_t> {
    if (kind != kClassPublicity) return 0;
    return ReadParameter(db, kClassPublicityEvidence);
  };
  options.on_passed = OnPublicity;
  options.on_upheld = OnPublicity;
  options.title = TitleOfPublicity;
  options.facets = FacetsOfPublicities;
  return options;
}

inbox::Source ClassPublicitySource() {
  publicity::ServiceOptions options = ClassPublicityOptions();
  return publicity::WorkSource(std::move(options.title), std::move(options.facets),
                               std::move(options.evidence_wanted));
}

}  // namespace bangfu::evaluation
