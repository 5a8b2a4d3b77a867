// Closed-loop load on one rpc: `workers` callers, each waiting for its answer.
#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>

#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/testing/v1/sample.pb.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "google/protobuf/empty.pb.h"
#include "google/protobuf/util/json_util.h"
#include "tests/bench/bench.h"
#include "tests/bench/callers.h"

namespace bangfu::bench {
namespace {

using google::protobuf::Message;

// A message of the generated pool by its full name.
std::unique_ptr<Message> NewMessage(const std::string& type) {
  const auto* descriptor =
      google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr) Die("no message " + type);
  return std::unique_ptr<Message>(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
}

std::string Explain(const absl::Status& status) { return status.ToString(); }

// One text of a project, put right.
registry::v1::UpdateProjectRequest Correction(const registry::v1::Project& project,
                                              const std::string& request_id,
                                              const std::string& stamp) {
  registry::v1::UpdateProjectRequest request;
  request.set_request_id(request_id);
  request.set_id(project.id());
  request.set_etag(project.etag());
  request.set_reason("更正填写内容");
  request.mutable_project()->set_problems(Cat("近期缺水，已列入修缮计划 ", stamp.substr(0, 6)));
  request.mutable_update_mask()->add_paths("problems");
  return request;
}

// A project as a village registers it: what is said of this one, under another name.
registry::v1::RegisterProjectRequest Another(const registry::v1::Project& project,
                                             const std::string& request_id, int64_t n) {
  registry::v1::RegisterProjectRequest request;
  request.set_request_id(request_id);
  registry::v1::Project& p = *request.mutable_project();
  p = project;
  p.set_name(Cat(project.name(), "（", n, "号）"));
  p.clear_external_ids();
  p.clear_evidence();
  return request;
}

}  // namespace

// --kind empty|get|call|update|register --ids FILE (a line per record) --workers --seconds --limit
// --offset --pids. `call` sends --json as the request of --method. `update` changes each project of
// --ids from --offset on once, --limit of them; `register` adds one like each of them.
Json Calls(const Flags& flags) {
  (void)google::protobuf::Empty::default_instance().ByteSizeLong();
  (void)evaluation::v1::GetRollupRequest::default_instance().ByteSizeLong();
  (void)testing::v1::GetSampleRequest::default_instance().ByteSizeLong();
  const std::string kind = flags.Text("kind");
  const int workers = static_cast<int>(flags.Number("workers", 8));
  const double seconds = flags.Real("seconds", 3);
  const int64_t limit = flags.Number("limit", 0);
  auto client = Connect(flags);
  CpuClock cpu(flags.Text("pids", ""));
  std::vector<std::string> ids;
  if (kind == "get" || kind == "update" || kind == "register") {
    ids = ReadLines(flags.Text("ids"));
    if (ids.empty()) Die("no ids");
  }
  const auto offset = static_cast<size_t>(flags.Number("offset", 0));
  std::atomic<int64_t> failures{0};
  std::mutex mu;
  std::string first_failure;
  const auto note = [&](const absl::Status& status) {
    if (status.ok()) return;
    failures.fetch_add(1);
    std::lock_guard lock(mu);
    if (first_failure.empty()) first_failure = Explain(status);
  };

  UnaryLoad load;
  const auto take = [&note](grpc::ByteBuffer& bytes, const std::string& error, Message* answer) {
    note(!error.empty()             ? absl::UnknownError(error)
         : FromBytes(bytes, answer) ? absl::OkStatus()
                                    : absl::DataLossError("an answer cannot be read"));
  };
  const auto take_project = [&take](grpc::ByteBuffer& bytes, const std::string& error) {
    registry::v1::Project project;
    take(bytes, error, &project);
  };
  if (kind == "empty") {
    load = {"/bangfu.bench.Echo/Empty", [](int64_t) { return ToBytes(google::protobuf::Empty()); },
            [&take](grpc::ByteBuffer& bytes, const std::string& error) {
              google::protobuf::Empty nothing;
              take(bytes, error, &nothing);
            }};
  } else if (kind == "get") {
    load = {"/bangfu.registry.v1.ProjectService/GetProject",
            [&ids](int64_t n) {
              registry::v1::GetProjectRequest request;
              // A stride that is prime to most counts: neighbours in time are not neighbours in the
              // tree.
              request.set_id(ids[static_cast<size_t>(n * 7919) % ids.size()]);
              return ToBytes(request);
            },
            take_project};
  } else if (kind == "update" || kind == "register") {
    // Of each project once: what it is is read before the clock starts.
    const auto count = static_cast<size_t>(limit);
    auto requests = std::make_shared<std::vector<grpc::ByteBuffer>>(count);
    const std::string stamp = Cat(SystemRandom());
    CpuClock none("");
    RunLoad(8, 600, limit, none, [&](int, int64_t n) {
      registry::v1::GetProjectRequest get;
      get.set_id(ids[(offset + static_cast<size_t>(n)) % ids.size()]);
      auto project =
          client->Call<registry::v1::Project>("bangfu.registry.v1.ProjectService.GetProject", get);
      if (!project.ok()) Die(Explain(project.status()));
      const std::string request_id = Cat("bench-", stamp, "-", n);
      (*requests)[static_cast<size_t>(n)] = kind == "update"
                                                ? ToBytes(Correction(*project, request_id, stamp))
                                                : ToBytes(Another(*project, request_id, n));
      return true;
    });
    load = {Cat("/bangfu.registry.v1.ProjectService/",
                kind == "update" ? "UpdateProject" : "RegisterProject"),
            [requests](int64_t n) { return (*requests)[static_cast<size_t>(n)]; }, take_project};
  } else if (kind == "call") {
    const std::string method = flags.Text("method");
    const auto* descriptor =
        google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(method);
    if (descriptor == nullptr) Die("no method " + method);
    auto request =
        std::shared_ptr<Message>(NewMessage(std::string(descriptor->input_type()->full_name())));
    auto parsed = google::protobuf::util::JsonStringToMessage(flags.Text("json"), request.get());
    if (!parsed.ok()) Die("--json: " + std::string(parsed.message()));
    const auto answer =
        std::shared_ptr<Message>(NewMessage(std::string(descriptor->output_type()->full_name())));
    const auto* unique = request->GetDescriptor()->FindFieldByName("request_id");
    load = {Cat("/", descriptor->service()->full_name(), "/", descriptor->name()),
            [request, unique](int64_t n) {
              if (unique == nullptr) return ToBytes(*request);
              std::unique_ptr<Message> own(request->New());
              own->CopyFrom(*request);
              own->GetReflection()->SetString(own.get(), unique,
                                              Cat("bench-", SystemRandom(), "-", n));
              return ToBytes(*own);
            },
            [answer, &take](grpc::ByteBuffer& bytes, const std::string& error) {
              std::unique_ptr<Message> own(answer->New());
              take(bytes, error, own.get());
            }};
  } else {
    Die("--kind: empty, get, update, register or call");
  }
  const double warm_up = flags.Real("warm-up", 0);
  if (warm_up > 0) RunCallers(flags, workers, warm_up, 0, cpu, load);
  Json json = Report(RunCallers(flags, workers, limit > 0 ? 600 : seconds, limit, cpu, load));
  json["failures"] = failures.load();
  if (!first_failure.empty()) json["first_failure"] = first_failure;
  return json;
}

// Walks the list of projects to page --page, then times it and page 1 in turns, each --rounds
// times.
Json Pages(const Flags& flags) {
  constexpr char kList[] = "bangfu.registry.v1.ProjectService.ListProjects";
  auto client = Connect(flags);
  registry::v1::ListProjectsRequest request;
  request.set_page_size(static_cast<int>(flags.Number("page-size", 5)));
  request.set_region_code(flags.Text("region", "36"));
  const int64_t page = flags.Number("page", 1000);
  const registry::v1::ListProjectsRequest first = request;
  for (int64_t i = 1; i < page; ++i) {
    auto response = client->Call<registry::v1::ListProjectsResponse>(kList, request);
    if (!response.ok()) Die(Explain(response.status()));
    if (response->next_page_token().empty()) Die(Cat("the list ends at page ", i));
    request.set_page_token(response->next_page_token());
  }
  std::vector<double> at_first, at_page;
  int64_t rows = 0;
  for (int64_t i = 0; i < flags.Number("rounds", 500); ++i) {
    for (bool deep : {false, true}) {
      const double before = Now();
      auto response =
          client->Call<registry::v1::ListProjectsResponse>(kList, deep ? request : first);
      if (!response.ok()) Die(Explain(response.status()));
      (deep ? at_page : at_first).push_back(Now() - before);
      rows = response->projects_size();
    }
  }
  std::sort(at_first.begin(), at_first.end());
  std::sort(at_page.begin(), at_page.end());
  Json json;
  json["page"] = page;
  json["rows"] = rows;
  json["first_ms"] = at_first[at_first.size() / 2] * 1e3;
  json["page_ms"] = at_page[at_page.size() / 2] * 1e3;
  return json;
}

}  // namespace bangfu::bench
