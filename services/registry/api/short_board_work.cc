#include "services/registry/api/short_board_work.h"

#include <set>
#include <string>
#include <utility>

#include "common/base/strings.h"
#include "common/status/macros.h"
#include "common/workflow/work.h"
#include "services/registry/api/convert.h"
#include "services/registry/store/record_table.h"
#include "services/registry/store/reference_store.h"

namespace bangfu::registry {
namespace {

constexpr char kSubjectType[] = "short_board";
constexpr char kKindList[] = "SHORT_BOARD_KIND";

}  // namespace

std::vector<inbox::Kind> ShortBoardKinds() {
  return {{"SHORT_BOARD_COMPLETE", "补齐短板", kSubjectType}};
}

ShortBoardState StateOf(const v1::ShortBoard& board) {
  return board.has_completed_on() ? ShortBoardState::kCompleted : ShortBoardState::kOpen;
}

absl::Status SyncShortBoards(mysql::Tx& tx, const std::vector<v1::ShortBoard>& boards,
                             const inbox::Act& act) {
  if (boards.empty()) return absl::OkStatus();
  std::vector<CodeKey> keys;
  for (const v1::ShortBoard& board : boards) keys.emplace_back(kKindList, board.kind());
  ASSIGN_OR_RETURN(const auto kinds, LookupCodes(tx, keys));
  std::vector<inbox::Subject> subjects;
  for (const v1::ShortBoard& board : boards) {
    ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(board.id()));
    const auto kind = kinds.find({kKindList, board.kind()});
    const std::string title = Cat(kind == kinds.end() ? board.kind() : kind->second.name_zh,
                                  "短板：", board.description());
    inbox::Subject subject{kSubjectType, id, {}, {}};
    for (const workflow::WaitingStep& step :
         workflow::WaitingSteps(ShortBoardTransitions(), ShortBoardWorks(), StateOf(board), {})) {
      inbox::Wanted w = inbox::WantedOf(step, board.region_path(), title);
      // The day that was planned for it; without one there is no term.
      w.due_on = DayOf(board.due_on());
      subject.wanted.push_back(std::move(w));
    }
    subjects.push_back(std::move(subject));
  }
  return inbox::Sync(tx, subjects, act);
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
        std::vector<v1::ShortBoard> boards;
        for (const Record& record : locked) {
          v1::ShortBoard board = FromBytes<v1::ShortBoard>(record.bytes);
          board.set_id(record.id.ToString());
          board.set_region_path(record.region_path);
          boards.push_back(std::move(board));
        }
        return SyncShortBoards(tx, boards, act);
      }};
}

}  // namespace bangfu::registry
