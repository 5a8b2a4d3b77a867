#include "tests/chaos/matrix.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/region.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;
using options::v1::FieldRules;

// What is not of the county though its request names a record or a region, and why.
const std::map<std::string, std::string>& NotRegional() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"bangfu.registry.v1.RegionService.ListRegions", "reference data, for everyone"},
      {"bangfu.registry.v1.OrganisationService.ListOrganisations", "reference data, for everyone"},
      {"bangfu.registry.v1.OperatorService.ListOperators", "an operator works in several counties"},
      {"bangfu.registry.v1.OperatorService.GetOperator", "an operator works in several counties"},
      {"bangfu.registry.v1.InventoryService.ListCampaigns", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.GetCampaign", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.OpenCampaign", "a campaign is the province's"},
      {"bangfu.registry.v1.InventoryService.CloseCampaign", "a campaign is the province's"},
      {"bangfu.evaluation.v1.CriteriaService.GetCriteriaSet", "the criteria are the province's"},
      {"bangfu.evaluation.v1.CriteriaService.GetActiveCriteria", "the criteria are the province's"},
      {"bangfu.evaluation.v1.CriteriaService.ActivateCriteria", "the criteria are the province's"},
      {"bangfu.intake.v1.ImportService.UploadChunk", "a file is filled by who opened it"},
      {"bangfu.intake.v1.ImportService.ValidateImport", "a file is checked by who opened it"},
      {"bangfu.intake.v1.ImportService.CommitImport", "a file is committed by who opened it"},
      {"bangfu.inbox.v1.InboxService.MarkRead", "marks what is the caller's and says how many"},
      {"bangfu.blob.v1.BlobService.PutChunk", "a file is filled by who began it"},
      {"bangfu.blob.v1.BlobService.CompleteUpload", "a file is filled by who began it"},
      {"bangfu.blob.v1.BlobService.AbandonUpload", "a file is given up by who began it"},
      {"bangfu.dictionary.v1.DictionaryService.PrefillForm", "what its subject is the form says"},
      {"bangfu.feed.v1.ChangeFeed.RedriveParkedEvents", "nothing is parked in a sound world"},
      {"bangfu.registry.v1.GrantService.GetGrant", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.BatchGetGrants", "its holder's, or an administrator's"},
      {"bangfu.registry.v1.GrantService.DelegateGrant", "its holder's"},
      {"bangfu.registry.v1.GrantService.EndDelegation", "of the two whom it concerns"},
  };
  return *known;
}

// Writes about a county's record that no grant is narrowed for by money or industry, and why.
const std::map<std::string, std::string>& NotNarrowed() {
  static const auto* const known = new std::map<std::string, std::string>{
  };
  return *known;
}

std::string Snake(const std::string& name) {
  std::string out;
  for (const char c : name) {
    if (absl::ascii_isupper(static_cast<unsigned char>(c)) && !out.empty()) out += '_';
    out += absl::ascii_tolower(static_cast<unsigned char>(c));
  }
  return out;
}

