#include "common/testing/list_queries.h"

#include <gmock/gmock.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "bangfu/options/v1/rules.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/store.h"
#include "common/contract/access.h"
#include "common/log/log.h"
#include "common/testing/explain.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr int kRows = 1000;
constexpr int kOneInCounty = 20;
constexpr int kPageSize = 20;
constexpr char kCounty[] = "360733";

// A composed service without its process: jobs are declared and never run.
class IdleApp final : public runtime::App {
 public:
  explicit IdleApp(const runtime::ServiceDefinition& definition)
      : name_(definition.name),
        jobs_(NoSessions(), metrics_),
        readiness_(NoSessions(), absl::Hours(1), [](bool) {}) {
    for (const std::string& peer : definition.peers) {
      auto client = rpc::Client::Create({.target = "127.0.0.1:9"});
      EXPECT_THAT(client, IsOk());
      if (client.ok()) peers_[peer] = *std::move(client);
    }
  }
  const std::string& service() const override { return name_; }
  const std::string& instance() const override { return name_; }
  bool production() const override { return false; }
  const Clock& clock() override { return clock_; }
  UlidGenerator& ids() override { return ids_; }
  metrics::Registry& metrics() override { return metrics_; }
  const mysql::Options& database() const override { return database_; }
  rpc::SessionFactory sessions() override { return NoSessions(); }
  rpc::Client& peer(std::string_view name) override { return *peers_.at(std::string(name)); }
  bool has_peer(std::string_view name) const override { return peers_.contains(std::string(name)); }
  const rpc::ServerOptions& server_options() const override { return server_options_; }
  std::function<absl::Status()> frozen_by_operator() const override {
    return [] { return absl::OkStatus(); };
  }
  // The tokens say what their persons may do.
  void GuardCalls(const auth::GrantSource*, std::function<absl::Status()>) override {}
  const auth::GrantSource* grants() const override { return nullptr; }
  const std::string& data_dir() const override { return data_dir_; }
  blob::Store& evidence() override { return *evidence_; }
  rpc::Router& router() override { return router_; }
  runtime::Jobs& jobs() override { return jobs_; }
  runtime::Readiness& readiness() override { return readiness_; }
  void WakeSubscriptions(std::string_view) override {}
  void Keep(std::shared_ptr<void> object) override { kept_.push_back(std::move(object)); }

 private:
  static rpc::SessionFactory NoSessions() {
    return [] { return std::unique_ptr<mysql::Session>(); };
  }
  std::string name_, data_dir_;
  FakeClock clock_;
  UlidGenerator ids_{clock_};
  metrics::Registry metrics_;
  mysql::Options database_;
  std::map<std::string, std::unique_ptr<rpc::Client>> peers_;
  const rpc::ServerOptions server_options_ = RpcServer::DefaultServerOptions();
  const std::unique_ptr<blob::Store> evidence_ = blob::NoStore();
  rpc::Router router_;
  runtime::Jobs jobs_;
  runtime::Readiness readiness_;
  std::vector<std::shared_ptr<void>> kept_;
};

// The i-th row of every table has the same id and region: what refers to each other is found.
std::string RegionOf(int i) {
  if (i % kOneInCounty == 0) return absl::StrFormat("%s101%03d", kCounty, 200 + i / kOneInCounty);
  return absl::StrFormat("36%02d%02d101%03d", 1 + i % 6, 21 + i % 10, 200 + i % 800);
}

struct Column {
  std::string name, type;
  int64_t length = 0;
  bool generated = false;  // the server computes it
};

struct Table {
  std::vector<Column> columns;
  std::map<std::string, std::vector<std::string>> keys;  // name -> columns in order

  const Column* Find(std::string_view name) const {
    for (const Column& c : columns) {
      if (c.name == name) return &c;
    }
    return nullptr;
  }
};

