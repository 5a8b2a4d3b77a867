// Whatever happens to imports and to the long work that checks and commits them, the items of the
// inbox are equal to their states.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iostream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "common/base/digest.h"
#include "common/inbox/recount.h"
#include "common/inbox/walks_for_test.h"
#include "common/intake/engine.h"
#include "common/intake/import_service.h"
#include "common/operation/operation.h"
#include "common/operation/service.h"
#include "common/testing/deep.h"
#include "common/testing/random.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/jobs/project_import.h"

namespace bangfu::registry {
namespace {

namespace iv1 = ::bangfu::intake::v1;

const inbox::Walk kWalk({"IMPORT_COMMIT", "IMPORT_COMMIT_RESUME"});

// Made before the server that uses them.
struct Imports {
  ::bangfu::testing::FakeClock import_clock_;
  UlidGenerator import_ids_{import_clock_};
  operation::OperationRunner import_runner_{import_clock_, {.holder = "imports"}};
  std::unique_ptr<::bangfu::intake::ImportService> imports_;
};

class ImportWalk : protected Imports, public InboxTest {
 protected:
  ImportWalk()
      : InboxTest({"bangfu.intake.v1.ImportService", "bangfu.operation.v1.OperationService"},
                  [this](rpc::Router& router) {
                    ::bangfu::intake::ImportServiceOptions options;
                    options.region_path = [](mysql::Executor& db, std::string_view code) {
                      return ResolvePath(db, std::string(code), "region_code");
                    };
                    imports_ = std::make_unique<::bangfu::intake::ImportService>(KindsOf(), options,
                                                                                 import_runner_);
                    imports_->Register(router);
                    operation::RegisterOperationService(
                        router, {},
                        [this](mysql::Tx& tx, const operation::v1::Operation& one, absl::Time at) {
                          return import_runner_.TellStand(tx, one, at);
                        });
                  }) {}