// Records of the world by the name of their message in snake case, as list rpcs gave them.
class Pool {
 public:
  void Crawl(const Message& message) {
    const Descriptor& type = *message.GetDescriptor();
    const auto& reflection = *message.GetReflection();
    if (const auto* id = type.FindFieldByName("id");
        id != nullptr && id->type() == FieldDescriptor::TYPE_STRING && !id->is_repeated()) {
      const std::string value = reflection.GetString(message, id);
      if (Ulid::Parse(value).ok()) {
        auto& kept = records_[Snake(type.name())];
        if (kept.size() < kKept) {
          kept.push_back(std::unique_ptr<Message>(message.New()));
          kept.back()->CopyFrom(message);
        }
      }
    }
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(message, &fields);
    for (const auto* field : fields) {
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (!field->is_repeated()) {
        Crawl(reflection.GetMessage(message, field));
        continue;
      }
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        Crawl(reflection.GetRepeatedMessage(message, field, i));
      }
    }
  }
  // The record that a name speaks of: "unit_report" finds inventory_unit_report.
  const Message* Find(const std::string& name) const {
    if (const auto it = records_.find(name); it != records_.end()) return it->second[0].get();
    for (const auto& [type, records] : records_) {
      if (absl::EndsWith(type, Cat("_", name))) return records[0].get();
    }
    // "project_history" is of a project.
    for (const auto& [type, records] : records_) {
      if (absl::StartsWith(name, Cat(type, "_"))) return records[0].get();
    }
    return nullptr;
  }
  std::vector<std::string> IdsOf(const std::string& type) const {
    std::vector<std::string> ids;
    if (const auto it = records_.find(type); it != records_.end()) {
      for (const auto& record : it->second) ids.push_back(IdOf(*record));
    }
    return ids;
  }
  static std::string IdOf(const Message& record) { return Text(record, "id"); }
  // A field that is a text; "" where the record has none of the name.
  static std::string Text(const Message& record, const std::string& name) {
    const auto* field = record.GetDescriptor()->FindFieldByName(name);
    if (field == nullptr || field->is_repeated() || field->type() != FieldDescriptor::TYPE_STRING) {
      return "";
    }
    return record.GetReflection()->GetString(record, field);
  }

 private:
  static constexpr size_t kKept = 200;
  std::map<std::string, std::vector<std::unique_ptr<Message>>> records_;
};

// Builds a request that is right but for what would change something: the etag is not the record's,
// unless that is asked for, and whatever can be checked only is.
class Builder {
 public:
  Builder(const std::map<std::string, Pool>& pools, const std::string& service, std::string region,
          bool true_etags = false)
      : pools_(pools),
        pool_(pools.at(service)),
        region_(std::move(region)),
        true_etags_(true_etags) {}

  // Whether something in it lies in a region; what could not be found is named in missing().
  bool Fill(const MethodDescriptor& method, Message* request) {
    regional_ = false;
    of_the_city_ = false;
    record_ = nullptr;
    missing_.clear();
    method_ = &method;
    FillMessage(request, 0);
    return regional_;
  }
  const std::string& missing() const { return missing_; }
  // A record of the city above the county is among those that it names.
  bool of_the_city() const { return of_the_city_; }

