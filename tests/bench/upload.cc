// Long work through the contract: an import, a batch evaluation.
#include <thread>

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/digest.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "tests/bench/bench.h"

namespace bangfu::bench {
namespace {

template <typename Response>
Response Ask(rpc::Client& client, std::string_view method,
             const google::protobuf::Message& request) {
  auto response = client.Call<Response>(method, request);
  if (!response.ok()) Die(Cat(method, ": ", response.status().ToString()));
  return *std::move(response);
}

operation::v1::Operation Wait(rpc::Client& client, operation::v1::Operation operation) {
  while (operation.state() == operation::v1::OPERATION_STATE_PENDING ||
         operation.state() == operation::v1::OPERATION_STATE_RUNNING) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    operation::v1::GetOperationRequest request;
    request.set_id(operation.id());
    operation = Ask<operation::v1::Operation>(
        client, "bangfu.operation.v1.OperationService.GetOperation", request);
  }
  if (operation.state() != operation::v1::OPERATION_STATE_SUCCEEDED) {
    Die(Cat("operation: ", operation.ShortDebugString()));
  }
  return operation;
}

void AddCpu(const CpuClock& cpu, Json* json) {
  for (const auto& [name, seconds] : cpu.Used()) (*json)["cpu_seconds"][name] = seconds;
}

}  // namespace

// --file FILE --kind projects [--campaign ID]: bytes up, every row validated, committed.
Json Upload(const Flags& flags) {
  using namespace intake::v1;  // NOLINT
  const std::string service = "bangfu.intake.v1.ImportService.";
  auto client = Connect(flags);
  const std::string bytes = ReadWhole(flags.Text("file"));
  Sha256Stream digest;
  digest.Update(bytes);
  const std::string sha256 = HexEncode(digest.Finish());
  const std::string stamp = Cat(SystemRandom());
  CpuClock cpu(flags.Text("pids", ""));
  cpu.Restart();
  const double start = Now();
  BeginImportRequest begin;
  begin.set_request_id(Cat("bench-begin-", stamp));
  begin.set_kind(flags.Text("kind"));
  begin.set_batch_id(Cat("bench-", stamp));
  begin.set_file_name("bench.csv");
  begin.set_format(type::v1::FILE_FORMAT_CSV);
  begin.set_policy(IMPORT_POLICY_VALID_ROWS);
  begin.set_campaign_id(flags.Text("campaign", ""));
  begin.set_sample(true);
  Import import = Ask<Import>(*client, service + "BeginImport", begin);
  constexpr size_t kChunk = 1 << 20;
  for (size_t at = 0; at < bytes.size(); at += kChunk) {
    UploadChunkRequest chunk;
    chunk.set_id(import.id());
    chunk.set_offset(static_cast<int64_t>(at));
    chunk.set_data(bytes.substr(at, kChunk));
    chunk.set_last(at + kChunk >= bytes.size());
    if (chunk.last()) chunk.set_sha256(sha256);
    Ask<Import>(*client, service + "UploadChunk", chunk);
  }
  const double uploaded = Now();
  ValidateImportRequest validate;
  validate.set_id(import.id());
  validate.set_request_id(Cat("bench-validate-", stamp));
  Wait(*client, Ask<operation::v1::Operation>(*client, service + "ValidateImport", validate));
  const double validated = Now();
  CommitImportRequest commit;
  commit.set_id(import.id());
  commit.set_request_id(Cat("bench-commit-", stamp));
  Wait(*client, Ask<operation::v1::Operation>(*client, service + "CommitImport", commit));
  const double committed = Now();
  GetImportRequest get;
  get.set_id(import.id());
  import = Ask<Import>(*client, service + "GetImport", get);
  Json json;
  json["rows"] = import.rows_total();
  json["created"] = import.rows_created();
  json["warned"] = import.rows_warned();
  json["held"] = import.rows_held();
  json["refused"] = import.rows_refused();
  json["seconds"] = committed - start;
  json["upload_seconds"] = uploaded - start;
  json["validate_seconds"] = validated - uploaded;
  json["commit_seconds"] = committed - validated;
  AddCpu(cpu, &json);
  return json;
}

// --region 36 --period 2026-10: a batch evaluation to its end.
Json Batch(const Flags& flags) {
  auto client = Connect(flags);
  CpuClock cpu(flags.Text("pids", ""));
  cpu.Restart();
  const double start = Now();
  evaluation::v1::StartBatchEvaluationRequest request;
  request.set_request_id(Cat("bench-batch-", SystemRandom()));
  request.set_region_code(flags.Text("region"));
  request.set_period(flags.Text("period"));
  const auto operation =
      Wait(*client,
           Ask<operation::v1::Operation>(
               *client, "bangfu.evaluation.v1.EvaluationService.StartBatchEvaluation", request));
  Json json;
  json["seconds"] = Now() - start;
  AddCpu(cpu, &json);
  evaluation::v1::BatchEvaluationResult result;
  if (operation.result().UnpackTo(&result)) {
    json["evaluated"] = result.evaluated();
    json["refused"] = result.refused();
    json["unchanged"] = result.unchanged();
    json["failures"] = result.failures_size();
  }
  return json;
}

}  // namespace bangfu::bench
