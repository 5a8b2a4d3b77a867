#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "bangfu/asset/v1/events.pb.h"
#include "bangfu/evaluation/v1/events.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "common/base/bp.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/inbox/service.h"
#include "common/period/service.h"
#include "common/rpc/batch_get.h"
#include "common/rpc/covering.h"
#include "common/rpc/mutation.h"
#include "common/rpc/page.h"
#include "common/rpc/whole.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/api/actors.h"
#include "services/evaluation/api/deps.h"
#include "services/evaluation/api/ledger_periods.h"
#include "services/evaluation/api/ledger_units.h"
#include "services/evaluation/api/progress.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/convert/evaluation_subject.h"
#include "services/evaluation/domain/evaluation_actions.h"
#include "services/evaluation/domain/lifecycle.h"
#include "services/evaluation/domain/measures.h"
#include "services/evaluation/facts/grant_scope.h"
#include "services/evaluation/facts/measure_codes.h"
#include "services/evaluation/facts/moment.h"
#include "services/evaluation/facts/parameters.h"
#include "services/evaluation/facts/work_calendar.h"
#include "services/evaluation/jobs/household_income.h"
#include "services/evaluation/jobs/ledger_entries.h"
#include "services/evaluation/jobs/ledger_work.h"
#include "services/evaluation/store/argument_store.h"
#include "services/evaluation/store/close_out_store.h"
#include "services/evaluation/store/fact_store.h"
#include "services/evaluation/store/ledger_store.h"
#include "services/evaluation/store/override_store.h"
#include "services/evaluation/store/reference_store.h"
#include "services/evaluation/store/rollup_store.h"
#include "services/evaluation/store/subject_store.h"