 private:
  // What `id` of this method names: the answer's record, or the noun of the rpc's name.
  std::string ResourceOfMethod() const {
    const Descriptor& output = *method_->output_type();
    if (output.FindFieldByName("id") != nullptr && output.name() != "Operation") {
      return Snake(output.name());
    }
    std::string noun = Snake(method_->name());
    if (absl::StartsWith(noun, "batch_")) noun.erase(0, 6);
    noun = noun.substr(noun.find('_') + 1);
    if (absl::EndsWith(noun, "s")) noun.pop_back();
    return noun;
  }
  std::string IdFor(const FieldDescriptor& field) {
    std::string name = field.name();
    if (name == "id" || name == "ids") {
      name = ResourceOfMethod();
    } else {
      if (absl::EndsWith(name, "_ids")) name.resize(name.size() - 4);
      if (absl::EndsWith(name, "_id")) name.resize(name.size() - 3);
    }
    // Names that say less than the record's own.
    static const auto* const aliases =
        new std::map<std::string, std::string>{{"subject", "project"},
                                               {"aggregate", "project"},
                                               {"contract", "operating_contract"},
                                               {"read", "work_item"},
                                               {"import_row", "import"}};
    if (const auto alias = aliases->find(name); alias != aliases->end()) name = alias->second;
    const Message* record = pool_.Find(name);
    // A record of another service; but each service has files of its own.
    for (const auto& [service, pool] : pools_) {
      if (record == nullptr && name != "blob") record = pool.Find(name);
    }
    if (record == nullptr) {
      missing_ = name;
      return UlidGenerator(SystemClock()).Next().ToString();
    }
    regional_ = true;
    of_the_city_ = of_the_city_ || name == "sample";
    record_ = record;
    return Pool::IdOf(*record);
  }
  std::string TextFor(const FieldDescriptor& field, const FieldRules& rules) {
    const std::string& name = field.name();
    if (name == "page_token") return "";
    if (name == "etag") {
      const std::string etag =
          true_etags_ && record_ != nullptr ? Pool::Text(*record_, "etag") : "";
      return etag.empty() ? "0" : etag;
    }
    if (name == "person") return "matrix-person";
    if (name == "aggregate_type") return "project";
    switch (rules.shape()) {
      case options::v1::SHAPE_ULID:
        return IdFor(field);
      case options::v1::SHAPE_REGION_CODE:
        regional_ = true;
        return region_;
      case options::v1::SHAPE_REQUEST_ID:
        return Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString());
      case options::v1::SHAPE_SHA256:
        return std::string(64, 'a');
      case options::v1::SHAPE_PERIOD:
        return "2026-10";
      case options::v1::SHAPE_CODE:
        return "TEA";
      default:
        return rules.pattern().empty() ? "样例" : "1";
    }
  }

  void FillMessage(Message* message, int depth) {
    const Descriptor& type = *message->GetDescriptor();
    const auto& reflection = *message->GetReflection();
    if (type.full_name() == "google.type.Date") {
      for (const auto& [name, value] :
           std::map<std::string, int>{{"year", 2026}, {"month", 12}, {"day", 31}}) {
        reflection.SetInt32(message, type.FindFieldByName(name), value);
      }
      return;
    }
    if (type.full_name() == "google.protobuf.Timestamp") {
      reflection.SetInt64(message, type.FindFieldByName("seconds"),
                          absl::ToUnixSeconds(absl::Now()) + 86400);
      return;
    }
    std::set<const google::protobuf::OneofDescriptor*> chosen;
    for (int i = 0; i < type.field_count(); ++i) {
      const FieldDescriptor& field = *type.field(i);
      const FieldRules& rules = field.options().GetExtension(options::v1::rules);
      if (field.name() == "validate_only") {
        reflection.SetBool(message, &field, true);
        continue;
      }
      // Regions are filled wherever they stand: they are what the test is about. Ids that may be
      // left out are filters of lists, which find more without.
      const bool region = rules.shape() == options::v1::SHAPE_REGION_CODE && depth == 0;
      if (!rules.required() && !region && field.name() != "etag") continue;
      if (depth > 0 && field.name() == "id") continue;
      if (const auto* oneof = field.real_containing_oneof();
          oneof != nullptr && !chosen.insert(oneof).second) {
        continue;
      }
      FillField(field, rules, message, depth);
    }
  }

  void FillField(const FieldDescriptor& field, const FieldRules& rules, Message* message,
                 int depth) {
    const auto& reflection = *message->GetReflection();
    const bool many = field.is_repeated();
    const int64_t number = std::max<int64_t>(1, rules.has_min() ? rules.min() : 1);
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text =
            field.type() == FieldDescriptor::TYPE_BYTES ? "x" : TextFor(field, rules);
        if (many) {
          reflection.AddString(message, &field, text);
        } else {
          reflection.SetString(message, &field, text);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        if (depth > 4) return;
        FillMessage(many ? reflection.AddMessage(message, &field)
                         : reflection.MutableMessage(message, &field),
                    depth + 1);
        return;
      case FieldDescriptor::CPPTYPE_ENUM: {
        const int value =
            field.enum_type()->value_count() > 1 ? field.enum_type()->value(1)->number() : 0;
        if (many) {
          reflection.AddEnumValue(message, &field, value);
        } else {
          reflection.SetEnumValue(message, &field, value);
        }
        return;
      }
      case FieldDescriptor::CPPTYPE_INT32:
        if (many) {
          reflection.AddInt32(message, &field, static_cast<int32_t>(number));
        } else {
          reflection.SetInt32(message, &field, static_cast<int32_t>(number));
        }
        return;
      case FieldDescriptor::CPPTYPE_INT64:
        if (many) {
          reflection.AddInt64(message, &field, number);
        } else {
          reflection.SetInt64(message, &field, number);
        }
        return;
      case FieldDescriptor::CPPTYPE_BOOL:
        if (!many) reflection.SetBool(message, &field, true);
        return;
      default:
        return;
    }
  }

  const std::map<std::string, Pool>& pools_;
  const Pool& pool_;  // of the service that is asked
  const std::string region_;
  const bool true_etags_;
  const MethodDescriptor* method_ = nullptr;
  const Message* record_ = nullptr;  // the one named last
  bool regional_ = false, of_the_city_ = false;
  std::string missing_;
};

