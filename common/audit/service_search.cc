// SearchAudit and ExportAudit.
#include <algorithm>
#include <charconv>
#include <memory>
#include <optional>
#include <utility>

#include "common/audit/access.h"
#include "common/audit/service_rows.h"
#include "common/base/clock.h"
#include "common/base/page_token.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/table/csv.h"

namespace bangfu::audit {

namespace {

using rpc::CallContext;
using Chunk = type::v1::FileChunk;

constexpr int kDefaultPage = 20;
constexpr int kMaxPage = 100;
// A page ends early rather than outgrow a message.
constexpr size_t kMaxPageBytes = 3 << 20;
constexpr size_t kChunkBytes = 64 << 10;
constexpr int kExportPage = 200;

template <typename Request>
std::string FilterOf(const Request& request) {
  return Cat(request.region_code(), "/", request.subject(), "/", request.aggregate_type(), "/",
             request.aggregate_id(), "/", request.action(), "/", request.from().seconds(), "/",
             request.to().seconds(), "/", request.delegated_by());
}

std::vector<std::string> KeyOf(const Place& place) {
  return {Cat(absl::ToUnixMicros(place.occurred_at)), place.aggregate_type,
          place.aggregate_id.ToString(), Cat(place.chain_no)};
}

absl::StatusOr<Place> PlaceOf(const std::vector<std::string>& key) {
  Place place;
  int64_t micros = 0;
  const auto number = [](const std::string& text, int64_t* out) {
    return std::from_chars(text.data(), text.data() + text.size(), *out).ec == std::errc();
  };
  if (key.size() == 4 && number(key[0], &micros) && number(key[3], &place.chain_no)) {
    absl::StatusOr<Ulid> id = Ulid::Parse(key[2]);
    if (id.ok()) {
      place.occurred_at = absl::FromUnixMicros(micros);
      place.aggregate_type = key[1];
      place.aggregate_id = *id;
      return place;
    }
  }
  return InvalidField("page_token", "翻页标记无效").Build();
}

Place PlaceOf(const Record& r) {
  return {r.entry.occurred_at, r.entry.aggregate_type, r.entry.aggregate_id, r.chain_no};
}

absl::StatusOr<v1::SearchAuditResponse> SearchAudit(CallContext& context,
                                                    const v1::SearchAuditRequest& request) {
  ASSIGN_OR_RETURN(Search search, SearchOf(context, request));
  ASSIGN_OR_RETURN(search.limit, ResolvePageSize(request.page_size(), kDefaultPage, kMaxPage));
  const std::string filter = Cat("audit/", FilterOf(request));
  ASSIGN_OR_RETURN(std::vector<std::string> key, DecodePageToken(request.page_token(), filter));
  if (!key.empty()) {
    ASSIGN_OR_RETURN(search.after, PlaceOf(key));
  }
  ASSIGN_OR_RETURN(Found found, SearchLog(context.db, search));
  v1::SearchAuditResponse response;
  size_t bytes = 0;
  for (const Record& record : found.records) {
    v1::AuditEntry entry = ToProto(record, request.with_json());
    bytes += entry.ByteSizeLong();
    if (response.entries_size() > 0 && bytes > kMaxPageBytes) {
      found.next = PlaceOf(found.records[response.entries_size() - 1]);
      break;
    }
    *response.add_entries() = std::move(entry);
  }
  if (found.next) response.set_next_page_token(EncodePageToken(KeyOf(*found.next), filter));
  return response;
}

// --- export ---

table::TableSpec CsvSpec() {
  table::TableSpec spec;
  spec.table_no = "AUDIT";
  spec.title_zh = "审计日志";
  for (const auto& [key, header] :
       std::initializer_list<std::pair<const char*, const char*>>{{"occurred_at", "时间"},
                                                                  {"aggregate_type", "记录类型"},
                                                                  {"aggregate_id", "记录编号"},
                                                                  {"chain_no", "链内序号"},
                                                                  {"action", "操作"},
                                                                  {"subject", "人员编号"},
                                                                  {"name", "姓名"},
                                                                  {"role", "角色"},
                                                                  {"actor_region", "授权地区"},
                                                                  {"delegated_by", "委托人"},
                                                                  {"grant_id", "授权编号"},
                                                                  {"region", "记录地区"},
                                                                  {"field", "字段"},
                                                                  {"label", "字段名称"},
                                                                  {"before", "原值"},
                                                                  {"after", "新值"},
                                                                  {"reason", "理由"},
                                                                  {"request_id", "请求编号"},
                                                                  {"source_system", "来源系统"},
                                                                  {"client_ip", "来源地址"},
                                                                  {"hash", "哈希"},
                                                                  {"org_code", "所代表机构代码"},
                                                                  {"org_name", "所代表机构"}}) {
    table::ColumnSpec column;
    column.key = key;
    column.header_zh = header;
    spec.columns.push_back(std::move(column));
  }
  return spec;
}

absl::Status WriteEntry(table::TableWriter& csv, const v1::AuditEntry& e) {
  const std::string at =
      absl::FormatTime("%Y-%m-%d %H:%M:%S", TimeOf(e.occurred_at()), ShanghaiTimeZone());
  const auto line = [&](const type::v1::FieldChange& change) {
    return csv.WriteRow({at,
                         e.aggregate_type(),
                         e.aggregate_id(),
                         Cat(e.chain_no()),
                         e.action(),
                         e.actor().subject(),
                         e.actor().name(),
                         e.actor().role(),
                         e.actor().region_path(),
                         e.actor().delegated_by(),
                         e.actor().grant_id(),
                         e.region_path(),
                         change.field(),
                         change.label_zh(),
                         change.before(),
                         change.after(),
                         e.reason(),
                         e.request_id(),
                         e.source_system(),
                         e.client_ip(),
                         e.hash(),
                         e.actor_org_code(),
                         e.actor_org_name()});
  };
  // An entry that changed nothing that may be shown has a line, too.
  if (e.changes().empty()) return line(type::v1::FieldChange());
  for (const type::v1::FieldChange& change : e.changes()) RETURN_IF_ERROR(line(change));
  return absl::OkStatus();
}

// The found entries as a file. A page of the search is read when the client has taken what came
// before; between two of them there is the last place and what is left of the page's bytes.
class ExportFile final : public rpc::Source<Chunk> {
 public:
  ExportFile(Search search, bool csv, bool bom, absl::Time at)
      : search_(std::move(search)), csv_(csv), at_(at), table_(OptionsOf(bom), [this](auto bytes) {
          bytes_.append(bytes);
          return absl::OkStatus();
        }) {}