namespace bangfu::evaluation {

namespace {

using rpc::CallContext;
using rpc::Mutation;

constexpr int kMaxUnsignedNamed = 200;

absl::CivilDay Today(const CallContext& context) { return ShanghaiDay(context.now); }

// --- entries
// --------------------------------------------------------------------------------------

absl::Status FillEntryActions(mysql::Executor& db, const CallContext& context,
                              const std::vector<v1::LedgerEntry*>& entries) {
  std::vector<Ulid> subjects;
  for (const v1::LedgerEntry* entry : entries) {
    ASSIGN_OR_RETURN(subjects.emplace_back(), Ulid::Parse(entry->subject_id()));
  }
  ASSIGN_OR_RETURN(const GrantScope scope,
                   GrantScope::Load(db, context.caller, subjects, Today(context)));
  ASSIGN_OR_RETURN(const SubjectMap rows, LoadSubjects(db, subjects, std::nullopt));
  for (size_t i = 0; i < entries.size(); ++i) {
    v1::LedgerEntry* const entry = entries[i];
    entry->clear_allowed_actions();
    const workflow::Actor actor =
        workflow::ActorAt(context.caller, entry->region_path(), scope.Of(subjects[i]));
    const auto phase = static_cast<EntryPhase>(entry->state());
    EntrySubject asked;
    asked.phase = phase;
    if (const auto row = rows.find(subjects[i]); row != rows.end()) {
      asked.subject_void = row->second.is_void;
      asked.subject_unverified = IsUnverified(row->second);
    }
    workflow::FillAllowedActions(EntryTable().Allowed(asked, actor),
                                 entry->mutable_allowed_actions());
    // 盘活类 is argued before its measures are planned (domain.md §3.3), from here as well.
    if (entry->class_() != type::v1::FOUR_CLASS_REVITALIZE || phase == EntryPhase::kLeft) continue;
    std::vector<workflow::AllowedAction> arguing =
        SubjectTable().Allowed(SubjectPhase::kLive, actor);
    std::erase_if(arguing, [](const workflow::AllowedAction& action) {
      return action.action != "record_argument";
    });
    workflow::FillAllowedActions(arguing, entry->mutable_allowed_actions());
  }
  return absl::OkStatus();
}

absl::StatusOr<v1::LedgerEntry> GetLedgerEntry(CallContext& context,
                                               const v1::GetLedgerEntryRequest& request) {
  ASSIGN_OR_RETURN(Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(LedgerRow row, GetEntry(context.db, id, context.scope));
  ASSIGN_OR_RETURN(v1::LedgerEntry message, ToMessage(row));
  RETURN_IF_ERROR(FillEntryActions(context.db, context, {&message}));
  return message;
}

absl::StatusOr<v1::BatchGetLedgerEntriesResponse> BatchGetLedgerEntries(
    CallContext& context, const v1::BatchGetLedgerEntriesRequest& request) {
  ASSIGN_OR_RETURN(const std::vector<Ulid> ids, rpc::ParseIds(request.ids()));
  ASSIGN_OR_RETURN(const std::vector<LedgerRow> rows, GetEntries(context.db, ids, context.scope));
  std::vector<v1::LedgerEntry> entries;
  for (const LedgerRow& row : rows) {
    ASSIGN_OR_RETURN(v1::LedgerEntry entry, ToMessage(row));
    entries.push_back(std::move(entry));
  }
  std::vector<v1::LedgerEntry*> shown;
  for (v1::LedgerEntry& entry : entries) shown.push_back(&entry);
  RETURN_IF_ERROR(FillEntryActions(context.db, context, shown));
  v1::BatchGetLedgerEntriesResponse response;
  rpc::AnswerInOrder(ids, entries, response.mutable_entries(), response.mutable_missing_ids());
  return response;
}

absl::StatusOr<v1::ListLedgerEntriesResponse> ListLedgerEntries(
    CallContext& context, const v1::ListLedgerEntriesRequest& request) {
  EntryQuery query;
  ASSIGN_OR_RETURN(const int limit, ResolvePageSize(request.page_size()));
  const std::string filter =
      Cat("ledger/", request.region_code(), "/", static_cast<int>(request.class_()), "/",
          static_cast<int>(request.subject_type()), "/", request.subject_id(), "/",
          request.include_left() ? 1 : 0, request.reevaluation_due() ? 1 : 0);
  ASSIGN_OR_RETURN(const auto start, rpc::PageStartOf(request.page_token(), filter));
  if (start) query.after = {start->region_path, start->id};
  if (!request.region_code().empty()) {
    absl::StatusOr<std::string> region = NormalizeRegionCode(request.region_code());
    if (!region.ok()) return InvalidField("region_code", "区划代码无效").Build();
    query.region = *region;
  }
  if (!request.subject_id().empty()) {
    ASSIGN_OR_RETURN(query.subject_id, Ulid::Parse(request.subject_id()));
  }
  query.four_class = request.class_();
  query.subject_type = request.subject_type();
  query.include_left = request.include_left();
  query.due_only = request.reevaluation_due();
  query.limit = limit + 1;
  ASSIGN_OR_RETURN(std::vector<LedgerRow> rows, ListEntries(context.db, query, context.scope));
  v1::ListLedgerEntriesResponse response;
  for (size_t i = 0; i < rows.size() && i < static_cast<size_t>(limit); ++i) {
    ASSIGN_OR_RETURN(*response.add_entries(), ToMessage(rows[i]));
  }
  if (rows.size() > static_cast<size_t>(limit)) {
    const LedgerRow& last = rows[limit - 1];
    response.set_next_page_token(EncodePageToken({last.region_path, last.id.ToString()}, filter));
  }
  return response;
}

// --- measures
// -------------------------------------------------------------------------------------

// The fields of the domain's plan in the words of the contract.
absl::Status InPlanWords(const absl::Status& status) {
  const ErrorDetail detail = GetErrorDetail(status);
  if (detail.violations.empty()) return status;
  std::string field = detail.violations[0].field;
  if (field == "responsible") field = "responsible_unit";
  if (field == "deadline") field = "due";
  Error error(absl::StatusCode::kInvalidArgument, detail.reason);
  error.Zh(detail.message_zh).Field(Cat("plan.", field), detail.violations[0].description);
  for (const auto& [key, value] : detail.metadata) error.With(key, value);
  return error;
}

absl::StatusOr<ArgumentRecord> ArgumentOf(mysql::Executor& db, const std::string& id,
                                          const RegionScopes& scope) {
  ASSIGN_OR_RETURN(Ulid parsed, Ulid::Parse(id));
  ASSIGN_OR_RETURN(ArgumentRow row, GetArgument(db, parsed, scope));
  ASSIGN_OR_RETURN(const std::vector<ArgumentRow> all, LoadArguments(db, {row.subject_id}));
  return NamedArgument(row, all);
}

// A contract that carries a measure out is one of the subject's assets (R038).
absl::Status CheckContract(mysql::Executor& db, const Ulid& subject_id,
                           const std::string& contract_id, std::string_view field) {
  ASSIGN_OR_RETURN(const std::vector<std::string> payloads,
                   LoadFactPayloads(db, subject_id, kAssetFacts));
  for (const std::string& payload : payloads) {
    asset::v1::ProjectAssetFacts facts;
    if (!facts.ParseFromString(payload)) {
      return absl::DataLossError("the facts of a project's assets cannot be read");
    }
    const auto& ids = facts.contract_ids();
    if (std::find(ids.begin(), ids.end(), contract_id) != ids.end()) return absl::OkStatus();
  }
  const std::string why = "不是该对象资产的经营合同；刚签订的合同请稍后再填";
  return FailedPrecondition("CONTRACT_NOT_OF_SUBJECT", why)
      .Field(field, why)
      .With("contract_id", contract_id)
      .Build();
}

// What both steps of an entry share: lock, table, change, write.
template <typename Request>
absl::StatusOr<v1::LedgerEntry> ChangeEntry(
    CallContext& context, const Request& request, std::string_view action,
    const std::function<absl::Status(Mutation&, const LedgerRow&, v1::LedgerEntry&)>& change) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  return rpc::Mutate<v1::LedgerEntry>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LedgerEntry> {
        ASSIGN_OR_RETURN(LedgerRow row, LockEntry(m.tx(), id, context.scope));
        ASSIGN_OR_RETURN(const v1::LedgerEntry before, ToMessage(row));
        if (!request.etag().empty() && request.etag() != before.etag()) return EtagMismatch();
        ASSIGN_OR_RETURN(
            const GrantScope scope,
            GrantScope::Load(m.tx(), context.caller, {row.subject_id}, Today(context)));
        EntrySubject asked;
        asked.phase = static_cast<EntryPhase>(row.state);
        ASSIGN_OR_RETURN(EntryPhase next,
                         EntryTable().Execute(asked, action,
                                              workflow::ActorAt(context.caller, row.region_path,
                                                                scope.Of(row.subject_id))));
        const rpc::Covering covering(m, scope.Of(row.subject_id));
        v1::LedgerEntry message = before;
        message.set_state(static_cast<v1::LedgerEntryState>(next));
        RETURN_IF_ERROR(change(covering.mutation(), row, message));
        StoreMessage(message, row);
        RETURN_IF_ERROR(UpdateEntry(m.tx(), row));
        message.set_etag(Cat(row.version));
        RETURN_IF_ERROR(
            covering.mutation().Audit(kEntryAggregate, id, row.region_path, &before, message));
        v1::LedgerEntryChanged event;
        *event.mutable_entry() = message;
        RETURN_IF_ERROR(m.Publish(kEntryAggregate, id, row.region_path, event));
        const inbox::Act act = inbox::ActOf(m, action, WorkCalendar);
        RETURN_IF_ERROR(SyncEntries(m.tx(), {{&row, &message}}, act));
        // Progress is not what was signed.
        if (action != "report_progress") {
          RETURN_IF_ERROR(SyncSigning(m.tx(), {row.region_path}, act));
        }
        RETURN_IF_ERROR(FillEntryActions(m.tx(), context, {&message}));
        return message;
      });
}

absl::StatusOr<v1::LedgerEntry> PlanMeasures(CallContext& context,
                                             const v1::PlanMeasuresRequest& request) {
  return ChangeEntry(
      context, request, "plan_measures",
      [&](Mutation& m, const LedgerRow& row, v1::LedgerEntry& entry) -> absl::Status {
        v1::MeasurePlan planned = request.plan();
        const FourClass four_class = static_cast<FourClass>(row.four_class);
        MeasurePlan plan;
        plan.subject_id = row.subject_id.ToString();
        plan.four_class = four_class;
        plan.cause = planned.cause();
        for (const v1::PlannedMeasure& p : planned.measures()) {
          plan.measures.push_back(
              {p.code(), p.description(), {p.parts().begin(), p.parts().end()}});
        }
        plan.responsible = planned.responsible_unit();
        plan.deadline = DayOf(planned.due());
        std::optional<ArgumentRecord> argument;
        if (!planned.argument_id().empty()) {
          ASSIGN_OR_RETURN(argument, ArgumentOf(m.tx(), planned.argument_id(), context.scope));
        }
        ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(m.tx(), Today(context)));
        if (absl::Status status =
                CheckMeasurePlan(plan, catalogue, argument ? &*argument : nullptr, Today(context));
            !status.ok()) {
          return InPlanWords(status);
        }
        // Progress is reported by its own rpc: what stands of a measure stays, the rest begins at
        // 0.
        for (int i = 0; i < planned.measures_size(); ++i) {
          v1::PlannedMeasure& p = *planned.mutable_measures(i);
          const auto& stood = entry.plan().measures();
          const bool known = std::any_of(
              stood.begin(), stood.end(),
              [&](const v1::PlannedMeasure& old) { return old.contract_id() == p.contract_id(); });
          if (!p.contract_id().empty() && !known) {
            RETURN_IF_ERROR(CheckContract(m.tx(), row.subject_id, p.contract_id(),
                                          Cat("plan.measures[", i, "].contract_id")));
          }
          p.set_progress_bp(0);
          p.clear_progress_note();
          for (const v1::PlannedMeasure& old : entry.plan().measures()) {
            if (old.code() != p.code() || old.description() != p.description()) continue;
            p.set_progress_bp(old.progress_bp());
            p.set_progress_note(old.progress_note());
            if (p.contract_id().empty()) p.set_contract_id(old.contract_id());
          }
        }
        *entry.mutable_plan() = std::move(planned);
        return absl::OkStatus();
      });
}