class Matrix {
 public:
  explicit Matrix(const MatrixOptions& options) : options_(options) {}

  int Run() {
    for (const auto& [service, address] : options_.endpoints) {
      auto client = rpc::Client::Create({.target = address, .read_attempts = 1});
      auto methods = MethodsByReflection(address);
      if (!client.ok() || !methods.ok()) {
        std::printf("%s: not reached\n", service.c_str());
        return 1;
      }
      pools_[service];
      clients_[service] = *std::move(client);
      methods_[service] = *std::move(methods);
    }
    Harvest();
    OpenImports();
    Make();
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        Try(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    std::printf("%d rpcs, %d calls; %d of them of a region, %d of none; %d tried narrowed\n", rpcs_,
                calls_, regional_, rpcs_ - regional_, narrowed_);
    for (const std::string& line : unmade_) std::printf("no request: %s\n", line.c_str());
    std::printf("%d wrong, %zu without a request\n", wrong_, unmade_.size());
    return wrong_ + static_cast<int>(unmade_.size());
  }

 private:
  struct Answer {
    absl::Status status;
    bool empty = true;      // an answer that holds nothing
    bool excluded = false;  // lines, each of which the scope of the grant refuses
  };

  std::string Token(int role, const std::string& region) {
    auto& token = tokens_[{role, region}];
    if (token.empty()) {
      token = MintFor(options_.dev_key, static_cast<auth::Role>(role), region,
                      Cat("matrix-", role, "-", region));
    }
    return token;
  }

  // A grant for money and industries that nothing is of.
  std::string NarrowedToken(int role, const std::string& region) {
    auto& token = narrowed_tokens_[{role, region}];
    if (!token.empty()) return token;
    auto key = auth::DevKey::LoadOrCreate(options_.dev_key);
    if (!key.ok()) return token;
    auth::Caller caller;
    caller.subject = Cat("narrowed-", role, "-", region);
    auth::Grant& grant = caller.grants.emplace_back();
    grant.role = static_cast<auth::Role>(role);
    grant.region_path = region;
    grant.fund_sources = grant.industries = {"NONE"};
    token = key->Mint(caller, SystemClock().Now()).value_or("");
    return token;
  }

  Answer Call(const std::string& service, const MethodDescriptor& method, const Message& request,
              const std::string& token, Pool* pool = nullptr) {
    ++calls_;
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> response(factory->GetPrototype(method.output_type())->New());
    rpc::CallOptions call;
    call.token = token;
    Answer answer;
    if (method.server_streaming()) {
      call.timeout = absl::Milliseconds(300);
      answer.status = clients_[service]->ReadInto(
          method.full_name(), request, *response,
          [&](const Message&) {
            answer.empty = false;
            return absl::CancelledError("enough");
          },
          call);
      // A watch with nothing to tell, and one of which the first message was enough.
      if (absl::IsCancelled(answer.status) || absl::IsDeadlineExceeded(answer.status)) {
        answer.status = absl::OkStatus();
      }
      return answer;
    }
    call.timeout = absl::Seconds(20);
    answer.status = clients_[service]->CallInto(method.full_name(), request, response.get(), call);
    if (!answer.status.ok()) return answer;
    const auto& reflection = *response->GetReflection();
    std::vector<const FieldDescriptor*> fields;
    reflection.ListFields(*response, &fields);
    for (const auto* field : fields) {
      if (field->name() == "id") answer.empty = false;
      if (!field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      for (int i = 0; i < reflection.FieldSize(*response, field); ++i) {
        // Ids that were not found are no content, nor are lines that say so.
        const std::string refused = RefusalOf(reflection.GetRepeatedMessage(*response, field, i));
        if (refused != "RESOURCE_NOT_FOUND") answer.empty = false;
        answer.excluded = refused == "SCOPE_EXCLUDES" && (i == 0 || answer.excluded);
      }
    }
    if (pool != nullptr) pool->Crawl(*response);
    return answer;
  }

  // Why a line of a bulk step was refused; "" for other lines.
  static std::string RefusalOf(const Message& line) {
    const std::string told = Pool::Text(line, "refusal_reason");
    if (!told.empty()) return told;
    const auto* refusal = line.GetDescriptor()->FindFieldByName("refusal");
    if (refusal == nullptr || refusal->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        refusal->is_repeated()) {
      return Pool::Text(line, "outcome") == "REFUSED" ? Pool::Text(line, "reason") : "";
    }
    return Pool::Text(line.GetReflection()->GetMessage(line, refusal), "reason");
  }

  // Everything that lists give of the county, to whoever may ask.
  void Harvest() {
    for (int round = 0; round < 2; ++round) {  // what the first gives, the second asks with
      for (const auto& [service, methods] : methods_) {
        for (const std::string& name : methods) {
          const auto& method = *DescriptorPool::generated_pool()->FindMethodByName(name);
          const auto access = contract::AccessOf(method);
          if (!access.ok() || method.server_streaming() ||
              access->mode() != options::v1::ACCESS_MODE_READ) {
            continue;
          }
          const int role = access->any_role() ? options::v1::ROLE_ORG_ADMIN : access->roles(0);
          auto request = New(method);
          Builder(pools_, service, options_.inside).Fill(method, request.get());
          if (const auto* size = method.input_type()->FindFieldByName("page_size")) {
            request->GetReflection()->SetInt32(request.get(), size, 200);
          }
          Call(service, method, *request, Token(role, options_.inside), &pools_[service]);
        }
      }
    }
  }

  // No list gives imports: one is opened, which changes nothing else.
  void OpenImports() {
    for (const auto& [service, kind] :
         std::map<std::string, std::string>{{"registry", "projects"}, {"asset", "assets"}}) {
      intake::v1::BeginImportRequest request;
      request.set_request_id(Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString()));
      request.set_kind(kind);
      request.set_batch_id(request.request_id());
      request.set_format(type::v1::FILE_FORMAT_CSV);
      request.set_region_code(options_.inside);
      auto import = clients_[service]->Call<intake::v1::Import>(
          "bangfu.intake.v1.ImportService.BeginImport", request,
          {.token = Token(options::v1::ROLE_COUNTY_OPERATOR, options_.inside)});
      if (import.ok()) pools_[service].Crawl(*import);
    }
  }

  template <typename Response, typename Request>
  absl::StatusOr<Response> Do(const std::string& service, const std::string& method,
                              Request request, auth::Role role = options::v1::ROLE_COUNTY_OPERATOR,
                              const std::string& region = "") {
    if constexpr (requires { request.set_request_id(std::string()); }) {
      request.set_request_id(Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString()));
    }
    auto response = clients_[service]->Call<Response>(
        method, request, {.token = Token(role, region.empty() ? options_.inside : region)});
    if (response.ok()) {
      pools_[service].Crawl(*response);
    } else {
      std::printf("%s %s: %s\n", service.c_str(), method.c_str(),
                  response.status().ToString().c_str());
    }
    return response;
  }