// Of the standard parts: a row for each feed that is followed, and what waits to be numbered.
const std::map<std::string, std::string>& SmallEverywhere() {
  static const auto* const tables = new std::map<std::string, std::string>{
      {"feed_cursor", "a row for each feed that the service follows"},
      {"feed_meta", "one row"},
      {"feed_outbox", "events on their way into the feed, less than a second's"},
      {"region_move", "regions that got another code, a few a year"}};
  return *tables;
}

// Of the standard parts: plans that are as they should be although they look otherwise.
const std::map<std::string, std::string>& AcceptedEverywhere() {
  static const auto* const plans = new std::map<std::string, std::string>{
      {"AuditService.SearchAudit audit_log",
       "a person's entries and a record's go newest first by their own index, and a page looks "
       "through a bounded number of them; search_test.cc explains each"},
      {"AuditService.ListAccesses access_log",
       "a person's looks go newest first by the person's index"}};
  return *plans;
}

bool IsRegion(std::string_view column) {
  return column == "region_path" || column == "county" || column == "county_path" ||
         column == "region_code";
}

mysql::Param Invent(const Column& c, int i) {
  const absl::CivilDay day = absl::CivilDay(2026, 1, 1) + i % 300;
  if (c.type == "binary") {
    return c.length == 16 ? InventedId(i).bytes() : Sha256(Cat(c.name, i)).substr(0, c.length);
  }
  if (c.type == "tinyint") return absl::StartsWith(c.name, "is_") || c.name == "swept" ? 0 : i % 3;
  if (absl::StrContains(c.type, "int")) return i;
  if (c.type == "date") return day;
  if (c.type == "datetime") return absl::FromCivil(day, absl::UTCTimeZone());
  if (absl::StrContains(c.type, "blob") || c.type == "varbinary") return "";
  if (absl::StrContains(c.type, "text")) return "{}";
  if (absl::StrContains(c.type, "char")) {
    if (absl::StrContains(c.name, "county")) return RegionOf(i).substr(0, 6);
    if (absl::StrContains(c.name, "region") && c.length == 12) return RegionOf(i);
    if (c.length == 7) return absl::StrFormat("2026-%02d", 1 + i % 9);
    std::string text = Cat("X", i);
    if (static_cast<int64_t>(text.size()) > c.length) text = text.substr(text.size() - c.length);
    return text;
  }
  return 0;
}

class Database {
 public:
  Database(TestDatabase& database, const ListQueryOptions& options)
      : database_(database), options_(options) {
    auto columns = database.db().Query(
        "SELECT c.TABLE_NAME, c.COLUMN_NAME, c.DATA_TYPE, "
        "COALESCE(c.CHARACTER_MAXIMUM_LENGTH, 0), COALESCE(c.GENERATION_EXPRESSION, '') "
        "FROM information_schema.COLUMNS c "
        "WHERE c.TABLE_SCHEMA = DATABASE() AND c.TABLE_NAME NOT LIKE 'schema\\_%' "
        "ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION");
    EXPECT_THAT(columns, IsOk());
    for (const mysql::Row& row : columns.value_or(mysql::Rows())) {
      tables_[row.String(0)].columns.push_back(
          {row.String(1), row.String(2), row.Int(3), !row.String(4).empty()});
    }
    auto keys = database.db().Query(
        "SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME FROM information_schema.STATISTICS "
        "WHERE TABLE_SCHEMA = DATABASE() ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX");
    EXPECT_THAT(keys, IsOk());
    for (const mysql::Row& row : keys.value_or(mysql::Rows())) {
      auto table = tables_.find(row.String(0));
      if (table != tables_.end()) table->second.keys[row.String(1)].push_back(row.String(2));
    }
  }

