// What differs between a frozen table and another revision of it, or the live view.
#include <algorithm>
#include <memory>
#include <tuple>
#include <utility>

#include "common/base/page_token.h"
#include "common/base/strings.h"
#include "common/contract/difference.h"
#include "common/period/rows.h"
#include "common/period/service_message.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

using rpc::CallContext;

// Rows of one side, in order; a row at a time in hand.
using Rows = std::vector<Row>;

auto Place(const Row& row) { return std::tie(row.region_path, row.key); }

absl::StatusOr<Rows> FrozenSide(mysql::Executor& db, const Ulid& id, const RegionScope& scope) {
  Rows rows;
  RETURN_IF_ERROR(ReadRows(db, id, scope, [&](Row row) {
    rows.push_back(std::move(row));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<Rows> LiveSide(const Taken& taken, const RegionScope& scope) {
  Rows rows;
  for (const Chunk& chunk : taken.rows.chunks) {
    ASSIGN_OR_RETURN(Rows unpacked, UnpackRows(chunk.body));
    for (Row& row : unpacked) {
      if (auth::InScope(scope, row.region_path)) rows.push_back(std::move(row));
    }
  }
  return rows;
}

class Differ {
 public:
  Differ(const Table& table, std::pair<std::string, std::string> after, int limit)
      : table_(table), after_(std::move(after)), limit_(limit) {}

  absl::Status Take(const Row* before, const Row* after) {
    if (before != nullptr && after != nullptr && before->payload == after->payload) {
      return absl::OkStatus();
    }
    const Row& row = after != nullptr ? *after : *before;
    v1::RowDifference d;
    d.set_key(row.key);
    d.set_region_code(row.region_path);
    d.set_change(before == nullptr  ? v1::ROW_CHANGE_ADDED
                 : after == nullptr ? v1::ROW_CHANGE_REMOVED
                                    : v1::ROW_CHANGE_CHANGED);
    switch (d.change()) {
      case v1::ROW_CHANGE_ADDED:
        response.set_added(response.added() + 1);
        break;
      case v1::ROW_CHANGE_REMOVED:
        response.set_removed(response.removed() + 1);
        break;
      default:
        response.set_changed(response.changed() + 1);
    }
    if (std::tie(row.region_path, row.key) <= std::tie(after_.first, after_.second)) {
      return absl::OkStatus();
    }
    if (response.differences_size() == limit_) {
      if (response.next_page_token().empty()) response.set_next_page_token("more");
      return absl::OkStatus();
    }
    ASSIGN_OR_RETURN(auto old_row, Parse(before));
    ASSIGN_OR_RETURN(auto new_row, Parse(after));
    d.set_title(table_.TitleOf(new_row != nullptr ? *new_row : *old_row));
    if (d.change() == v1::ROW_CHANGE_CHANGED) {
      for (contract::Difference& one : contract::Compare(*old_row, *new_row)) {
        type::v1::FieldChange* field = d.add_fields();
        field->set_field(std::move(one.field));
        field->set_label_zh(std::move(one.label_zh));
        field->set_before(std::move(one.before));
        field->set_after(std::move(one.after));
      }
    }
    *response.add_differences() = std::move(d);
    return absl::OkStatus();
  }

  v1::DiffPeriodResponse response;

 private:
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Parse(const Row* row) const {
    if (row == nullptr) return std::unique_ptr<google::protobuf::Message>();
    std::unique_ptr<google::protobuf::Message> message(table_.row_type().New());
    if (!message->ParseFromString(row->payload)) {
      return absl::DataLossError("a frozen row cannot be read");
    }
    return message;
  }

  const Table& table_;
  const std::pair<std::string, std::string> after_;
  const int limit_;
};

}  // namespace

absl::StatusOr<v1::DiffPeriodResponse> DiffPeriod(const ServiceOptions& options,
                                                  CallContext& context,
                                                  const v1::DiffPeriodRequest& request) {
  ASSIGN_OR_RETURN(const Ulid id, Ulid::Parse(request.id()));
  ASSIGN_OR_RETURN(const int limit, ResolvePageSize(request.page_size()));
  const std::string query = Cat("diff/", request.id(), "/", request.other_id());
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), query));
  if (!key.empty() && key.size() != 2) return InvalidField("page_token", "分页标记无效");
  ASSIGN_OR_RETURN(const PeriodRow from, GetPeriod(context.db, id, context.scope));
  const v1::Period& p = from.message;
  if (p.state() < v1::PERIOD_STATE_FROZEN) {
    return FailedPrecondition("PERIOD_NOT_FROZEN", "该报表期尚未冻结");
  }
  const Table* table = FindTable(options.tables, p.table_no());
  if (table == nullptr) return absl::InternalError("a period of a table that is not served");
  ASSIGN_OR_RETURN(const Rows before, FrozenSide(context.db, id, context.scope));
  Rows after;
  std::string to_zh;
  if (request.other_id().empty()) {
    ASSIGN_OR_RETURN(const Taken live, TakeRows(context.db, *table, p.region_code(), p.period()));
    ASSIGN_OR_RETURN(after, LiveSide(live, context.scope));
    to_zh = LiveZh(live.watermarks);
  } else {
    ASSIGN_OR_RETURN(const Ulid other, Ulid::Parse(request.other_id()));
    ASSIGN_OR_RETURN(const PeriodRow to, GetPeriod(context.db, other, context.scope));
    if (to.message.table_no() != p.table_no() || to.message.region_code() != p.region_code() ||
        to.message.state() < v1::PERIOD_STATE_FROZEN) {
      return InvalidField("other_id", "须为同一地区同一报表的已冻结版次");
    }
    ASSIGN_OR_RETURN(after, FrozenSide(context.db, other, context.scope));
    to_zh = RevisionZh(to.message);
  }
  Differ differ(*table,
                key.empty() ? std::pair<std::string, std::string>() : std::pair(key[0], key[1]),
                limit);
  size_t i = 0;
  size_t j = 0;
  while (i < before.size() || j < after.size()) {
    if (j == after.size() || (i < before.size() && Place(before[i]) < Place(after[j]))) {
      RETURN_IF_ERROR(differ.Take(&before[i++], nullptr));
    } else if (i == before.size() || Place(after[j]) < Place(before[i])) {
      RETURN_IF_ERROR(differ.Take(nullptr, &after[j++]));
    } else {
      if (request.other_id().empty() && before[i].payload != after[j].payload) {
        ASSIGN_OR_RETURN(after[j].payload,
                         table->LiveBeside(before[i].payload, std::move(after[j].payload)));
      }
      RETURN_IF_ERROR(differ.Take(&before[i++], &after[j++]));
    }
  }
  v1::DiffPeriodResponse response = std::move(differ.response);
  if (!response.next_page_token().empty()) {
    const v1::RowDifference& last = response.differences(response.differences_size() - 1);
    response.set_next_page_token(EncodePageToken({last.region_code(), last.key()}, query));
  }
  response.set_from_zh(RevisionZh(p));
  response.set_to_zh(std::move(to_zh));
  return response;
}

}  // namespace bangfu::period