  // What the county has none of, though rpcs are about it.
  void Make() {
    const std::string industry = "bangfu.registry.v1.IndustryService.";
    registry::v1::CreateShortBoardRequest board;
    board.mutable_short_board()->set_subject_type(type::v1::SUBJECT_TYPE_PROJECT);
    board.mutable_short_board()->set_subject_id(IdOf("registry", "project"));
    board.mutable_short_board()->set_kind("TECH");
    board.mutable_short_board()->set_description("缺技术");
    (void)Do<registry::v1::ShortBoard>("registry", Cat(industry, "CreateShortBoard"), board);

    registry::v1::CreateHelperOrganisationRequest helper;
    helper.mutable_helper()->set_name("帮扶单位");
    helper.mutable_helper()->set_region_code(options_.inside);
    (void)Do<registry::v1::HelperOrganisation>(
        "registry", "bangfu.registry.v1.OperatorService.CreateHelperOrganisation", helper);

    // The city draws them: a county's list has none.
    registry::v1::ListSamplesRequest samples;
    samples.set_campaign_id(IdOf("registry", "inventory_campaign"));
    const std::string city = options_.inside.substr(0, 4);
    (void)Do<registry::v1::ListSamplesResponse>(
        "registry", "bangfu.registry.v1.InventoryService.ListSamples", samples,
        options::v1::ROLE_CITY_SUPERVISOR, city);

    // Of the first asset that nobody has leased.
    for (const std::string& asset : pools_["asset"].IdsOf("asset")) {
      asset::v1::RecordIncomeRequest income;
      income.set_asset_id(asset);
      income.set_received_fen(100);
      income.mutable_received_on()->set_year(2026);
      income.mutable_received_on()->set_month(1);
      income.mutable_received_on()->set_day(5);
      if (Do<asset::v1::IncomeRecord>("asset", "bangfu.asset.v1.ContractService.RecordIncome",
                                      income)
              .ok()) {
        break;
      }
    }
    for (const auto& [service, address] : options_.endpoints) Upload(service);
  }

