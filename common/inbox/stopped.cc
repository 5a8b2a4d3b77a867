#include "common/inbox/stopped.h"

#include <algorithm>
#include <utility>

#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/operation/stopped.h"
#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

constexpr char kSubjectType[] = "operation";

// The operation's subject is claimed by then, so that what is read of it stays true.
absl::Status SyncOne(mysql::Tx& tx, const Ulid& id, const StoppedKind* stopped,
                     const operation::v1::Operation& operation, const Act& act) {
  Subject subject{kSubjectType, id, {}, {}};
  bool wanted = stopped != nullptr && operation::HasStopped(operation);
  if (wanted && stopped->is_wanted) {
    ASSIGN_OR_RETURN(wanted, stopped->is_wanted(tx, operation));
  }
  if (wanted) {
    Wanted w;
    w.kind = stopped->code;
    w.action = "resume";
    w.slot = "PROVINCE";
    ASSIGN_OR_RETURN(w.title, stopped->title(tx, operation));
    w.region_path = operation.region_path();
    w.roles = {options::v1::ROLE_PROV_ADMIN};
    if (stopped->days) {
      ASSIGN_OR_RETURN(const int64_t days, stopped->days(tx));
      w.term_days = static_cast<int>(days);
    }
    subject.wanted.push_back(w);
    options::v1::Role role = options::v1::ROLE_UNSPECIFIED;
    if (options::v1::Role_Parse(operation.created_by().role(), &role) &&
        role != options::v1::ROLE_PROV_ADMIN) {
      w.slot = "STARTER";
      w.roles = {static_cast<int>(role)};
      w.assignee = operation.created_by().subject();
      subject.wanted.push_back(std::move(w));
    }
  }
  return Sync(tx, {subject}, act);
}

// `of`: the kind of an operation that is there; nullptr: it is none of ours.
absl::Status SyncAll(mysql::Tx& tx, const std::vector<Ulid>& ids,
                     const std::function<const StoppedKind*(const std::string&)>& of,
                     const Act& act) {
  RETURN_IF_ERROR(Claim(tx, ids));
  for (const Ulid& id : ids) {
    absl::StatusOr<operation::v1::Operation> operation = operation::Get(tx, id, {kProvinceCode});
    // What ended long ago is swept: nobody can resume it any more.
    if (absl::IsNotFound(operation.status())) operation = operation::v1::Operation();
    RETURN_IF_ERROR(operation.status());
    RETURN_IF_ERROR(SyncOne(tx, id, of(operation->kind()), *operation, act));
  }
  return absl::OkStatus();
}

}  // namespace

Kind KindOf(const StoppedKind& stopped) { return {stopped.code, stopped.label_zh, kSubjectType}; }

operation::StandFunction StandOf(StoppedKind stopped, CalendarLookup calendar) {
  return [stopped = std::move(stopped), calendar = std::move(calendar)](
             mysql::Tx& tx, const operation::v1::Operation& operation,
             absl::Time now) -> absl::Status {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(operation.id()));
    RETURN_IF_ERROR(Claim(tx, {id}));
    UlidGenerator ids(SystemClock());
    return SyncOne(tx, id, &stopped, operation,
                   {.ids = ids,
                    .now = now,
                    .outcome = operation::HasStopped(operation) ? "stopped" : "resume",
                    .calendar = calendar});
  };
}

absl::Status SyncStopped(mysql::Tx& tx, const StoppedKind& stopped, const std::vector<Ulid>& ids,
                         const Act& act) {
  return SyncAll(
      tx, ids, [&](const std::string&) { return &stopped; }, act);
}

absl::Status SyncStoppedIn(mysql::Tx& tx, const StoppedKind& stopped,
                           const std::string& region_path, const Act& act, int page) {
  Ulid after;
  while (true) {
    ASSIGN_OR_RETURN(const std::vector<Ulid> ids,
                     operation::ListStopped(tx, stopped.operation, region_path, after, page));
    if (ids.empty()) return absl::OkStatus();
    RETURN_IF_ERROR(SyncStopped(tx, stopped, ids, act));
    if (ids.size() < static_cast<size_t>(page)) return absl::OkStatus();
    after = ids.back();
  }
}

Source StoppedSource(std::vector<StoppedKind> kinds) {
  const auto of = [kinds](const std::string& operation) -> const StoppedKind* {
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const StoppedKind& kind) {
      return kind.operation == operation;
    });
    return found == kinds.end() ? nullptr : &*found;
  };
  return {kSubjectType,
          [kinds](mysql::Executor& db, const Ulid& after,
                  int limit) -> absl::StatusOr<std::vector<Ulid>> {
            std::vector<Ulid> ids;
            for (const StoppedKind& kind : kinds) {
              ASSIGN_OR_RETURN(
                  const std::vector<Ulid> stopped,
                  operation::ListStopped(db, kind.operation, kProvinceCode, after, limit));
              ids.insert(ids.end(), stopped.begin(), stopped.end());
            }
            std::sort(ids.begin(), ids.end());
            if (ids.size() > static_cast<size_t>(limit)) ids.resize(static_cast<size_t>(limit));
            return ids;
          },
          [of](mysql::Tx& tx, const std::vector<Ulid>& ids, const Act& act) {
            return SyncAll(tx, ids, of, act);
          }};
}

}  // namespace bangfu::inbox