  // What goes before the entries.
  absl::Status Begin() {
    return csv_ ? table_.Begin(CsvSpec(), table::TableMeta()) : absl::OkStatus();
  }

  absl::StatusOr<std::optional<Chunk>> Pull(CallContext& context) override {
    while (!read_ && bytes_.size() - sent_ < kChunkBytes) {
      if (context.cancelled && context.cancelled()) {
        return absl::CancelledError("the client went away");
      }
      bytes_.erase(0, std::exchange(sent_, 0));
      RETURN_IF_ERROR(ReadPage(context.db));
    }
    Chunk chunk;
    if (sent_ < bytes_.size()) {
      chunk.set_data(bytes_.substr(sent_, kChunkBytes));
      sent_ += chunk.data().size();
      return chunk;
    }
    if (std::exchange(told_, true)) return std::nullopt;
    chunk.mutable_meta()->set_table_no("AUDIT");
    chunk.mutable_meta()->set_row_count(entries_);
    chunk.mutable_meta()->set_rows_sha256(rows_sha256_);
    SetTime(at_, chunk.mutable_meta()->mutable_snapshot_time());
    chunk.set_file_name(csv_ ? "审计日志.csv" : "审计日志.ndjson");
    return chunk;
  }

 private:
  static table::CsvWriter::Options OptionsOf(bool bom) {
    table::CsvWriter::Options options;
    options.bom = bom;
    options.preamble = false;
    return options;
  }
  absl::Status ReadPage(mysql::Executor& db) {
    ASSIGN_OR_RETURN(Found found, SearchLog(db, search_));
    for (const Record& record : found.records) {
      const v1::AuditEntry entry = ToProto(record, !csv_);
      if (csv_) {
        RETURN_IF_ERROR(WriteEntry(table_, entry));
      } else {
        bytes_ += ToJson(entry) + "\n";
      }
      ++entries_;
    }
    read_ = !found.next.has_value();
    search_.after = std::move(found.next);
    if (read_ && csv_) {
      ASSIGN_OR_RETURN(table::TableSummary summary, table_.Finish());
      rows_sha256_ = summary.rows_sha256;
    }
    return absl::OkStatus();
  }

  Search search_;
  const bool csv_;
  const absl::Time at_;
  table::CsvWriter table_;  // writes into bytes_
  std::string bytes_;
  size_t sent_ = 0;  // of bytes_
  int64_t entries_ = 0;
  std::string rows_sha256_;
  bool read_ = false;  // every page
  bool told_ = false;  // the last chunk
};

absl::StatusOr<std::unique_ptr<rpc::Source<Chunk>>> ExportAudit(
    CallContext& context, const v1::ExportAuditRequest& request) {
  const bool csv = request.format() == type::v1::FILE_FORMAT_CSV;
  if (!csv && request.format() != type::v1::FILE_FORMAT_NDJSON) {
    return InvalidField("format", "没有此文件格式");
  }
  ASSIGN_OR_RETURN(Search search, SearchOf(context, request));
  // A search finds nothing there; an export would be recorded as one of a region not seen.
  if (search.region &&
      std::none_of(search.scope.begin(), search.scope.end(), [&](const std::string& seen) {
        return RegionContains(seen, *search.region) || RegionContains(*search.region, seen);
      })) {
    return NotFound("region", request.region_code());
  }
  search.limit = kExportPage;
  // What is written while it runs is not in it.
  if (!search.to || *search.to > context.now) search.to = context.now + absl::Microseconds(1);
  // Recorded first: an export that is cut off was one, too.
  Access access;
  access.id = context.ids.Next();
  access.action = ActionOf(context);
  access.region_path = search.region           ? *search.region
                       : context.scope.empty() ? ""
                                               : context.scope[0];
  access.actor = ActorAt(context, access.region_path);
  access.fields = {FilterOf(request)};
  access.reason = request.reason();
  access.request_id = request.request_id();
  access.client_ip = context.caller.client_ip;
  access.occurred_at = context.now;
  RETURN_IF_ERROR(RecordAccess(context.db, access));

  auto file = std::make_unique<ExportFile>(std::move(search), csv, !request.no_bom(), context.now);
  RETURN_IF_ERROR(file->Begin());
  return file;
}

}  // namespace

void RegisterSearch(rpc::Router& router) {
  router.Unary<v1::SearchAuditRequest, v1::SearchAuditResponse>(
      "bangfu.audit.v1.AuditService.SearchAudit", SearchAudit);
  router.ServerStream<v1::ExportAuditRequest, Chunk>("bangfu.audit.v1.AuditService.ExportAudit",
                                                     ExportAudit);
}

}  // namespace bangfu::audit
