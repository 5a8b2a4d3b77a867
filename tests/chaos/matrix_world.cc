#include "tests/chaos/matrix_world.h"

#include <cstdio>
#include <tuple>

#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/draft/v1/draft_service.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/clock.h"
#include "common/base/digest.h"
#include "common/base/ulid.h"
#include "common/contract/access.h"

namespace bangfu::probe {

using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::MethodDescriptor;

bool MatrixWorld::Open() {
  for (const auto& [service, address] : options_.endpoints) {
    auto client = rpc::Client::Create({.target = address, .read_attempts = 1});
    auto methods = MethodsByReflection(address);
    if (!client.ok() || !methods.ok()) {
      std::printf("%s: not reached\n", service.c_str());
      return false;
    }
    pools_[service];
    clients_[service] = *std::move(client);
    methods_[service] = *std::move(methods);
  }
  ReadCodes();
  Harvest();
  OpenImports();
  Make();
  return true;
}

std::string MatrixWorld::Token(int role, const std::string& region) {
  auto& token = tokens_[{role, region}];
  if (token.empty()) {
    token = MintFor(options_.dev_key, static_cast<auth::Role>(role), region,
                    Cat("matrix-", role, "-", region));
  }
  return token;
}

MatrixWorld::Answer MatrixWorld::Call(const std::string& service, const MethodDescriptor& method,
                                      const Message& request, const std::string& token,
                                      RecordPool* pool) {
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
    if (absl::IsCancelled(answer.status) || (watches && absl::IsDeadlineExceeded(answer.status))) {
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
    if (field->name() == "results" || field->name() == "outcomes") {
      for (int i = 0; i < reflection.FieldSize(*response, field); ++i) {
        const std::string why = RefusalOf(reflection.GetRepeatedMessage(*response, field, i));
        if (i == 0 || why.empty()) answer.refused = why;
        if (why.empty()) break;
      }
    }
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
std::string MatrixWorld::RefusalOf(const Message& line) {
  const std::string told = RecordPool::Text(line, "refusal_reason");
  if (!told.empty()) return told;
  const auto* refusal = line.GetDescriptor()->FindFieldByName("refusal");
  if (refusal == nullptr || refusal->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE ||
      refusal->is_repeated()) {
    return RecordPool::Text(line, "outcome") == "REFUSED" ? RecordPool::Text(line, "reason") : "";
  }
  return RecordPool::Text(line.GetReflection()->GetMessage(line, refusal), "reason");
}

std::unique_ptr<Message> MatrixWorld::New(const MethodDescriptor& method) {
  auto* factory = google::protobuf::MessageFactory::generated_factory();
  return std::unique_ptr<Message>(factory->GetPrototype(method.input_type())->New());
}

// Everything that lists give of the county, to whoever may ask.
void MatrixWorld::Harvest() {
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

// The codes of each list that a field names.
void MatrixWorld::ReadCodes() {
  const std::string token = Token(options::v1::ROLE_PROV_ADMIN, "36");
  for (const char* list :
       {"BRAND_TYPE", "CAUSE", "CHAIN_LINK", "CONTRIBUTION_KIND", "DEPARTMENT", "EVIDENCE_KIND",
        "FUND_SOURCE", "LINKAGE_MODE", "MEASURE", "OVERRIDE_REASON", "PAIRING_KIND",
        "SHORT_BOARD_KIND", "TRAINING_PROGRAMME"}) {
    registry::v1::ListCodesRequest request;
    request.set_list(list);
    const auto codes = clients_["registry"]->Call<registry::v1::ListCodesResponse>(
        "bangfu.registry.v1.CodeListService.ListCodes", request, {.token = token});
    if (!codes.ok()) continue;
    for (const registry::v1::Code& code : codes->codes()) codes_[list].push_back(code.code());
  }
}

// No list gives imports: one is opened, which changes nothing else.
void MatrixWorld::OpenImports() {
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
absl::StatusOr<Response> MatrixWorld::Do(const std::string& service, const std::string& method,
                                         Request request, auth::Role role,
                                         const std::string& region) {
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
void MatrixWorld::Make() {
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
    const auto made = Do<asset::v1::IncomeRecord>(
        "asset", "bangfu.asset.v1.ContractService.RecordIncome", income);
    if (made.ok()) {
      // By its asset others are made.
      pools_["asset"].Prefer(*made);
      break;
    }
  }
  // A file of each kind that takes a document.
  for (const auto& [service, address] : options_.endpoints) {
    for (const char* kind :
         {"CONTRACT", "MINUTES", "FUND_DOC", "PUBLICITY", "VOUCHER", "ACCEPTANCE", "APPROVAL",
          "APPRAISAL", "ARGUMENT", "OVERRIDE_BASIS", "TITLE", "HAND_OVER", "BOOKS", "OTHER"}) {
      (void)Upload(service, kind);
    }
    // One that is begun, and one that is there and not completed.
    (void)Upload(service, "OTHER", UploadUntil::kBegun);
    (void)Upload(service, "OTHER", UploadUntil::kPut);
  }
  for (const auto& [service, address] : options_.endpoints) {
    draft::v1::SaveDraftRequest draft;
    draft.set_form(RequestBuilder::FormOf(service));
    draft.set_title("草稿");
    draft.set_request_json("{}");
    (void)Do<draft::v1::Draft>(service, "bangfu.draft.v1.DraftService.SaveDraft", draft);
  }
  RecordArgument();

  for (const auto& [service, method, role] :
       std::vector<std::tuple<std::string, std::string, auth::Role>>{
           {"registry", "bangfu.audit.v1.RecordFlagService.FlagRecord", options::v1::ROLE_AUDITOR},
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
    MakeBy(service, method, role);
  }
  // What is answered, and what is unpaid, beside what is not answered yet.
  for (const auto& [service, address] : options_.endpoints) {
    const std::string flags = "bangfu.audit.v1.RecordFlagService.";
    MakeBy(service, Cat(flags, "FlagRecord"), options::v1::ROLE_AUDITOR, 1);
    MakeBy(service, Cat(flags, "AnswerRecordFlag"), options::v1::ROLE_COUNTY_APPROVER, 1);
  }
  // Evaluated anew, so that it waits for the county.
  MakeBy("evaluation", "bangfu.evaluation.v1.EvaluationService.EvaluateSubjects",
         options::v1::ROLE_COUNTY_OPERATOR);
  const std::string notices = "bangfu.notice.v1.SupervisionNoticeService.";
  MakeBy("registry", Cat(notices, "IssueSupervisionNotices"), options::v1::ROLE_CITY_SUPERVISOR, 1);
  MakeBy("registry", Cat(notices, "AnswerSupervisionNotice"), options::v1::ROLE_COUNTY_APPROVER, 1);
  for (size_t pick = 0; pick < 24; ++pick) {
    if (MakeBy("asset", "bangfu.asset.v1.ContractService.DeclareDividend",
               options::v1::ROLE_COUNTY_OPERATOR, pick)) {
      break;
    }
  }
}

bool MatrixWorld::MakeBy(const std::string& service, const std::string& method, auth::Role role,
                         size_t pick) {
  const auto* made = DescriptorPool::generated_pool()->FindMethodByName(method);
  if (made == nullptr) return false;
  auto request = New(*made);
  RequestBuilder(pools_, codes_, service, options_.inside, /*true_etags=*/pick > 0, pick)
      .Fill(*made, request.get());
  Clear(request.get());
  // By another person for each role, as duties are separate.
  const std::string token = MintFor(options_.dev_key, role, options_.inside,
                                    Cat("matrix-maker-", options::v1::Role_Name(role)));
  return Call(service, *made, *request, token, &pools_[service]).status.ok();
}

// Of something new there is no etag yet, and it is not only checked.
void MatrixWorld::Clear(Message* request) {
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
void MatrixWorld::RecordArgument() {
  const auto minutes = Upload("evaluation", "MINUTES");
  if (!minutes.ok()) return;
  evaluation::v1::RecordArgumentRequest request;
  evaluation::v1::ArgumentRecord& argument = *request.mutable_argument();
  argument.set_subject_id(IdOf("registry", "project"));
  for (const std::string& expert :
       {Cat("matrix-", options::v1::ROLE_APPRAISER, "-", options_.inside), std::string("expert-2"),
        std::string("expert-3")}) {
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

// A file that no step has taken.
absl::StatusOr<blob::v1::Blob> MatrixWorld::Upload(const std::string& service,
                                                   const std::string& kind, UploadUntil until) {
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
  if (!begun.ok() || until == UploadUntil::kBegun) return begun;
  blob::v1::PutChunkRequest put;
  put.set_id(begun->id());
  put.set_data(bytes);
  const auto there = Do<blob::v1::Blob>(service, Cat(blobs, "PutChunk"), put);
  if (until == UploadUntil::kPut) return there;
  blob::v1::CompleteUploadRequest complete;
  complete.set_id(begun->id());
  return Do<blob::v1::Blob>(service, Cat(blobs, "CompleteUpload"), complete);
}

std::string MatrixWorld::IdOf(const std::string& service, const std::string& type) {
  const std::vector<std::string> ids = pools_[service].IdsOf(type);
  return ids.empty() ? "" : ids.front();
}

std::string MatrixWorld::VillageOf(const std::string& region) {
  std::string& village = villages_[region];
  if (!village.empty()) return village;
  registry::v1::ListRegionsRequest request;
  request.set_parent_code(region);
  request.set_level(registry::v1::REGION_LEVEL_VILLAGE);
  const auto regions = clients_["registry"]->Call<registry::v1::ListRegionsResponse>(
      "bangfu.registry.v1.RegionService.ListRegions", request,
      {.token = Token(options::v1::ROLE_PROV_ADMIN, "36")});
  if (regions.ok() && regions->regions_size() > 0) village = regions->regions(0).code();
  return village;
}

}  // namespace bangfu::probe