  std::vector<std::unique_ptr<::bangfu::intake::Kind>> KindsOf() {
    std::vector<std::unique_ptr<::bangfu::intake::Kind>> kinds;
    kinds.push_back(MakeProjectImport(import_ids_));
    return kinds;
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Import(std::string_view method, const Request& request) {
    return server_.Call<Response>(Cat("bangfu.intake.v1.ImportService.", method), request,
                                  County());
  }
  template <typename Request>
  absl::Status Start(std::string_view method, const std::string& id) {
    Request request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return Import<operation::v1::Operation>(method, request).status();
  }
  template <typename Request>
  absl::Status Steer(std::string_view method, const std::string& id, const std::string& token) {
    Request request;
    request.set_request_id(RequestId());
    request.set_id(id);
    return server_
        .Call<operation::v1::Operation>(Cat("bangfu.operation.v1.OperationService.", method),
                                        request, token)
        .status();
  }
  iv1::Import Get(const std::string& id) {
    iv1::GetImportRequest get;
    get.set_id(id);
    auto import = Import<iv1::Import>("GetImport", get);
    EXPECT_OK(import);
    return import.ok() ? *import : iv1::Import();
  }
  // A file of the county's that is uploaded; its rows do not stand without a year.
  std::string Uploaded(const std::string& batch, const std::string& project, bool stands) {
    const std::string csv = Cat(
        "\xEF\xBB\xBF序号,县,乡镇,村,项目名称,产业类别,项目类型,建设性质,实施年度,建设内容及规模,"
        "总投资（万元）,中央衔接资金（万元）,实施单位,当前状态\n1,会昌县,小密乡,半迳村,",
        project, ",油料,种植,新建,", stands ? "2021" : "", ",新建冷库一座,80,80,",
        "半迳村村民委员会,运营\n");
    iv1::BeginImportRequest begin;
    begin.set_request_id(RequestId());
    begin.set_kind("projects");
    begin.set_batch_id(batch);
    begin.set_file_name(Cat(batch, ".csv"));
    begin.set_format(type::v1::FILE_FORMAT_CSV);
    auto import = Import<iv1::Import>("BeginImport", begin);
    EXPECT_OK(import);
    if (!import.ok()) return "";
    iv1::UploadChunkRequest chunk;
    chunk.set_id(import->id());
    chunk.set_data(csv);
    chunk.set_last(true);
    chunk.set_sha256(Sha256Hex(csv));
    EXPECT_OK(Import<iv1::Import>("UploadChunk", chunk));
    return import->id();
  }
  void RunImports(bool all) {
    import_clock_.Set(server_.clock().Now());
    while (true) {
      ASSERT_OK_AND_ASSIGN(const bool ran, import_runner_.StepOnce(server_.database().db()));
      if (!ran || !all) return;
    }
  }
  // What was uploaded long ago is given up.
  void Sweep() {
    while (true) {
      ASSERT_OK_AND_ASSIGN(const bool more, ::bangfu::intake::SweepExpired(server_.database().db(),
                                                                           server_.clock().Now()));
      if (!more) return;
    }
  }
  bool Swept(const std::string& id) {
    return server_.database().Int("SELECT swept FROM import_job WHERE id = ?",
                                  {*Ulid::Parse(id)}) != 0;
  }

  std::set<std::string> Expected() {
    std::set<std::string> out;
    for (const std::string& id : imports_known_) {
      if (Swept(id)) continue;
      const iv1::Import import = Get(id);
      if (import.state() == iv1::IMPORT_STATE_VALIDATED) {
        const absl::CivilDay due =
            ShanghaiDay(absl::FromUnixSeconds(import.created_at().seconds())) + 30;
        out.insert(
            Cat("IMPORT_COMMIT ", id, " commit  ", kCounty, " ", absl::FormatCivilTime(due)));
      }
      if (import.state() != iv1::IMPORT_STATE_COMMITTING) continue;
      operation::v1::GetOperationRequest get;
      get.set_id(import.operation_id());
      auto commit = server_.Call<operation::v1::Operation>(
          "bangfu.operation.v1.OperationService.GetOperation", get, County());
      EXPECT_OK(commit);
      if (!commit.ok() || (commit->state() != operation::v1::OPERATION_STATE_FAILED &&
                           commit->state() != operation::v1::OPERATION_STATE_CANCELLED)) {
        continue;
      }
      for (const char* slot : {"PROVINCE", "STARTER"}) {
        out.insert(Cat("IMPORT_COMMIT_RESUME ", commit->id(), " resume ", slot, " ", kCounty, " ",
                       slot == std::string("STARTER") ? "operator" : ""));
      }
    }
    return out;
  }
  std::set<std::string> Stored() {
    std::set<std::string> out;
    auto rows = server_.database().db().Query(
        Cat("SELECT kind, subject_id, action, slot, region_path, assignee, due_on FROM work_item "
            "WHERE open_mark = 1 AND kind IN (",
            kWalk.Quoted(), ")"));
    EXPECT_OK(rows);
    if (!rows.ok()) return out;
    for (const mysql::Row& row : *rows) {
      out.insert(Cat(
          row.String(0), " ", row.Id(1).ToString(), " ", row.String(2), " ", row.String(3), " ",
          row.String(4), " ",
          row.String(0) == "IMPORT_COMMIT" ? absl::FormatCivilTime(row.Day(6)) : row.String(5)));
    }
    return out;
  }
  absl::Status Recounted() {
    return inbox::Recount(server_.database().db(),
                          {::bangfu::intake::WorkSource(KindsOf()),
                           inbox::StoppedSource({::bangfu::intake::StoppedCommit({})})},
                          server_.ids(), server_.clock().Now(), {.every = absl::ZeroDuration()});
  }

  std::vector<std::string> imports_known_;
};

TEST_F(ImportWalk, R002_ItemsAreEqualToStatesAfterRandomSteps) {
  const uint64_t seed = ::bangfu::testing::TestSeed();
  std::cout << "seed " << seed << " (BANGFU_TEST_SEED)" << std::endl;
  const ::bangfu::testing::SeededRandom random(seed);
  const int steps = ::bangfu::testing::Runs(150, 600);
  int done = 0, committed = 0, stopped = 0, swept = 0;
  // One that waits to be committed is given up, however short the random jumps are.
  imports_known_.push_back(Uploaded("batch-first", "项目0", /*stands=*/true));
  ASSERT_OK(Start<iv1::ValidateImportRequest>("ValidateImport", imports_known_[0]));
  RunImports(/*all=*/true);
  ASSERT_EQ(Stored().size(), 1u);
  ASSERT_EQ(Stored(), Expected());
  server_.clock().Advance(absl::Hours(24 * 31));
  Sweep();
  ASSERT_TRUE(Swept(imports_known_[0]));
  ++swept;
  ASSERT_EQ(Stored(), Expected());
  for (int i = 0; i < steps; ++i) {
    // A step that does not call anything is none that was taken.
    absl::Status status = absl::CancelledError("nothing was called");
    server_.clock().Advance(absl::Seconds(1));
    // Mostly one of the newest.
    const size_t known = imports_known_.size();
    const std::string id = known == 0
                               ? ""
                               : imports_known_[known - 1 -
                                                random.Below(std::min<size_t>(
                                                    known, random.Below(4) == 0 ? known : 4))];
    // One that can be committed, mostly.
    std::string validated;
    for (const std::string& one : imports_known_) {
      if (random.Below(4) != 0 && Get(one).state() == iv1::IMPORT_STATE_VALIDATED) validated = one;
    }
    switch (id.empty() ? 0 : random.Below(14)) {
      case 0:
      case 1:
        if (random.Below(2) == 0 && known > 0) break;
        imports_known_.push_back(
            Uploaded(Cat("batch-", i), Cat("项目", random.Below(5)), random.Below(6) != 0));
        break;
      case 2:
      case 3:
        status = Start<iv1::ValidateImportRequest>("ValidateImport", id);
        break;
      case 4:
      case 5:
      case 6:
        status =
            Start<iv1::CommitImportRequest>("CommitImport", validated.empty() ? id : validated);
        committed += status.ok() ? 1 : 0;
        if (!status.ok() || random.Below(2) == 0) break;
        status = Steer<operation::v1::CancelOperationRequest>(
            "CancelOperation", Get(validated.empty() ? id : validated).operation_id(), Admin());
        stopped += status.ok() ? 1 : 0;
        break;
      case 7:
        RunImports(/*all=*/true);
        break;
      case 8:
        RunImports(/*all=*/false);
        break;
      case 9:
      case 10: {
        const std::string operation = Get(id).operation_id();
        if (operation.empty()) break;
        status = Steer<operation::v1::CancelOperationRequest>(
            "CancelOperation", operation, random.Below(2) == 0 ? County() : Admin());
        stopped += status.ok() ? 1 : 0;
        break;
      }
      case 11: {
        const std::string operation = Get(id).operation_id();
        if (operation.empty()) break;
        status = Steer<operation::v1::ResumeOperationRequest>(
            "ResumeOperation", operation, random.Below(2) == 0 ? County() : Admin());
        break;
      }
      case 12:
        server_.clock().Advance(absl::Hours(24 * random.Between(1, 15)));
        Sweep();
        swept = static_cast<int>(
            server_.database().Int("SELECT COUNT(*) FROM import_job WHERE swept = 1"));
        break;
      default:
        ASSERT_OK(Recounted());
    }
    if (HasFatalFailure()) return;
    ASSERT_NE(status.code(), absl::StatusCode::kInternal) << status;
    done += status.ok() ? 1 : 0;
    ASSERT_EQ(Stored(), Expected()) << "step " << i << ", seed " << seed;
  }
  std::cout << steps << " steps, " << done << " of them taken, " << committed << " commits, "
            << stopped << " times long work was stopped, " << swept << " imports given up"
            << std::endl;
  EXPECT_GT(committed, 0);
  EXPECT_GT(stopped, 0);
  EXPECT_GT(swept, 0);
  kWalk.ExpectSeen(server_.database().db());
  // The recount agrees, and fills an empty inbox.
  const std::set<std::string> expected = Expected();
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
  for (const char* table : {"work_item", "work_desk"}) {
    server_.database().Run(Cat("DELETE FROM ", table, ";"));
  }
  server_.clock().Advance(absl::Minutes(1));
  ASSERT_OK(Recounted());
  EXPECT_EQ(Stored(), expected);
}

}  // namespace
}  // namespace bangfu::registry