absl::StatusOr<v1::LedgerEntry> ReportMeasureProgress(
    CallContext& context, const v1::ReportMeasureProgressRequest& request) {
  return ChangeEntry(
      context, request, "report_progress",
      [&](Mutation& m, const LedgerRow& row, v1::LedgerEntry& entry) -> absl::Status {
        for (v1::PlannedMeasure& p : *entry.mutable_plan()->mutable_measures()) {
          if (p.code() != request.code()) continue;
          p.set_progress_bp(request.progress_bp());
          p.set_progress_note(request.note());
          if (!request.contract_id().empty() && request.contract_id() != p.contract_id()) {
            RETURN_IF_ERROR(
                CheckContract(m.tx(), row.subject_id, request.contract_id(), "contract_id"));
            p.set_contract_id(request.contract_id());
          }
          return absl::OkStatus();
        }
        return FailedPrecondition("MEASURE_NOT_PLANNED", "计划中没有此措施")
            .With("code", request.code())
            .Build();
      });
}

absl::StatusOr<v1::ListMeasuresResponse> ListMeasures(CallContext& context,
                                                      const v1::ListMeasuresRequest& request) {
  ASSIGN_OR_RETURN(const MeasureCatalogue catalogue, LoadMeasures(context.db, Today(context)));
  v1::ListMeasuresResponse response;
  for (const MeasureDef& def : catalogue.measures) {
    if (!def.in_force) continue;
    if (request.class_() != type::v1::FOUR_CLASS_UNSPECIFIED &&
        request.class_() != static_cast<type::v1::FourClass>(def.four_class)) {
      continue;
    }
    v1::Measure* measure = response.add_measures();
    measure->set_class_(static_cast<type::v1::FourClass>(def.four_class));
    measure->set_code(def.code);
    measure->set_name_zh(def.name_zh);
    measure->set_description_required(def.description_required);
    measure->set_path(def.path);
    for (const MeasurePart& part : def.parts) {
      if (!part.in_force) continue;
      v1::MeasurePart* out = measure->add_parts();
      out->set_code(part.code);
      out->set_name_zh(part.name_zh);
    }
    if (def.four_class != FourClass::kRevitalize) continue;
    measure->set_category(std::string(EnumName(def.category)));
    measure->set_category_zh(std::string(EnumZh(def.category)));
    for (const CauseDef& cause : catalogue.causes) {
      if (cause.in_force && IsAllowed(cause, def)) measure->add_causes(cause.code);
    }
  }
  return response;
}