  // A file that is complete and that no step has taken.
  void Upload(const std::string& service) {
    const std::string blobs = "bangfu.blob.v1.BlobService.";
    const std::string bytes =
        "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
    blob::v1::BeginUploadRequest begin;
    begin.set_kind("CONTRACT");
    begin.set_title("合同");
    begin.set_content_type("application/pdf");
    begin.set_size_bytes(static_cast<int64_t>(bytes.size()));
    begin.set_sha256(Sha256Hex(bytes));
    begin.set_region_code(options_.inside);
    const auto begun = Do<blob::v1::Blob>(service, Cat(blobs, "BeginUpload"), begin);
    if (!begun.ok()) return;
    blob::v1::PutChunkRequest put;
    put.set_id(begun->id());
    put.set_data(bytes);
    (void)Do<blob::v1::Blob>(service, Cat(blobs, "PutChunk"), put);
    blob::v1::CompleteUploadRequest complete;
    complete.set_id(begun->id());
    (void)Do<blob::v1::Blob>(service, Cat(blobs, "CompleteUpload"), complete);
  }

  std::string IdOf(const std::string& service, const std::string& type) {
    const std::vector<std::string> ids = pools_[service].IdsOf(type);
    return ids.empty() ? "" : ids.front();
  }

  static std::unique_ptr<Message> New(const MethodDescriptor& method) {
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    return std::unique_ptr<Message>(factory->GetPrototype(method.input_type())->New());
  }

  void Wrong(const std::string& service, const MethodDescriptor& method, int role,
             std::string_view where, const absl::Status& status) {
    ++wrong_;
    std::printf("%s %s as %s %s: %s %s\n", service.c_str(), method.full_name().c_str(),
                options::v1::Role_Name(static_cast<auth::Role>(role)).c_str(),
                std::string(where).c_str(), Describe(status).c_str(),
                GetErrorDetail(status).message_zh.c_str());
  }