  void Fill() {
    for (const auto& [name, table] : tables_) {
      if (IsSmall(name)) continue;
      std::vector<std::string> columns;
      for (const Column& c : table.columns) {
        if (!c.generated) columns.push_back(c.name);
      }
      std::vector<mysql::Params> rows;
      for (int i = 0; i < kRows; ++i) {
        mysql::Params row;
        for (const Column& c : table.columns) {
          if (!c.generated) row.push_back(Value(name, c, i));
        }
        rows.push_back(std::move(row));
      }
      EXPECT_THAT(mysql::BulkInsert(database_.db(), name, Join(columns), rows, "", "INSERT IGNORE"),
                  IsOk())
          << name;
    }
    if (options_.setup) options_.setup(database_);
    for (const auto& [name, table] : tables_) {
      EXPECT_THAT(database_.db().Query(Cat("ANALYZE TABLE ", name)), IsOk());
    }
  }

  // What is wrong with a plan, one text per step.
  std::vector<std::string> Problems(const std::string& method, bool list, const Plan& plan) const {
    std::vector<std::string> out;
    const std::map<std::string, std::string> names = Aliases(plan.sql);
    const bool paged = list && absl::StrContains(plan.sql, "LIMIT");
    bool listed = paged;
    for (const PlanStep& step : plan.steps) {
      const auto alias = names.find(step.table);
      if (alias == names.end()) continue;  // what the server derived, or found out without a table
      const std::string& name = alias->second;
      const std::string place = Cat(method, " ", name);
      if (IsSmall(name) || options_.accepted.contains(place) ||
          AcceptedEverywhere().contains(place)) {
        continue;
      }
      const std::string problem = ProblemOf(paged, listed, tables_.at(name), step);
      listed = false;
      if (!problem.empty()) {
        out.push_back(Cat(method, ": ", name, " ", problem, " (", step.access, ", key ",
                          step.key.empty() ? "none" : step.key, ", ", step.rows, " rows, ",
                          step.extra, ")\n  ", plan.sql));
      }
    }
    return out;
  }

 private:
  static std::string Join(const std::vector<std::string>& parts) {
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : ", ") + part;
    return out;
  }

  bool IsSmall(const std::string& table) const {
    return options_.small.contains(table) || SmallEverywhere().contains(table);
  }

  mysql::Param Value(const std::string& table, const Column& column, int i) const {
    for (const std::string& key : {Cat(table, ".", column.name), Cat("*.", column.name)}) {
      if (const auto it = options_.values.find(key); it != options_.values.end()) return it->second;
    }
    return Invent(column, i);
  }

  // Names under which a statement speaks of our tables.
  std::map<std::string, std::string> Aliases(const std::string& sql) const {
    static const std::set<std::string> kWords = {
        "FORCE", "WHERE", "ON",    "ORDER", "JOIN", "LEFT", "INNER",        "GROUP",
        "LIMIT", "USE",   "CROSS", "UNION", "FOR",  "SET",  "STRAIGHT_JOIN"};
    std::map<std::string, std::string> out;
    const std::vector<std::string> words =
        absl::StrSplit(sql, absl::ByAnyChar(" \n,()"), absl::SkipEmpty());
    for (size_t i = 0; i < words.size(); ++i) {
      if (!tables_.contains(words[i])) continue;
      out[words[i]] = words[i];
      size_t next = i + 1;
      if (next < words.size() && words[next] == "AS") ++next;
      if (next < words.size() && !kWords.contains(words[next])) out[words[next]] = words[i];
    }
    return out;
  }

  // `paged`: of a statement that gives a page; `listed`: of the table whose rows it gives.
  static std::string ProblemOf(bool paged, bool listed, const Table& table, const PlanStep& step) {
    const bool one_row =
        step.access == "const" || step.access == "eq_ref" || step.access == "system";
    if (one_row || absl::StrContains(step.extra, "Select tables optimized away")) return "";
    if (step.access == "ALL") return "is read whole";
    if (step.access == "index" && step.rows > kRows / 4) return "is read whole by a key";
    if (!paged) return "";
    // A few records of one parent may be sorted.
    if (absl::StrContains(step.extra, "filesort") &&
        !(ByParent(table, step) && step.rows <= kRows / kOneInCounty)) {
      return "is sorted";
    }
    const bool regional = std::any_of(table.columns.begin(), table.columns.end(),
                                      [](const Column& c) { return IsRegion(c.name); });
    if (!regional || !listed) return "";
    if (ByParent(table, step)) return "";
    for (const std::string& column : KeyColumns(table, step)) {
      if (IsRegion(column)) return "";
    }
    return "is not narrowed by the region";
  }

  static std::vector<std::string> KeyColumns(const Table& table, const PlanStep& step) {
    // "a|b": found by a, thinned out by b.
    const auto columns = table.keys.find(step.key.substr(0, step.key.find('|')));
    return columns == table.keys.end() ? std::vector<std::string>() : columns->second;
  }

  // Found by the id of what they belong to.
  static bool ByParent(const Table& table, const PlanStep& step) {
    for (const std::string& name : KeyColumns(table, step)) {
      const Column& column = *table.Find(name);
      if (column.type == "binary" && column.length == 16) {
        return absl::StartsWith(step.access, "ref") || step.key_length > 17;
      }
    }
    return false;
  }

  TestDatabase& database_;
  const ListQueryOptions& options_;
  std::map<std::string, Table> tables_;
};

