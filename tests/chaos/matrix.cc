#include "tests/chaos/matrix.h"

#include <cstdio>
#include <memory>
#include <set>
#include <tuple>
#include <vector>

#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "bangfu/draft/v1/draft_service.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/options/v1/scope.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/auth/dev_key.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"
#include "common/rpc/client.h"
#include "common/status/error.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/chaos/matrix_exemptions.h"
#include "tests/chaos/matrix_request.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

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
    ReadCodes();
    Harvest();
    OpenImports();
    Make();
    for (const auto& [service, methods] : methods_) {
      for (const std::string& name : methods) {
        Try(service, *DescriptorPool::generated_pool()->FindMethodByName(name));
      }
    }
    std::printf(
        "%d rpcs, %d calls; %d of them of a region, %d of none; %d of money and industries, %d of "
        "clauses\n",
        rpcs_, calls_, regional_, rpcs_ - regional_, narrowed_, of_clauses_);
    for (const std::string& line : unmade_) std::printf("no request: %s\n", line.c_str());
    std::printf("%d wrong, %zu without a request\n", wrong_, unmade_.size());
    return wrong_ + static_cast<int>(unmade_.size());
  }

 private:
  struct Answer {
    absl::Status status;
    bool empty = true;      // an answer that holds nothing
    bool denied = false;    // lines, each of which is refused to the role or the grant's scope
    bool excluded = false;  // one of them, or the whole, by the scope
  };

  std::string Token(int role, const std::string& region) {
    auto& token = tokens_[{role, region}];
    if (token.empty()) {
      token = MintFor(options_.dev_key, static_cast<auth::Role>(role), region,
                      Cat("matrix-", role, "-", region));
    }
    return token;
  }

  // Grants that are narrowed to what nothing is of.
  std::string NarrowedToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.fund_sources = grant.industries = {"NONE"};
    return ScopedToken(role, region, grant, &narrowed_tokens_);
  }
  std::string ClauseToken(int role, const std::string& region) {
    auth::Grant grant;
    grant.clauses = {"NONE"};
    return ScopedToken(role, region, grant, &clause_tokens_);
  }
  using Tokens = std::map<std::pair<int, std::string>, std::string>;
  std::string ScopedToken(int role, const std::string& region, auth::Grant grant, Tokens* tokens) {
    std::string& token = (*tokens)[{role, region}];
    if (!token.empty()) return token;
    auto key = auth::DevKey::LoadOrCreate(options_.dev_key);
    if (!key.ok()) return token;
    auth::Caller caller;
    caller.subject = Cat("narrowed-", role, "-", region);
    grant.role = static_cast<auth::Role>(role);
    grant.region_path = region;
    caller.grants.push_back(std::move(grant));
    token = key->Mint(caller, SystemClock().Now()).value_or("");
    return token;
  }

  Answer Call(const std::string& service, const MethodDescriptor& method, const Message& request,
              const std::string& token, RecordPool* pool = nullptr) {
    ++calls_;
    auto* factory = google::protobuf::MessageFactory::generated_factory();
    std::unique_ptr<Message> response(factory->GetPrototype(method.output_type())->New());
    rpc::CallOptions call;
    call.token = token;
    Answer answer;
    if (method.server_streaming()) {
      // A watch that has nothing to tell says so by its silence; every other stream ends by itself.
      const bool watches = method.name() == "Watch";
      call.timeout = watches ? absl::Milliseconds(400) : absl::Seconds(20);
      answer.status = clients_[service]->ReadInto(
          method.full_name(), request, *response,
          [&](const Message&) {
            answer.empty = false;
            return absl::CancelledError("enough");
          },
          call);
      // Its first message was enough.
      if (absl::IsCancelled(answer.status) ||
          (watches && absl::IsDeadlineExceeded(answer.status))) {
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
        const bool by_scope = refused == "SCOPE_EXCLUDES";
        answer.denied = (by_scope || refused == "ROLE_NOT_ALLOWED") && (i == 0 || answer.denied);
        answer.excluded = answer.excluded || by_scope;
      }
    }
    if (pool != nullptr) pool->Crawl(*response);
    return answer;
  }

  // Why a line of a bulk step was refused; "" for other lines.
  static std::string RefusalOf(const Message& line) {
    const std::string told = RecordPool::Text(line, "refusal_reason");
    if (!told.empty()) return told;
    const auto* refusal = line.GetDescriptor()->FindFieldByName("refusal");
    if (refusal == nullptr || refusal->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
        refusal->is_repeated()) {
      return RecordPool::Text(line, "outcome") == "REFUSED" ? RecordPool::Text(line, "reason") : "";
    }
    return RecordPool::Text(line.GetReflection()->GetMessage(line, refusal), "reason");
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
          RequestBuilder(pools_, codes_, service, options_.inside).Fill(method, request.get());
          if (const auto* size = method.input_type()->FindFieldByName("page_size")) {
            request->GetReflection()->SetInt32(request.get(), size, 200);
          }
          Call(service, method, *request, Token(role, options_.inside), &pools_[service]);
        }
      }
    }
  }

  // One code of each list that a field names.
  void ReadCodes() {
    const std::string token = Token(options::v1::ROLE_PROV_ADMIN, "36");
    for (const char* list :
         {"BRAND_TYPE", "CAUSE", "CHAIN_LINK", "CONTRIBUTION_KIND", "DEPARTMENT", "EVIDENCE_KIND",
          "FUND_SOURCE", "LINKAGE_MODE", "MEASURE", "OVERRIDE_REASON", "PAIRING_KIND",
          "SHORT_BOARD_KIND", "TRAINING_PROGRAMME"}) {
      registry::v1::ListCodesRequest request;
      request.set_list(list);
      const auto codes = clients_["registry"]->Call<registry::v1::ListCodesResponse>(
          "bangfu.registry.v1.CodeListService.ListCodes", request, {.token = token});
      if (codes.ok() && codes->codes_size() > 0) codes_[list] = codes->codes(0).code();
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
    // By somebody whom no other call is by: what is one's own is not what is tried.
    const std::string token =
        MintFor(options_.dev_key, role, region.empty() ? options_.inside : region, "matrix-maker");
    if constexpr (requires { request.set_request_id(std::string()); }) {
      request.set_request_id(Cat("matrix-", UlidGenerator(SystemClock()).Next().ToString()));
    }
    auto response = clients_[service]->Call<Response>(method, request, {.token = token});
    if (response.ok()) pools_[service].Crawl(*response);
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
    (void)Do<registry::v1::ListSamplesResponse>("registry",
                                                "bangfu.registry.v1.InventoryService.ListSamples",
                                                samples, options::v1::ROLE_CITY_SUPERVISOR, city);

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
    for (const auto& [service, address] : options_.endpoints) (void)Upload(service, "CONTRACT");
    draft::v1::SaveDraftRequest draft;
    draft.set_form("bangfu.registry.v1.ProjectService.RegisterProject");
    draft.set_title("项目登记");
    draft.set_request_json("{}");
    (void)Do<draft::v1::Draft>("registry", "bangfu.draft.v1.DraftService.SaveDraft", draft);
    RecordArgument();

    for (const auto& [service, method, role] :
         std::vector<std::tuple<std::string, std::string, auth::Role>>{
             {"registry", "bangfu.audit.v1.RecordFlagService.FlagRecord",
              options::v1::ROLE_AUDITOR},
             {"asset", "bangfu.audit.v1.RecordFlagService.FlagRecord", options::v1::ROLE_AUDITOR},
             {"evaluation", "bangfu.audit.v1.RecordFlagService.FlagRecord",
              options::v1::ROLE_AUDITOR},
             {"registry", "bangfu.notice.v1.SupervisionNoticeService.IssueSupervisionNotices",
              options::v1::ROLE_CITY_SUPERVISOR},
             {"asset", "bangfu.asset.v1.ContractService.RecordEmployment",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"evaluation", "bangfu.evaluation.v1.FactService.SubmitDispatchReport",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.IndustryService.CreateTechPairing",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.IndustryService.CreateTrainingRecord",
              options::v1::ROLE_COUNTY_OPERATOR},
             {"registry", "bangfu.registry.v1.InventoryService.GrantLockException",
              options::v1::ROLE_COUNTY_APPROVER}}) {
      const auto& made = *DescriptorPool::generated_pool()->FindMethodByName(method);
      auto request = New(made);
      RequestBuilder(pools_, codes_, service, options_.inside).Fill(made, request.get());
      Clear(request.get());
      Call(service, made, *request,
           MintFor(options_.dev_key, role, options_.inside, "matrix-maker"), &pools_[service]);
    }
  }

  // Of something new there is no etag yet, and it is not only checked.
  static void Clear(Message* request) {
    std::vector<const FieldDescriptor*> fields;
    request->GetReflection()->ListFields(*request, &fields);
    for (const auto* field : fields) {
      if (field->name() == "etag" || field->name() == "validate_only") {
        request->GetReflection()->ClearField(request, field);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && !field->is_repeated()) {
        Clear(request->GetReflection()->MutableMessage(request, field));
      }
    }
  }

  // One that its panel has yet to sign.
  void RecordArgument() {
    const auto minutes = Upload("evaluation", "MINUTES");
    if (!minutes.ok()) return;
    evaluation::v1::RecordArgumentRequest request;
    evaluation::v1::ArgumentRecord& argument = *request.mutable_argument();
    argument.set_subject_id(IdOf("registry", "project"));
    for (const char* expert : {"expert-1", "expert-2", "expert-3"}) {
      argument.add_panel()->set_person(expert);
      argument.mutable_panel()->rbegin()->set_name(expert);
    }
    argument.mutable_argued_on()->set_year(2026);
    argument.mutable_argued_on()->set_month(1);
    argument.mutable_argued_on()->set_day(5);
    argument.set_conclusion(evaluation::v1::ARGUMENT_CONCLUSION_FEASIBLE);
    argument.set_opinions("专家组现场查看后一致认为可行");
    type::v1::Evidence& evidence = *argument.add_evidence();
    evidence.set_kind(minutes->kind());
    evidence.set_title(minutes->title());
    evidence.set_sha256(minutes->sha256());
    evidence.set_size_bytes(minutes->size_bytes());
    evidence.set_blob_id(minutes->id());
    (void)Do<evaluation::v1::ArgumentRecord>(
        "evaluation", "bangfu.evaluation.v1.EvaluationService.RecordArgument", request);
  }

  // A file that is complete and that no step has taken.
  absl::StatusOr<blob::v1::Blob> Upload(const std::string& service, const std::string& kind) {
    const std::string blobs = "bangfu.blob.v1.BlobService.";
    const std::string bytes =
        "%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n";
    blob::v1::BeginUploadRequest begin;
    begin.set_kind(kind);
    begin.set_title("材料");
    begin.set_content_type("application/pdf");
    begin.set_size_bytes(static_cast<int64_t>(bytes.size()));
    begin.set_sha256(Sha256Hex(bytes));
    begin.set_region_code(options_.inside);
    const auto begun = Do<blob::v1::Blob>(service, Cat(blobs, "BeginUpload"), begin);
    if (!begun.ok()) return begun;
    blob::v1::PutChunkRequest put;
    put.set_id(begun->id());
    put.set_data(bytes);
    (void)Do<blob::v1::Blob>(service, Cat(blobs, "PutChunk"), put);
    blob::v1::CompleteUploadRequest complete;
    complete.set_id(begun->id());
    return Do<blob::v1::Blob>(service, Cat(blobs, "CompleteUpload"), complete);
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
    const ErrorDetail detail = GetErrorDetail(status);
    std::string what = detail.message_zh;
    for (const FieldViolation& violation : detail.violations) {
      what += Cat("; ", violation.field, ": ", violation.description);
    }
    std::printf("%s %s as %s %s: %s %s\n", service.c_str(), method.full_name().c_str(),
                options::v1::Role_Name(static_cast<auth::Role>(role)).c_str(),
                std::string(where).c_str(), Describe(status).c_str(), what.c_str());
  }

  // Of what was asked for: as if it were not there, or not the caller's business.
  static bool TellsNothing(const Answer& answer) {
    if (answer.status.ok()) return answer.empty;
    return absl::IsNotFound(answer.status) || absl::IsPermissionDenied(answer.status);
  }

  void Try(const std::string& service, const MethodDescriptor& method) {
    ++rpcs_;
    const auto access = contract::AccessOf(method);
    if (!access.ok()) return Wrong(service, method, 0, "", access.status());
    RequestBuilder builder(pools_, codes_, service, options_.inside);
    auto sample = New(method);
    const bool regional =
        builder.Fill(method, sample.get()) && !NotRegional().contains(method.full_name());
    if (regional) ++regional_;
    if (!builder.missing().empty()) {
      unmade_.push_back(Cat(service, " ", method.full_name(), ": no ", builder.missing()));
    }
    const std::string home = builder.of_the_city() ? options_.inside.substr(0, 4) : options_.inside;
    std::set<std::string> seen_inside, seen_outside;
    for (int role = 1; role <= options::v1::Role_MAX; ++role) {
      bool named = access->any_role();
      for (const int one : access->roles()) named = named || one == role;
      for (const std::string& region : {options_.outside, home}) {
        const bool inside = region == home;
        auto request = New(method);
        RequestBuilder fresh(pools_, codes_, service, options_.inside);
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
          // Whatever else is answered outside tells of the record, or was judged before it was
          // looked for, so that nothing was tried.
          if (!inside && !TellsNothing(answer)) Wrong(service, method, role, where, answer.status);
          if (inside && absl::IsNotFound(answer.status)) {
            Wrong(service, method, role, where, answer.status);
          }
          (inside ? seen_inside : seen_outside)
              .insert(Cat(Describe(answer.status), answer.empty ? "" : " with contents"));
        }
      }
    }
    if (!OfTheClausesOfItsStep().contains(method.full_name())) {
      TryOtherClauses(service, method, *access, home);
    }
    if (regional && builder.missing().empty() && access->mode() == options::v1::ACCESS_MODE_WRITE &&
        !NotNarrowed().contains(method.full_name())) {
      TryNarrowed(service, method, *access, home);
    }
    // What is the same wherever one stands was not tried.
    if (regional && builder.missing().empty() && seen_inside == seen_outside &&
        !AlikeEverywhere().contains(method.full_name())) {
      ++wrong_;
      std::printf("%s %s: the same inside and outside: %s\n", service.c_str(),
                  method.full_name().c_str(), seen_inside.begin()->c_str());
    }
  }

  // By a grant for other clauses of the policy, which opens what serves no clause and nothing else:
  // where any role will do, nothing is seen by it.
  void TryOtherClauses(const std::string& service, const MethodDescriptor& method,
                       const options::v1::Access& access, const std::string& home) {
    const int role =
        access.any_role() ? options::v1::ROLE_COUNTY_OPERATOR : static_cast<int>(access.roles(0));
    auto request = New(method);
    RequestBuilder(pools_, codes_, service, options_.inside).Fill(method, request.get());
    const Answer answer = Call(service, method, *request, ClauseToken(role, home));
    const bool serves = method.options().ExtensionSize(options::v1::rpc_clauses) > 0 ||
                        method.service()->options().ExtensionSize(options::v1::clauses) > 0;
    if (serves) ++of_clauses_;
    const bool excluded = ReasonOf(answer.status) == "SCOPE_EXCLUDES";
    const bool right = serves ? excluded || (access.any_role() && TellsNothing(answer)) : !excluded;
    if (!right) Wrong(service, method, role, "of other clauses", answer.status);
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
      RequestBuilder(pools_, codes_, service, options_.inside, /*true_etags=*/true)
          .Fill(method, request.get());
      const Answer answer = Call(service, method, *request, NarrowedToken(role, home));
      by_scope = by_scope || ReasonOf(answer.status) == "SCOPE_EXCLUDES" || answer.excluded;
      last = answer.status;
      if (!absl::IsPermissionDenied(answer.status) && !answer.denied) {
        Wrong(service, method, role, "narrowed", answer.status);
      }
    }
    if (!by_scope) Wrong(service, method, 0, "narrowed", last);
  }

  const MatrixOptions& options_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::map<std::string, std::vector<std::string>> methods_;
  std::map<std::string, RecordPool> pools_;   // by service
  std::map<std::string, std::string> codes_;  // one of each list
  Tokens tokens_, narrowed_tokens_, clause_tokens_;
  std::vector<std::string> unmade_;
  int rpcs_ = 0, regional_ = 0, calls_ = 0, wrong_ = 0, narrowed_ = 0, of_clauses_ = 0;
};

}  // namespace

int RunMatrix(const MatrixOptions& options) { return Matrix(options).Run(); }

}  // namespace bangfu::probe