  void Try(const std::string& service, const MethodDescriptor& method) {
    ++rpcs_;
    const auto access = contract::AccessOf(method);
    if (!access.ok()) return Wrong(service, method, 0, "", access.status());
    Builder builder(pools_, service, options_.inside);
    auto sample = New(method);
    const bool regional =
        builder.Fill(method, sample.get()) && !NotRegional().contains(method.full_name());
    if (regional) ++regional_;
    if (!builder.missing().empty()) {
      unmade_.push_back(Cat(service, " ", method.full_name(), ": no ", builder.missing()));
    }
    const std::string home =
        builder.of_the_city() ? options_.inside.substr(0, 4) : options_.inside;
    std::set<std::string> seen_inside, seen_outside;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      for (const std::string& region : {options_.outside, home}) {
        const bool inside = region == home;
        auto request = New(method);
        Builder fresh(pools_, service, options_.inside);
        fresh.Fill(method, request.get());
        const Answer answer = Call(service, method, *request, Token(role, region));
        const std::string reason = ReasonOf(answer.status);
        const bool role_required = reason == "ROLE_REQUIRED";
        const std::string_view where = inside ? "inside" : "outside";
        if (IsServersFault(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (!named) {
          if (!role_required || !absl::IsPermissionDenied(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
        } else if (role_required || absl::IsUnauthenticated(answer.status)) {
          Wrong(service, method, role, where, answer.status);
        } else if (regional && builder.missing().empty()) {
          const bool nothing = answer.status.ok() ? answer.empty
                                                  : absl::IsNotFound(answer.status) ||
                                                        absl::IsPermissionDenied(answer.status);
          // Whatever else is answered outside tells of the record, or was judged before it was
          // looked for, so that nothing was tried.
          if (!inside && !nothing) Wrong(service, method, role, where, answer.status);
          if (inside && absl::IsNotFound(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
          (inside ? seen_inside : seen_outside)
              .insert(Cat(Describe(answer.status), answer.empty ? "" : " with contents"));
        }
      }
    }
    if (regional && builder.missing().empty() && access->mode() == options::v1::ACCESS_MODE_WRITE &&
        !NotNarrowed().contains(method.full_name())) {
      TryNarrowed(service, method, *access, home);
    }
    // What is the same wherever one stands was not tried.
    if (regional && builder.missing().empty() && seen_inside == seen_outside) {
      std::printf("the same everywhere: %s %s: %s\n", service.c_str(), method.full_name().c_str(),
                  seen_inside.begin()->c_str());
    }
  }

  // In the region, but by a grant for other money and other industries.
  void TryNarrowed(const std::string& service, const MethodDescriptor& method,
                   const options::v1::Access& access, const std::string& home) {
    ++narrowed_;
    bool by_scope = false;
    absl::Status last;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access.any_role();
      for (const int one : access.roles()) named = named || one == role;
      if (!named) continue;
      auto request = New(method);
      // The record's etag: what follows the comparison is what is tried.
      Builder(pools_, service, options_.inside, /*true_etags=*/true).Fill(method, request.get());
      const Answer answer = Call(service, method, *request, NarrowedToken(role, home));
      by_scope = by_scope || ReasonOf(answer.status) == "SCOPE_EXCLUDES" || answer.excluded;
      last = answer.status;
      if (!absl::IsPermissionDenied(answer.status) && !answer.excluded) {
        Wrong(service, method, role, "narrowed", answer.status);
      }
    }
    if (!by_scope) Wrong(service, method, 0, "narrowed", last);
  }

  const MatrixOptions& options_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::map<std::string, std::vector<std::string>> methods_;
  std::map<std::string, Pool> pools_;  // by service
  std::map<std::pair<int, std::string>, std::string> tokens_, narrowed_tokens_;
  std::vector<std::string> unmade_;
  int rpcs_ = 0, regional_ = 0, calls_ = 0, wrong_ = 0, narrowed_ = 0;
};

}  // namespace

int RunMatrix(const MatrixOptions& options) { return Matrix(options).Run(); }

}  // namespace bangfu::probe