const options::v1::FieldRules& RulesOf(const FieldDescriptor& field) {
  return field.options().GetExtension(options::v1::rules);
}

// Fills requests with what the fields' rules allow and some records may have.
class Samples {
 public:
  explicit Samples(const std::map<std::string, std::string>& given) : given_(given) {}

  void Required(Message* message) const {
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *message->GetDescriptor()->field(i);
      if (RulesOf(field).required()) Field(message, field);
    }
  }

  void Field(Message* message, const FieldDescriptor& field) const {
    const google::protobuf::Reflection& r = *message->GetReflection();
    const bool many = field.is_repeated();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        many ? r.AddString(message, &field, Text(field))
             : r.SetString(message, &field, Text(field));
        break;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const google::protobuf::EnumDescriptor& type = *field.enum_type();
        const int number = type.value(std::min(1, type.value_count() - 1))->number();
        many ? r.AddEnumValue(message, &field, number) : r.SetEnumValue(message, &field, number);
        break;
      }
      case FieldDescriptor::CPPTYPE_BOOL:
        many ? r.AddBool(message, &field, true) : r.SetBool(message, &field, true);
        break;
      case FieldDescriptor::CPPTYPE_INT32: {
        const auto number = static_cast<int32_t>(Number(field));
        many ? r.AddInt32(message, &field, number) : r.SetInt32(message, &field, number);
        break;
      }
      case FieldDescriptor::CPPTYPE_INT64:
        many ? r.AddInt64(message, &field, Number(field))
             : r.SetInt64(message, &field, Number(field));
        break;
      case FieldDescriptor::CPPTYPE_MESSAGE:
        Inner(many ? r.AddMessage(message, &field) : r.MutableMessage(message, &field));
        break;
      default:
        ADD_FAILURE() << field.full_name() << " is of a kind that has no sample";
    }
  }

 private:
  std::string Text(const FieldDescriptor& field) const {
    if (const auto it = given_.find(field.name()); it != given_.end()) return it->second;
    switch (RulesOf(field).shape()) {
      case options::v1::SHAPE_ULID:
        return InventedId().ToString();
      case options::v1::SHAPE_REGION_CODE:
        return kCounty;
      case options::v1::SHAPE_USCC:
        return "91360100MA300015X0";
      case options::v1::SHAPE_SHA256:
        return std::string(64, 'a');
      case options::v1::SHAPE_PERIOD:
        return "2026-03";
      case options::v1::SHAPE_REQUEST_ID:
        return "request-1";
      default:
        return "X0";
    }
  }

  static int64_t Number(const FieldDescriptor& field) {
    return std::max<int64_t>(1, RulesOf(field).min());
  }

  void Inner(Message* value) const {
    const auto set = [value](const char* name, int32_t number) {
      value->GetReflection()->SetInt32(value, value->GetDescriptor()->FindFieldByName(name),
                                       number);
    };
    if (value->GetDescriptor()->full_name() == "google.type.Date") {
      set("year", 2026);
      set("month", 3);
      set("day", 1);
    } else {
      Required(value);
    }
  }

  const std::map<std::string, std::string>& given_;
};

