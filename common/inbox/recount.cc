#include "common/inbox/recount.h"

#include <map>
#include <optional>
#include <set>

#include "common/status/macros.h"

namespace bangfu::inbox {
namespace {

constexpr int kChunk = 500;

absl::Status Save(mysql::Session& session, const std::string& source, const Ulid& after,
                  std::optional<absl::Time> finished_at) {
  return session
      .Execute(
          "INSERT INTO work_recount (source, after_id, finished_at) VALUES (?, ?, ?) ON "
          "DUPLICATE KEY UPDATE after_id = VALUES(after_id), finished_at = "
          "VALUES(finished_at)",
          {source, after, finished_at})
      .status();
}

class Run {
 public:
  Run(mysql::Session& session, UlidGenerator& ids, absl::Time now, const RecountOptions& options)
      : session_(session),
        act_{ids, now, nullptr, "recount", options.calendar},
        stopped_(options.stopped) {}

  bool stopped() const { return stopped_ && stopped_(); }

  absl::Status Sync(const Source& source, const std::vector<Ulid>& subjects) {
    return mysql::Transact(session_,
                           [&](mysql::Tx& tx) { return source.sync(tx, subjects, act_); });
  }

  absl::Status Subjects(const Source& source, Ulid after) {
    while (!stopped()) {
      ASSIGN_OR_RETURN(const std::vector<Ulid> page, source.page(session_, after, kChunk));
      if (page.empty()) return absl::OkStatus();
      RETURN_IF_ERROR(Sync(source, page));
      after = page.back();
      RETURN_IF_ERROR(Save(session_, source.subject_type, after, std::nullopt));
    }
    return absl::OkStatus();
  }

  // Open items in the order of their index.
  absl::Status OpenItems(const Source& source) {
    std::string region;
    absl::CivilDay due(1, 1, 1);
    Ulid id;
    while (!stopped()) {
      ASSIGN_OR_RETURN(
          const mysql::Rows rows,
          session_.Query("SELECT region_path, due_on, id, subject_type, subject_id FROM work_item "
                         "WHERE open_mark = 1 AND region_path >= ? AND (region_path > ? OR due_on "
                         "> ? OR (due_on = ? AND id > ?)) ORDER BY region_path, due_on, id LIMIT ?",
                         {region, region, due, due, id, kChunk}));
      if (rows.empty()) return absl::OkStatus();
      std::set<Ulid> subjects;
      for (const mysql::Row& row : rows) {
        region = row.String(0);
        due = row.Day(1);
        id = row.Id(2);
        if (row.String(3) == source.subject_type) subjects.insert(row.Id(4));
      }
      if (!subjects.empty()) RETURN_IF_ERROR(Sync(source, {subjects.begin(), subjects.end()}));
    }
    return absl::OkStatus();
  }

 private:
  mysql::Session& session_;
  const Act act_;
  const std::function<bool()>& stopped_;
};

}  // namespace

absl::Status Recount(mysql::Session& session, const std::vector<Source>& sources,
                     UlidGenerator& ids, absl::Time now, const RecountOptions& options) {
  Run run(session, ids, now, options);
  for (const Source& source : sources) {
    ASSIGN_OR_RETURN(
        const mysql::Rows rows,
        session.Query("SELECT after_id, finished_at FROM work_recount WHERE source = ?",
                      {source.subject_type}));
    Ulid after;
    if (!rows.empty()) {
      const std::optional<absl::Time> finished = rows[0].OptTime(1);
      if (finished && now - *finished < options.every) continue;
      after = rows[0].Id(0);
    }
    RETURN_IF_ERROR(run.Subjects(source, after));
    RETURN_IF_ERROR(run.OpenItems(source));
    if (run.stopped()) return absl::OkStatus();
    RETURN_IF_ERROR(Save(session, source.subject_type, Ulid(), now));
  }
  return absl::OkStatus();
}

}  // namespace bangfu::inbox
