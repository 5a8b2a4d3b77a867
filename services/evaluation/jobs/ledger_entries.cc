#include "services/evaluation/jobs/ledger_entries.h"

#include <utility>

#include "bangfu/evaluation/v1/events.pb.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/ledger_work.h"

namespace bangfu::evaluation {

namespace {

// What a signature covers: which subject stands in which class with which money, on which
// evaluation, and the plan. Progress is left out: it is reported all the time and is not what was
// signed.
std::string SignedContent(const LedgerRow& row, const v1::LedgerEntry& m) {
  std::string out = "1";  // form
  const auto field = [&out](const auto& value) { out += Cat("\x1F", value); };
  field(row.id.ToString());
  field(row.subject_id.ToString());
  field(row.evaluation_id.ToString());
  field(m.subject_code());
  field(m.subject_name());
  field(row.region_path);
  field(row.four_class);
  field(row.invested_fen);
  field(row.asset_value_fen);
  const v1::MeasurePlan& p = m.plan();
  field(p.cause());
  for (const v1::PlannedMeasure& measure : p.measures()) {
    field(measure.code());
    field(measure.description());
    field(measure.contract_id());
    // After what stood in signed tables before measures had parts, which thus stay as signed.
    for (const std::string& part : measure.parts()) field(part);
  }
  field(p.responsible_unit());
  field(p.responsible_person());
  field(p.due().year() * 10000 + p.due().month() * 100 + p.due().day());
  field(p.fund_need_fen());
  field(p.argument_id());
  return out;
}

}  // namespace

absl::StatusOr<v1::LedgerEntry> ToMessage(const LedgerRow& row) {
  v1::LedgerEntry message;
  if (!message.ParseFromString(row.details)) {
    return Error(absl::StatusCode::kDataLoss, "LEDGER_ENTRY_MALFORMED")
        .With("id", row.id.ToString())
        .Build();
  }
  message.set_etag(Cat(row.version));
  message.set_state(static_cast<v1::LedgerEntryState>(row.state));
  message.set_region_path(row.region_path);  // a region may have another code since
  return message;
}

void StoreMessage(const v1::LedgerEntry& message, LedgerRow& row) {
  v1::LedgerEntry stored = message;
  stored.clear_etag();
  stored.clear_allowed_actions();
  row.details = stored.SerializeAsString();
  row.state = message.state();
  row.open = message.state() != v1::LEDGER_ENTRY_STATE_LEFT;
  row.left_at.reset();
  if (message.has_left_at()) row.left_at = TimeOf(message.left_at());
  row.leave_reason = message.leave_reason();
  row.left_to = message.left_to();
  row.overridden = message.is_overridden();
  row.override_expires_on = DayOf(message.override_expires_on());
  row.due = message.reevaluation_due();
  row.invested_fen = message.invested_fen();
  row.asset_value_fen = message.asset_value_fen();
  row.signed_content = SignedContent(row, message);
}

absl::Status EntryChanges::Lock(const std::vector<Ulid>& subject_ids) {
  ASSIGN_OR_RETURN(open_, LockOpenEntries(tx_, subject_ids));
  // A message that cannot be read must not be written over.
  for (const auto& [id, row] : open_) RETURN_IF_ERROR(ToMessage(row).status());
  return close_outs_.Lock(tx_, subject_ids);
}

void EntryChanges::PutInForce(const v1::Evaluation& evaluation, const Ulid& evaluation_id,
                              const SubjectRow& subject) {
  auto open = open_.find(subject.id);
  Changed changed;
  if (open != open_.end() && open->second.four_class == evaluation.final_class()) {
    changed.row = open->second;
    rollup_.Add(changed.row, -1);
    changed.message = *ToMessage(changed.row);
    changed.before = changed.message;
  } else {
    if (open != open_.end()) Leave(subject.id, kReclassified, evaluation.final_class());
    changed.is_new = true;
    changed.row.id = author_.ids.Next();
    changed.row.subject_type = subject.type;
    changed.row.subject_id = subject.id;
    changed.row.region_path = subject.region_path;
    changed.row.four_class = evaluation.final_class();
    changed.row.entered_at = author_.now;
    v1::LedgerEntry& m = changed.message;
    m.set_id(changed.row.id.ToString());
    m.set_subject_type(static_cast<type::v1::SubjectType>(subject.type));
    m.set_subject_id(subject.id.ToString());
    m.set_region_code(subject.region_code);
    m.set_region_path(subject.region_path);
    m.set_class_(evaluation.final_class());
    m.set_state(v1::LEDGER_ENTRY_STATE_OPEN);
    SetTime(author_.now, m.mutable_entered_at());
  }
  v1::LedgerEntry& m = changed.message;
  changed.row.evaluation_id = evaluation_id;
  m.set_evaluation_id(evaluation_id.ToString());
  m.set_subject_code(subject.code);
  m.set_subject_name(subject.name);
  m.set_invested_fen(subject.invested_fen);
  m.set_asset_value_fen(subject.asset_value_fen);
  m.set_is_overridden(evaluation.has_override());
  m.clear_override_expires_on();
  if (evaluation.override().has_expires_on()) {
    *m.mutable_override_expires_on() = evaluation.override().expires_on();
  }
  m.clear_reevaluation_due();
  m.clear_total_bp();
  if (evaluation.has_total_bp()) m.set_total_bp(evaluation.total_bp());
  StoreMessage(m, changed.row);
  rollup_.Add(changed.row, +1);
  changed_.push_back(std::move(changed));
}

void EntryChanges::MarkDue(const Ulid& subject_id, absl::CivilDay today) {
  auto open = open_.find(subject_id);
  if (open == open_.end() || open->second.due || !open->second.override_expires_on ||
      *open->second.override_expires_on >= today) {
    return;
  }
  Changed changed;
  changed.row = open->second;
  changed.message = *ToMessage(changed.row);
  changed.before = changed.message;
  changed.message.set_reevaluation_due(true);
  StoreMessage(changed.message, changed.row);
  changed_.push_back(std::move(changed));
}

void EntryChanges::Leave(const Ulid& subject_id, std::string_view reason, int left_to) {
  auto open = open_.find(subject_id);
  if (open == open_.end()) return;
  Changed changed;
  changed.row = open->second;
  rollup_.Add(changed.row, -1);
  changed.message = *ToMessage(changed.row);
  changed.before = changed.message;
  v1::LedgerEntry& m = changed.message;
  m.set_state(v1::LEDGER_ENTRY_STATE_LEFT);
  SetTime(author_.now, m.mutable_left_at());
  m.clear_reevaluation_due();
  m.set_leave_reason(std::string(reason));
  m.set_left_to(static_cast<type::v1::FourClass>(left_to));
  StoreMessage(m, changed.row);
  changed_.push_back(std::move(changed));
  open_.erase(open);
}

absl::Status EntryChanges::Write() {
  // Those that leave first: a subject has one open entry at a time.
  std::vector<LedgerRow*> updates;
  std::vector<LedgerRow> inserts;
  for (Changed& c : changed_) {
    if (!c.is_new) updates.push_back(&c.row);
  }
  RETURN_IF_ERROR(UpdateEntries(tx_, updates));
  for (Changed& c : changed_) {
    if (c.is_new) inserts.push_back(c.row);
  }
  RETURN_IF_ERROR(InsertEntries(tx_, inserts));
  RETURN_IF_ERROR(rollup_.Write(tx_));
  for (const Changed& c : changed_) close_outs_.Put(c.row);
  RETURN_IF_ERROR(close_outs_.Write(tx_));
  std::vector<audit::Entry> trail;
  std::vector<feed::OutboxEvent> events;
  for (Changed& c : changed_) {
    c.message.set_etag(Cat(c.row.version));
    audit::Entry entry = author_.entry_of_trail(c.row.region_path);
    entry.aggregate_type = kEntryAggregate;
    entry.aggregate_id = c.row.id;
    entry.region_path = c.row.region_path;
    entry.occurred_at = author_.now;
    if (!c.is_new) entry.before_json = audit::ToJson(c.before);
    entry.after_json = audit::ToJson(c.message);
    trail.push_back(std::move(entry));
    v1::LedgerEntryChanged event;
    *event.mutable_entry() = c.message;
    events.push_back(
        feed::MakeEvent(kEntryAggregate, c.row.id, c.row.region_path, event, author_.now));
  }
  if (!trail.empty()) RETURN_IF_ERROR(audit::AppendBatch(tx_, trail));
  RETURN_IF_ERROR(feed::PublishBatch(tx_, events));
  std::vector<EntryWork> works;
  std::vector<std::string> paths;
  for (const Changed& c : changed_) {
    works.push_back({&c.row, &c.message});
    paths.push_back(c.row.region_path);
  }
  const inbox::Act act{author_.ids, author_.now, author_.caller, "ledger_changed", WorkCalendar};
  RETURN_IF_ERROR(SyncEntries(tx_, works, act));
  return SyncSigning(tx_, paths, act);
}

absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerEntries(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  ASSIGN_OR_RETURN(std::vector<LedgerRow> rows, PageEntriesById(db, after, limit, scope));
  std::vector<feed::OutboxEvent> out;
  v1::LedgerEntryChanged changed;
  for (const LedgerRow& row : rows) {
    ASSIGN_OR_RETURN(*changed.mutable_entry(), ToMessage(row));
    out.push_back(feed::MakeEvent(kEntryAggregate, row.id, row.region_path, changed,
                                  row.left_at.value_or(row.entered_at)));
  }
  return out;
}

absl::StatusOr<std::vector<feed::OutboxEvent>> PageLedgerSignatures(
    mysql::Executor& db, const Ulid& after, int limit,
    const std::optional<std::vector<std::string>>& scope) {
  ASSIGN_OR_RETURN(std::vector<SignatureRow> rows, PageSignaturesById(db, after, limit, scope));
  std::vector<feed::OutboxEvent> out;
  v1::LedgerSigned event;
  for (const SignatureRow& row : rows) {
    if (!event.mutable_signature()->ParseFromString(row.payload)) {
      return absl::DataLossError("a stored signature cannot be read");
    }
    out.push_back(
        feed::MakeEvent(kSignatureAggregate, row.id, row.region_code, event, row.signed_at));
  }
  return out;
}

}  // namespace bangfu::evaluation