// --- signatures
// ------------------------------------------------------------------------------------

// Whether the caller is one who signs for the unit.
absl::Status CheckSigner(const auth::Caller& caller, const std::string& unit) {
  if (unit.size() < 6) {
    return FailedPrecondition("LEVEL_NOT_SIGNED", "省、市两级由县级台账汇总，不签字");
  }
  const std::vector<auth::Role> signers = {period::SignerOf(unit)};
  RETURN_IF_ERROR(workflow::CheckWhole(caller, signers, unit, Cat("签", LevelZh(unit), "台账")));
  if (caller.May(signers, unit)) return absl::OkStatus();
  return Error(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED")
      .Zh(Cat("您的角色不能签", LevelZh(unit), "台账"))
      .Build();
}

// Whether the caller may sign the rows of this hash.
absl::Status CheckSigning(mysql::Executor& db, const std::string& unit,
                          const period::SignBoard& board, std::string_view rows_sha256,
                          const auth::Caller& caller) {
  const workflow::Person person = workflow::PersonAt(caller, {period::SignerOf(unit)}, unit);
  switch (board.Judge(unit, rows_sha256, person)) {
    case period::SignRefusal::kNone:
      return absl::OkStatus();
    case period::SignRefusal::kEmpty:
      return FailedPrecondition("LEDGER_EMPTY", "没有在册记录，无须签字");
    case period::SignRefusal::kChanged:
      return Error(absl::StatusCode::kAborted, "LEDGER_CHANGED")
          .Zh("台账已变化，请重新核对")
          .With("rows_sha256", board.Find(unit)->sha256)
          .Build();
    case period::SignRefusal::kAlready:
      return FailedPrecondition("ALREADY_CURRENT", "该版台账已签字");
    case period::SignRefusal::kLowerUnsigned: {
      const std::vector<std::string> below = board.Unsigned(unit, false);
      ASSIGN_OR_RETURN(std::string note, DraftNote(db, below));
      return period::LowerLevelUnsigned(below, note);
    }
    case period::SignRefusal::kSamePerson:
      return FailedPrecondition("SAME_PERSON", "同一人不能在两级签字");
  }
  return absl::InternalError("a refusal without words");
}

// As the caller sees it: the one step that a ledger has is to sign its present rows.
absl::StatusOr<v1::LedgerStatus> StatusOf(mysql::Executor& db, const auth::Caller& caller,
                                          const RegionRow& region,
                                          const LedgerSignatures& signatures) {
  const std::string& unit = region.region_path;
  v1::LedgerStatus status;
  status.set_region_code(unit);
  status.set_region_name(region.name);
  const period::SignBoard& board = signatures.board();
  if (const period::UnitState* state = board.Find(unit)) {
    status.set_rows(state->rows);
    status.set_rows_sha256(state->sha256);
  }
  ASSIGN_OR_RETURN(const std::optional<SignatureRow> newest, NewestSignature(db, unit));
  if (newest) {
    type::v1::SignOff* sign_off =
        board.Stands(unit) ? status.mutable_signature() : status.mutable_outdated_signature();
    if (!sign_off->ParseFromString(newest->payload)) {
      return absl::DataLossError("a stored signature cannot be read");
    }
  }
  ASSIGN_OR_RETURN(const UnsignedUnits below,
                   UnsignedOf(db, unit, board, false, kMaxUnsignedNamed));
  status.set_unsigned_count(below.count);
  for (const std::string& named : below.named) {
    if (status.unsigned_regions_size() == kMaxUnsignedNamed) break;
    status.add_unsigned_regions(named);
  }
  ASSIGN_OR_RETURN(UnsignedUnits draft, UnsignedOf(db, unit, board, true, kMaxUnsignedNamed));
  ASSIGN_OR_RETURN(std::string note, DraftNote(db, std::move(draft.named), draft.count));
  status.set_draft_note(std::move(note));
  absl::Status check = CheckSigner(caller, unit);
  if (check.ok()) check = CheckSigning(db, unit, board, status.rows_sha256(), caller);
  // Only what SignLedger would refuse is told; that the database is away is no refusal.
  if (!check.ok() && !absl::IsFailedPrecondition(check) && !absl::IsPermissionDenied(check)) {
    return check;
  }
  workflow::FillAllowedActions({workflow::ActionOf("sign_ledger", "签字", check)},
                               status.mutable_allowed_actions());
  return status;
}

absl::StatusOr<v1::LedgerStatus> GetLedgerStatus(CallContext& context,
                                                 const v1::GetLedgerStatusRequest& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  LedgerSignatures signatures;
  RETURN_IF_ERROR(signatures.Load(context.db, region.region_path));
  return StatusOf(context.db, context.caller, region, signatures);
}

absl::StatusOr<v1::LedgerStatus> SignLedger(CallContext& context,
                                            const v1::SignLedgerRequest& request) {
  ASSIGN_OR_RETURN(const RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& unit = region.region_path;
  RETURN_IF_ERROR(CheckSigner(context.caller, unit));
  return rpc::Mutate<v1::LedgerStatus>(
      context, request, [&](Mutation& m) -> absl::StatusOr<v1::LedgerStatus> {
        // Two villages that sign at once wait for each other, so that the second one's signature
        // finds the township's turn come.
        RETURN_IF_ERROR(ClaimUnits(m.tx(), SigningUnits(unit)));
        LedgerSignatures signatures;
        RETURN_IF_ERROR(signatures.Load(m.tx(), unit));
        const period::UnitState* state = signatures.board().Find(unit);
        // The signature binds to the rows that were shown. Should they change while it is written,
        // it does not stand: no lock is needed.
        RETURN_IF_ERROR(
            CheckSigning(m.tx(), unit, signatures.board(), request.rows_sha256(), context.caller));
        ASSIGN_OR_RETURN(const std::optional<SignatureRow> earlier, NewestSignature(m.tx(), unit));
        SignatureRow row;
        row.id = context.ids.Next();
        row.region_code = unit;
        row.signature_no = earlier ? earlier->signature_no + 1 : 1;
        row.rows_sha256 = state->sha256;
        row.row_count = state->rows;
        const std::vector<auth::Role> signers = {period::SignerOf(unit)};
        const workflow::Person signer = workflow::PersonAt(context.caller, signers, unit);
        row.signed_by = signer.subject;
        row.signed_at = context.now;
        type::v1::SignOff sign_off;
        sign_off.set_region_code(unit);
        *sign_off.mutable_signed_by() = ToMessage(rpc::ActorOf(context.caller, signers, unit));
        SetTime(context.now, sign_off.mutable_signed_at());
        sign_off.set_rows_sha256(row.rows_sha256);
        row.payload = sign_off.SerializeAsString();
        if (absl::Status status = InsertSignature(m.tx(), row); !status.ok()) {
          // Another one signed at the same moment: look again.
          return mysql::IsDuplicateKey(status) ? mysql::Conflict() : status;
        }
        RETURN_IF_ERROR(SetUnitSigned(m.tx(), unit, state->sha256, signer));
        RETURN_IF_ERROR(m.Audit(kSignatureAggregate, row.id, unit, nullptr, sign_off));
        v1::LedgerSigned event;
        *event.mutable_signature() = sign_off;
        RETURN_IF_ERROR(m.Publish(kSignatureAggregate, row.id, unit, event));
        RETURN_IF_ERROR(SyncSigning(m.tx(), {unit}, inbox::ActOf(m, "sign_ledger", WorkCalendar)));
        LedgerSignatures after;
        RETURN_IF_ERROR(after.Load(m.tx(), unit));
        return StatusOf(m.tx(), context.caller, region, after);
      });
}

// --- roll-ups
// ---------------------------------------------------------------------------------------

void FillCells(const UnitFigures& figures,
               google::protobuf::RepeatedPtrField<v1::RollupCell>* out) {
  for (const auto& [key, f] : figures.classes) {
    v1::RollupCell* cell = out->Add();
    cell->set_subject_type(static_cast<type::v1::SubjectType>(key.first));
    cell->set_class_(static_cast<type::v1::FourClass>(key.second));
    cell->set_count(f.count);
    cell->set_invested_fen(f.invested_fen);
    cell->set_asset_value_fen(f.asset_value_fen);
  }
}

absl::StatusOr<v1::Rollup> GetRollup(CallContext& context, const v1::GetRollupRequest& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& path = region.region_path;
  ASSIGN_OR_RETURN(auto units,
                   SumFigures(context.db, path, ChildDigits(path), FigureSet::kClasses));
  v1::Rollup rollup;
  rollup.set_region_code(path);
  rollup.set_region_name(region.name);
  SetTime(context.now, rollup.mutable_as_of());
  std::vector<std::string> codes;
  UnitFigures sum;
  for (const auto& [unit, figures] : units) {
    codes.push_back(unit);
    for (const auto& [key, f] : figures.classes) sum.classes[key] += f;
  }
  FillCells(sum, rollup.mutable_cells());
  if (path.size() == 12) return rollup;
  RegionNames names;
  RETURN_IF_ERROR(names.Load(context.db, codes));
  for (const auto& [unit, figures] : units) {
    if (figures.classes.empty()) continue;
    v1::RollupChild* child = rollup.add_children();
    child->set_region_code(unit);
    child->set_region_name(unit == path ? Cat(region.name, "（本级）") : names.Of(unit));
    FillCells(figures, child->mutable_cells());
  }
  return rollup;
}

// Of the roll-up of results.
std::string NameOfCell(int cell) {
  if (cell < kInForceCell) return std::string(EnumZh(static_cast<Result>(cell)));
  if (cell == kInForceCell) return "在册";
  return Cat("在册待处理", EnumZh(static_cast<Result>(cell - kInForceCell)));
}

absl::StatusOr<v1::VerifyRollupsResponse> VerifyRollups(CallContext& context,
                                                        const v1::VerifyRollupsRequest& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  ASSIGN_OR_RETURN(Recount recount, RecountRollups(context.db, region.region_path));
  v1::VerifyRollupsResponse response;
  response.set_equal(recount.differences.empty());
  response.set_cells(recount.cells);
  for (const RollupDifference& d : recount.differences) {
    const bool classes = d.table == "class_rollup";
    response.add_differences_zh(
        Cat(d.county, d.subject_type == kProjectSubject ? "项目" : "产业",
            classes ? std::string(EnumZh(static_cast<FourClass>(d.key))) : NameOfCell(d.key),
            "：汇总", d.kept.count, "个、投入", d.kept.invested_fen, "分、资产",
            d.kept.asset_value_fen, "分，重算", d.counted.count, "个、投入", d.counted.invested_fen,
            "分、资产", d.counted.asset_value_fen, "分"));
  }
  ASSIGN_OR_RETURN(const UnitRecount units, RecountUnits(context.db, region.region_path));
  response.set_cells(response.cells() + units.units);
  response.set_equal(response.equal() && units.differences.empty());
  for (const UnitDifference& d : units.differences) {
    response.add_differences_zh(
        Cat(d.counted.unit, "台账：汇总", d.kept.rows, "行、散列", HexEncode(d.kept.sha256),
            "、未签", d.kept.units_unsigned, "，重算", d.counted.rows, "行、散列",
            HexEncode(d.counted.sha256), "、未签", d.counted.units_unsigned));
  }
  ASSIGN_OR_RETURN(const CloseOutRecount close_outs,
                   RecountCloseOuts(context.db, region.region_path));
  response.set_cells(response.cells() + close_outs.counties);
  response.set_equal(response.equal() && close_outs.differences.empty());
  const auto in_words = [](const CloseOuts& c) {
    return Cat("应销号", c.due, "个、已销号", c.done(), "个（巩固", c.to_consolidate, "、升级",
               c.to_upgrade, "、退出", c.exited, "）、重新认定", c.reclassified, "个、需盘活",
               c.revitalize_due, "个", c.revitalize_value_fen, "分、盘活", c.revitalized, "个",
               c.revitalized_value_fen, "分");
  };
  for (const CloseOutDifference& d : close_outs.differences) {
    response.add_differences_zh(
        Cat(d.county, "销号：汇总", in_words(d.kept), "，重算", in_words(d.counted)));
  }
  return response;
}

// --- progress
// ---------------------------------------------------------------------------------------

absl::StatusOr<v1::Progress> GetProgress(CallContext& context,
                                         const v1::GetProgressRequest& request) {
  ASSIGN_OR_RETURN(RegionRow region, ResolveRegion(context, request.region_code()));
  const std::string& path = region.region_path;
  ProgressInput input;
  // Only the sums are wanted: a county's own are in the roll-ups, its townships' are not.
  const int digits = path.size() == 6 ? 6 : ChildDigits(path);
  ASSIGN_OR_RETURN(auto units, SumFigures(context.db, path, digits, FigureSet::kClassesAndResults));
  for (const auto& [unit, figures] : units) {
    for (const auto& [key, f] : figures.classes) input.figures.classes[key] += f;
    for (const auto& [key, f] : figures.results) input.figures.results[key] += f;
  }
  ASSIGN_OR_RETURN(auto close_outs, SumCloseOuts(context.db, path, digits));
  for (const auto& [unit, one] : close_outs) input.close_outs += one;
  v1::Progress progress;
  progress.set_region_code(path);
  progress.set_region_name(region.name);
  SetTime(context.now, progress.mutable_as_of());
  RETURN_IF_ERROR(
      FillProgress(context.db, path, Today(context), input, progress.mutable_figures()));
  ASSIGN_OR_RETURN(std::vector<OverrideNoticeRow> notices, ListOverrideNotices(context.db, path));
  for (const OverrideNoticeRow& row : notices) {
    if (!progress.add_override_notices()->ParseFromString(row.payload)) {
      return absl::DataLossError("a stored override notice cannot be read");
    }
  }
  return progress;
}

}  // namespace

void RegisterLedgerHandlers(rpc::Router& router, const Deps& deps) {
  const std::string service = "bangfu.evaluation.v1.LedgerService.";
  router.Unary<v1::GetLedgerEntryRequest, v1::LedgerEntry>(service + "GetLedgerEntry",
                                                           GetLedgerEntry);
  router.Unary<v1::BatchGetLedgerEntriesRequest, v1::BatchGetLedgerEntriesResponse>(
      service + "BatchGetLedgerEntries", BatchGetLedgerEntries);
  router.Unary<v1::ListLedgerEntriesRequest, v1::ListLedgerEntriesResponse>(
      service + "ListLedgerEntries", ListLedgerEntries);
  router.Unary<v1::SignLedgerRequest, v1::LedgerStatus>(service + "SignLedger",
                                                        rpc::OfWhole(SignLedger));
  router.Unary<v1::GetLedgerStatusRequest, v1::LedgerStatus>(service + "GetLedgerStatus",
                                                             rpc::OfWhole(GetLedgerStatus));
  router.Unary<v1::PlanMeasuresRequest, v1::LedgerEntry>(service + "PlanMeasures", PlanMeasures);
  router.Unary<v1::ReportMeasureProgressRequest, v1::LedgerEntry>(service + "ReportMeasureProgress",
                                                                  ReportMeasureProgress);
  router.Unary<v1::ListMeasuresRequest, v1::ListMeasuresResponse>(service + "ListMeasures",
                                                                  ListMeasures);
  router.Unary<v1::GetRollupRequest, v1::Rollup>(service + "GetRollup", GetRollup);
  router.Unary<v1::VerifyRollupsRequest, v1::VerifyRollupsResponse>(service + "VerifyRollups",
                                                                    VerifyRollups);
  router.Unary<v1::GetProgressRequest, v1::Progress>(service + "GetProgress", GetProgress);
  RegisterTrends(router);
  RegisterT2(router, deps);
  RegisterT14(router);
  period::RegisterPeriodService(router, PeriodOptions(deps.operations));
}

}  // namespace bangfu::evaluation