class Reader {
 public:
  Reader(const runtime::ServiceDefinition& definition, const ListQueryOptions& options)
      : definition_(definition),
        options_(options),
        app_(definition),
        server_({.services = definition.services,
                 .migrations = definition.migrations,
                 .wrap_session =
                     [this](std::unique_ptr<mysql::Session> session) {
                       return ExplainingSession(std::move(session), plans_);
                     }},
                [this, &definition](rpc::Router& router) {
                  EXPECT_THAT(definition.compose(app_), IsOk());
                  router = std::move(app_.router());
                }),
        database_(server_.database(), options),
        sample_(options.samples) {
    database_.Fill();
  }

  void Run() {
    auto methods = contract::Catalogue(definition_.services);
    ASSERT_THAT(methods, IsOk());
    int lists = 0;
    for (const contract::Method& method : *methods) {
      if (method.writes()) continue;
      const google::protobuf::MethodDescriptor& d = *method.descriptor;
      const bool file = absl::StartsWith(d.name(), "Export");
      if (d.client_streaming() || (d.server_streaming() && !file)) continue;
      const bool list = file || absl::StartsWith(d.name(), "List") ||
                        absl::StartsWith(d.name(), "Search") ||
                        d.output_type()->FindFieldByName("next_page_token") != nullptr;
      lists += list ? 1 : 0;
      ReadAll(method, list);
    }
    EXPECT_GT(lists, 0);
  }

 private:
  struct Request {
    std::unique_ptr<Message> message;
    std::set<std::string> fields;  // optional ones that it sets
  };

  static bool OfPaging(const FieldDescriptor& field) {
    return field.name() == "page_size" || field.name() == "page_token";
  }

  // What the standard parts of a service want besides what one field alone asks.
  std::vector<std::string> Further(const std::string& name) const {
    if (const auto it = options_.requests.find(name); it != options_.requests.end()) {
      return it->second;
    }
    if (name == "AuditService.SearchAudit" || name == "AuditService.ListAccesses") {
      return {"aggregate_type: \"project\" aggregate_id: \"{id}\""};
    }
    if (name == "BlobService.ListBlobs") return {"case_type: \"project\" case_id: \"{id}\""};
    return {};
  }

