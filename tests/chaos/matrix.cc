#include "tests/chaos/matrix.h"

#include <algorithm>
#include <cstdio>
#include <memory>
#include <set>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
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

// Records that a county of the sample has none of; whoever may not call is tried all the same.
const std::map<std::string, std::string>& NotInTheSample() {
  static const auto* const known = new std::map<std::string, std::string>{
      {"blob", "the registry's steps of the sample take no files"},
      {"income_record", "no list gives them without a contract that has one"},
      {"objection", "the one of the sample is decided and stands in its publicity"},
      {"helper_organisation", "the sample registers none"},
      {"short_board", "the sample opens none"},
      {"sample", "drawn in the city and in the province"},
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
        if (kept.size() < 3) kept.push_back(std::unique_ptr<Message>(message.New()));
        if (kept.back()->ByteSizeLong() == 0) kept.back()->CopyFrom(message);
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
  static std::string IdOf(const Message& record) {
    return record.GetReflection()->GetString(record, record.GetDescriptor()->FindFieldByName("id"));
  }

 private:
  std::map<std::string, std::vector<std::unique_ptr<Message>>> records_;
};

// Builds a request that is right but for what would change something: the etag is never the
// record's, and whatever can be checked only is.
class Builder {
 public:
  Builder(const std::map<std::string, Pool>& pools, const std::string& service, std::string region)
      : pools_(pools), pool_(pools.at(service)), region_(std::move(region)) {}

  // Whether something in it lies in a region; what could not be found is named in missing().
  bool Fill(const MethodDescriptor& method, Message* request) {
    regional_ = false;
    missing_.clear();
    method_ = &method;
    FillMessage(request, 0);
    return regional_;
  }
  const std::string& missing() const { return missing_; }

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
    return Pool::IdOf(*record);
  }
  std::string TextFor(const FieldDescriptor& field, const FieldRules& rules) {
    const std::string& name = field.name();
    if (name == "etag" || name == "page_token") return name == "etag" ? "0" : "";
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
  const MethodDescriptor* method_ = nullptr;
  bool regional_ = false;
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
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        Try(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    std::printf("%d rpcs, %d calls; %d of them of a region, %d of none\n", rpcs_, calls_, regional_,
                rpcs_ - regional_);
    for (const std::string& line : unmade_) std::printf("no request: %s\n", line.c_str());
    std::printf("%d wrong, %zu without a request, %d whose record the sample has not\n", wrong_,
                unmade_.size(), absent_);
    return wrong_ + static_cast<int>(unmade_.size());
  }

 private:
  struct Answer {
    absl::Status status;
    bool empty = true;  // an answer that holds nothing
  };

  std::string Token(int role, const std::string& region) {
    auto& token = tokens_[{role, region}];
    if (token.empty()) {
      token = MintFor(options_.dev_key, static_cast<auth::Role>(role), region,
                      Cat("matrix-", role, "-", region));
    }
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
      // Ids that were not found are no content.
      if (field->name() == "id" ||
          (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE)) {
        answer.empty = false;
      }
    }
    if (pool != nullptr) pool->Crawl(*response);
    return answer;
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
    if (!builder.missing().empty() && NotInTheSample().contains(builder.missing())) {
      ++absent_;
    } else if (!builder.missing().empty()) {
      unmade_.push_back(Cat(service, " ", method.full_name(), ": no ", builder.missing()));
    }
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      for (const std::string& region : {options_.outside, options_.inside}) {
        const bool inside = region == options_.inside;
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
          if (!inside && answer.status.ok() && !answer.empty) {
            Wrong(service, method, role, where, answer.status);
          }
          if (inside && absl::IsNotFound(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
        }
      }
    }
  }

  const MatrixOptions& options_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::map<std::string, std::vector<std::string>> methods_;
  std::map<std::string, Pool> pools_;  // by service
  std::map<std::pair<int, std::string>, std::string> tokens_;
  std::vector<std::string> unmade_;
  int rpcs_ = 0, regional_ = 0, calls_ = 0, wrong_ = 0, absent_ = 0;
};

}  // namespace

int RunMatrix(const MatrixOptions& options) { return Matrix(options).Run(); }

}  // namespace bangfu::probe
