#include "services/registry/api/short_board_work.h"

#include <optional>
#include <set>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "common/workflow/work.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/record_table.h"

namespace bangfu::registry {
namespace {

constexpr char kSubjectType[] = "short_board";
constexpr char kKindList[] = "SHORT_BOARD_KIND";

std::vector<v1::ShortBoard> BoardsOf(const std::vector<Record>& records) {
  std::vector<v1::ShortBoard> boards;
  for (const Record& record : records) {
    v1::ShortBoard board = FromBytes<v1::ShortBoard>(record.bytes);
    board.set_id(record.id.ToString());
    board.set_region_path(record.region_path);
    boards.push_back(std::move(board));
  }
  return boards;
}

}  // namespace

std::vector<inbox::Kind> ShortBoardKinds() {
  return {{"SHORT_BOARD_COMPLETE", "补齐短板", kSubjectType,
           "bangfu.registry.v1.IndustryService.CompleteShortBoard"}};
}

absl::StatusOr<std::vector<ShortBoardState>> StatesOf(mysql::Executor& db,
                                                      const std::vector<v1::ShortBoard>& boards) {
  // The project of each board that is open, and neither void nor an industry's.
  std::vector<std::optional<Ulid>> projects;
  std::set<Ulid> ids;
  for (const v1::ShortBoard& board : boards) {
    std::optional<Ulid>& project = projects.emplace_back();
    if (board.is_void() || board.has_completed_on() ||
        board.subject_type() == type::v1::SUBJECT_TYPE_INDUSTRY) {
      continue;
    }
    project = OptionalId(board.subject_id());
    if (project) ids.insert(*project);
  }
  ASSIGN_OR_RETURN(const std::set<Ulid> gone, VoidProjects(db, ids));
  std::vector<ShortBoardState> out;
  for (size_t i = 0; i < boards.size(); ++i) {
    if (boards[i].is_void()) {
      out.push_back(ShortBoardState::kVoid);
    } else if (boards[i].has_completed_on()) {
      out.push_back(ShortBoardState::kCompleted);
    } else {
      const bool is_void = projects[i] && gone.count(*projects[i]) > 0;
      out.push_back(is_void ? ShortBoardState::kOfVoidProject : ShortBoardState::kOpen);
    }
  }
  return out;
}

absl::Status SyncShortBoards(mysql::Tx& tx, const std::vector<v1::ShortBoard>& boards,
                             const inbox::Act& act) {
  if (boards.empty()) return absl::OkStatus();
  std::vector<CodeKey> keys;
  for (const v1::ShortBoard& board : boards) keys.emplace_back(kKindList, board.kind());
  ASSIGN_OR_RETURN(const auto kinds, LookupCodes(tx, keys));
  ASSIGN_OR_RETURN(const std::vector<ShortBoardState> states, StatesOf(tx, boards));
  std::set<Ulid> lacking;  // projects and industries
  for (size_t i = 0; i < boards.size(); ++i) {
    const std::optional<Ulid> of = OptionalId(boards[i].subject_id());
    if (of && states[i] == ShortBoardState::kOpen) lacking.insert(*of);
  }
  ASSIGN_OR_RETURN(const auto codes, FacetCodesOf(tx, lacking));
  ASSIGN_OR_RETURN(const auto facets, WorkFacets(tx, codes));
  std::vector<inbox::Subject> subjects;
  for (size_t i = 0; i < boards.size(); ++i) {
    const v1::ShortBoard& board = boards[i];
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(board.id()));
    const auto kind = kinds.find({kKindList, board.kind()});
    const std::string title = Cat(kind == kinds.end() ? board.kind() : kind->second.name_zh,
                                  "短板：", board.description());
    inbox::Subject subject{kSubjectType, id, {}, {}};
    for (const workflow::WaitingStep& step :
         workflow::WaitingSteps(ShortBoardTransitions(), ShortBoardWorks(), states[i], {})) {
      inbox::Wanted w = inbox::WantedOf(step, board.region_path(), title);
      // The day that was planned for it; without one there is no term.
      w.due_on = DayOf(board.due_on());
      if (const auto of = facets.find(OptionalId(board.subject_id()).value_or(Ulid()));
          of != facets.end()) {
        w.facets = of->second;
      }
      subject.wanted.push_back(std::move(w));
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
}

absl::Status SyncShortBoardsOfProjects(mysql::Tx& tx, const std::set<Ulid>& projects,
                                       const inbox::Act& act) {
  if (projects.empty()) return absl::OkStatus();
  ASSIGN_OR_RETURN(const std::vector<Record> open,
                   ShortBoardTable().LockWhere(
                       tx, Both(OneOf("subject_id", projects), Equals("completed", false))));
  return SyncShortBoards(tx, BoardsOf(open), act);
}

inbox::Source ShortBoardSource() {
  return {
      kSubjectType,
      [](mysql::Executor& db, const Ulid& after, int limit) -> absl::StatusOr<std::vector<Ulid>> {
        ASSIGN_OR_RETURN(const std::vector<Record> page,
                         ShortBoardTable().ListById(db, std::nullopt, after, limit));
        std::vector<Ulid> ids;
        for (const Record& record : page) ids.push_back(record.id);
        return ids;
      },
      [](mysql::Tx& tx, const std::vector<Ulid>& ids, const inbox::Act& act) -> absl::Status {
        ASSIGN_OR_RETURN(const std::vector<Record> locked,
                         ShortBoardTable().Lock(tx, {ids.begin(), ids.end()}));
        return SyncShortBoards(tx, BoardsOf(locked), act);
      }};
}

}  // namespace bangfu::registry