  std::vector<Request> Requests(const contract::Method& method, const std::string& name) const {
    const google::protobuf::Descriptor& type = *method.descriptor->input_type();
    const Message& prototype =
        *google::protobuf::MessageFactory::generated_factory()->GetPrototype(&type);
    const auto base = [&] {
      std::unique_ptr<Message> message(prototype.New());
      sample_.Required(message.get());
      if (const FieldDescriptor* size = type.FindFieldByName("page_size")) {
        message->GetReflection()->SetInt32(message.get(), size, kPageSize);
      }
      return message;
    };
    std::vector<Request> out;
    out.push_back({base(), {}});
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      if (RulesOf(field).required() || OfPaging(field)) continue;
      out.push_back({base(), {field.name()}});
      sample_.Field(out.back().message.get(), field);
    }
    for (const std::string& text : Further(name)) {
      Request request{base(), {}};
      std::unique_ptr<Message> set(prototype.New());
      const std::string filled = absl::StrReplaceAll(text, {{"{id}", InventedId(0).ToString()}});
      EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(filled, set.get())) << filled;
      std::vector<const FieldDescriptor*> fields;
      set->GetReflection()->ListFields(*set, &fields);
      for (const FieldDescriptor* field : fields) {
        request.fields.insert(field->name());
        request.message->GetReflection()->ClearField(request.message.get(), field);
      }
      request.message->MergeFrom(*set);
      out.push_back(std::move(request));
    }
    return out;
  }

  void ReadAll(const contract::Method& method, bool list) {
    const std::string name =
        Cat(method.descriptor->service()->name(), ".", method.descriptor->name());
    std::set<std::string> open;  // optional fields that no answered request has set yet
    std::string refused;
    int explained = 0;
    std::vector<Request> requests = Requests(method, name);
    for (const Request& request : requests)
      open.insert(request.fields.begin(), request.fields.end());
    for (Request& request : requests) {
      plans_.Take();
      for (int page = 0; page < 2; ++page) {
        std::unique_ptr<Message> response(google::protobuf::MessageFactory::generated_factory()
                                              ->GetPrototype(method.descriptor->output_type())
                                              ->New());
        const absl::Status status = Call(method, *request.message, response.get());
        int here = 0;
        for (const Plan& plan : plans_.Take()) {
          ++here;
          for (const std::string& problem : database_.Problems(name, list, plan)) {
            if (told_.insert(problem).second) ADD_FAILURE() << problem;
          }
        }
        if (!status.ok()) {
          // A read that is no list may stumble over an invented record, a list may not.
          EXPECT_FALSE(list && absl::IsInternal(status))
              << name << " {" << request.message->ShortDebugString() << "}: " << status;
          refused +=
              Cat("\n  {", request.message->ShortDebugString(), "}: ", internal::Explain(status));
          break;
        }
        explained += here;
        for (const std::string& field : request.fields) open.erase(field);
        const FieldDescriptor* next = response->GetDescriptor()->FindFieldByName("next_page_token");
        const FieldDescriptor* token =
            request.message->GetDescriptor()->FindFieldByName("page_token");
        if (next == nullptr || token == nullptr) break;
        const std::string text = response->GetReflection()->GetString(*response, next);
        if (text.empty()) break;
        request.message->GetReflection()->SetString(request.message.get(), token, text);
      }
    }
    if (!list || options_.accepted.contains(name)) return;
    EXPECT_GT(explained, 0) << name << " was never answered from the database" << refused;
    for (const std::string& field : open) {
      if (options_.unset.contains(Cat(name, ".", field))) continue;
      ADD_FAILURE() << name << ": no answered request sets " << field << refused;
    }
  }

  absl::Status Call(const contract::Method& method, const Message& request, Message* response) {
    const std::string path =
        Cat(method.descriptor->service()->full_name(), ".", method.descriptor->name());
    absl::Status status;
    for (const char* region : {kCounty, "36"}) {
      rpc::CallOptions options;
      options.timeout = absl::Seconds(60);
      options.token = server_.Token(
          method.access.any_role() ? options::v1::ROLE_COUNTY_OPERATOR : method.access.roles(0),
          region);
      status = method.descriptor->server_streaming()
                   ? server_.client().ReadInto(
                         path, request, *response, [](const Message&) { return absl::OkStatus(); },
                         options)
                   : server_.client().CallInto(path, request, response, options);
      if (!absl::IsPermissionDenied(status)) break;
    }
    return status;
  }

  const runtime::ServiceDefinition& definition_;
  const ListQueryOptions& options_;
  Plans plans_;
  IdleApp app_;
  RpcServer server_;
  Database database_;
  Samples sample_;
  std::set<std::string> told_;
};

}  // namespace

Ulid InventedId(int i) { return *Ulid::FromBytes(Sha256(Cat("row", i)).substr(0, 16)); }

void ExpectListsServedByIndexes(const runtime::ServiceDefinition& definition,
                                const ListQueryOptions& options) {
  log::SetLevel(log::Level::kError);  // a line per call tells nothing here
  Reader(definition, options).Run();
}

}  // namespace bangfu::testing
