#include "common/blob/service.h"

#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <map>
#include <thread>

#include "common/audit/schema.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/blob/blob_for_test.h"
#include "common/blob/schema.h"
#include "common/feed/schema.h"
#include "common/idempotency/schema.h"
#include "common/recode/schema.h"
#include "common/status/error.h"
#include "common/testing/held_grants.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"

namespace bangfu::blob {
namespace {

using absl::StatusCode;
using auth::Role;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::RpcServer;
using ::bangfu::testing::SmallPdf;
using ::bangfu::testing::StatusIs;

constexpr char kApi[] = "bangfu.blob.v1.BlobService.";

class TempFolder {
 public:
  TempFolder() {
    std::string name = std::filesystem::temp_directory_path() / "bangfu-blob-XXXXXX";
    path_ = mkdtemp(name.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  const std::string& path() const { return path_; }
  // Names of all files below, in order.
  std::vector<std::string> Files() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(path_)) {
      if (entry.is_regular_file()) out.push_back(entry.path());
    }
    std::sort(out.begin(), out.end());
    return out;
  }

 private:
  std::string path_;
};

// A store that can be away.
class Fickle final : public Store {
 public:
  explicit Fickle(std::unique_ptr<Store> store) : store_(std::move(store)) {}
  absl::Status Put(const Ulid& id, int64_t offset, std::string_view data) override {
    return away ? StoreUnavailable("away") : store_->Put(id, offset, data);
  }
  absl::Status Seal(const Ulid& id, int64_t size) override {
    return away ? StoreUnavailable("away") : store_->Seal(id, size);
  }
  absl::StatusOr<std::string> Read(const Ulid& id, int64_t offset, int64_t length) override {
    if (away) return StoreUnavailable("away");
    return store_->Read(id, offset, length);
  }
  absl::Status Remove(const Ulid& id) override {
    return away ? StoreUnavailable("away") : store_->Remove(id);
  }
  std::atomic<bool> away = false;

 private:
  const std::unique_ptr<Store> store_;
};

class BlobServiceTest : public ::testing::Test {
 protected:
  BlobServiceTest()
      : store_(*OpenDirectory(Cat(folder_.path(), "/evidence"))),
        service_(store_, {}, metrics_),
        server_({.services = {"bangfu.blob.v1.BlobService"},
                 .migrations = migrate::Concat(Schema(), feed::Schema(), idempotency::Schema(),
                                               audit::Schema(), recode::Schema()),
                 .server = grants_.ServerOptions()},
                [this](rpc::Router& router) { service_.Register(router); }),
        village_(Token("v1", "360733101201")),
        county_(Token("c1", "360733")),
        neighbour_(Token("n1", "360734")) {}

  std::string Token(const std::string& person, const std::string& region) {
    return server_.Token(Role::ROLE_COUNTY_OPERATOR, region, person);
  }
  std::string NewId() { return Cat("request-", ++requests_); }

  v1::BeginUploadRequest Announce(const std::string& bytes, const std::string& kind = "CONTRACT",
                                  const std::string& type = "application/pdf") {
    v1::BeginUploadRequest request;
    request.set_request_id(NewId());
    request.set_kind(kind);
    request.set_title("租赁合同");
    request.set_content_type(type);
    request.set_size_bytes(static_cast<int64_t>(bytes.size()));
    request.set_sha256(Sha256Hex(bytes));
    request.set_region_code("360733101201");
    return request;
  }
  absl::StatusOr<v1::Blob> Begin(const v1::BeginUploadRequest& request, const std::string& token) {
    return server_.Call<v1::Blob>(Cat(kApi, "BeginUpload"), request, token);
  }
  absl::StatusOr<v1::Blob> Put(const std::string& id, int64_t offset, std::string_view data,
                               const std::string& token) {
    v1::PutChunkRequest request;
    request.set_id(id);
    request.set_offset(offset);
    request.set_data(std::string(data));
    return server_.Call<v1::Blob>(Cat(kApi, "PutChunk"), request, token);
  }
  absl::StatusOr<v1::Blob> Complete(const std::string& id, const std::string& token) {
    v1::CompleteUploadRequest request;
    request.set_request_id(NewId());
    request.set_id(id);
    return server_.Call<v1::Blob>(Cat(kApi, "CompleteUpload"), request, token);
  }
  absl::StatusOr<v1::Blob> Get(const std::string& id, const std::string& token) {
    v1::GetBlobRequest request;
    request.set_id(id);
    return server_.Call<v1::Blob>(Cat(kApi, "GetBlob"), request, token);
  }
  absl::StatusOr<std::string> Read(const std::string& id, const std::string& token,
                                   int64_t offset = 0) {
    v1::ReadBlobRequest request;
    request.set_id(id);
    request.set_offset(offset);
    auto blocks = server_.Read<v1::ReadBlobResponse>(Cat(kApi, "ReadBlob"), request, token);
    if (!blocks.ok()) return blocks.status();
    std::string out;
    for (const v1::ReadBlobResponse& block : *blocks) {
      EXPECT_EQ(block.offset(), offset + static_cast<int64_t>(out.size()));
      out += block.data();
    }
    return out;
  }
  absl::StatusOr<v1::Blob> Upload(const std::string& bytes, const std::string& token,
                                  const std::string& kind = "CONTRACT",
                                  const std::string& type = "application/pdf") {
    auto blob = Begin(Announce(bytes, kind, type), token);
    for (size_t at = 0; blob.ok() && at < bytes.size(); at += 1 << 20) {
      blob = Put(blob->id(), static_cast<int64_t>(at), std::string_view(bytes).substr(at, 1 << 20),
                 token);
    }
    return blob.ok() ? Complete(blob->id(), token) : blob;
  }

  // A step of a service, by this person, with this evidence.
  absl::Status Step(mysql::Session& db, const std::string& person, const std::string& region,
                    const type::v1::Evidence& evidence, const EvidenceUse& use) {
    auth::Caller caller;
    caller.subject = person;
    caller.grants = {{.role = Role::ROLE_COUNTY_OPERATOR, .region_path = region}};
    return Step(db, caller, evidence, use);
  }
  absl::Status Step(mysql::Session& db, const auth::Caller& caller,
                    const type::v1::Evidence& evidence, const EvidenceUse& use) {
    rpc::CallContext context{.caller = caller,
                             .db = db,
                             .clock = server_.clock(),
                             .ids = server_.ids(),
                             .now = server_.clock().Now(),
                             .deadline = absl::InfiniteFuture(),
                             .method = "bangfu.testing.v1.Steps.Step",
                             .trace_id = "",
                             .scope = caller.Scope(),
                             .roles = {},
                             .cancelled = {}};
    return mysql::Transact(db, [&](mysql::Tx& tx) {
      rpc::Mutation m(context, tx, "");
      google::protobuf::RepeatedPtrField<type::v1::Evidence> list;
      *list.Add() = evidence;
      return UseEvidence(m, &list, use);
    });
  }
  absl::Status Step(const type::v1::Evidence& evidence, const EvidenceUse& use) {
    return Step(server_.database().db(), "c1", "360733", evidence, use);
  }
  EvidenceUse Case(std::vector<std::string> kinds = {}) {
    return {"contract", server_.ids().Next(), "SignContract", "evidence", std::move(kinds)};
  }
  static type::v1::Evidence EvidenceOf(const v1::Blob& blob) {
    type::v1::Evidence evidence;
    evidence.set_kind(blob.kind());
    evidence.set_title(blob.title());
    evidence.set_sha256(blob.sha256());
    evidence.set_size_bytes(blob.size_bytes());
    evidence.set_blob_id(blob.id());
    return evidence;
  }
  int64_t Waiting(const std::string& person) {
    return server_.database().Int(Cat(
        "SELECT COALESCE(SUM(waiting_bytes), 0) FROM blob_quota WHERE subject = '", person, "'"));
  }

  TempFolder folder_;
  metrics::Registry metrics_;
  Fickle store_;
  BlobService service_;
  ::bangfu::testing::HeldGrants grants_;
  RpcServer server_;
  const std::string village_, county_, neighbour_;
  int requests_ = 0;
};

TEST_F(BlobServiceTest, GoesFromAnnouncementToCaseAndBackOut) {
  const std::string bytes = SmallPdf(std::string(3 << 20, 'x'));
  v1::BeginUploadRequest request = Announce(bytes);
  request.mutable_taken_at()->set_seconds(1767225600);
  request.set_latitude_e7(258000000);
  request.set_longitude_e7(1158000000);
  ASSERT_OK_AND_ASSIGN(v1::Blob blob, Begin(request, village_));
  EXPECT_EQ(blob.state(), v1::BLOB_STATE_BEGUN);
  ASSERT_OK_AND_ASSIGN(const v1::Blob again, Begin(request, village_));
  EXPECT_EQ(again.id(), blob.id());  // a retried request
  const std::string id = blob.id();
  EXPECT_THAT(Complete(id, village_),
              StatusIs(StatusCode::kFailedPrecondition, "UPLOAD_INCOMPLETE"));
  for (size_t at = 0; at < bytes.size(); at += 1 << 20) {
    ASSERT_OK_AND_ASSIGN(blob, Put(id, static_cast<int64_t>(at),
                                   std::string_view(bytes).substr(at, 1 << 20), village_));
  }
  EXPECT_THAT(Get(id, county_), StatusIs(StatusCode::kNotFound));  // not complete: the person's own
  ASSERT_OK_AND_ASSIGN(blob, Complete(id, village_));
  EXPECT_EQ(blob.state(), v1::BLOB_STATE_COMPLETE);
  ASSERT_OK_AND_ASSIGN(blob, Get(id, county_));
  EXPECT_EQ(blob.taken_at().seconds(), 1767225600);
  EXPECT_EQ(blob.latitude_e7(), 258000000);

  type::v1::Evidence evidence = EvidenceOf(blob);
  const EvidenceUse use = Case({"CONTRACT"});
  ASSERT_OK(Step(evidence, use));
  EXPECT_OK(Step(evidence, use));  // the case's own
  ASSERT_OK_AND_ASSIGN(blob, Get(id, county_));
  EXPECT_EQ(blob.use().case_id(), use.case_id.ToString());
  EXPECT_EQ(blob.use().used_by().subject(), "c1");
  EXPECT_FALSE(blob.has_expires_at());
  EXPECT_EQ(Waiting("v1"), 0);

  ASSERT_OK_AND_ASSIGN(const std::string read, Read(id, county_));
  EXPECT_TRUE(read == bytes);
}

TEST_F(BlobServiceTest, NamesOnWhoseBehalfAFileWasUploadedAndUsed) {
  const Ulid grant = server_.ids().Next();
  grants_.Lend("zhang", "li", Role::ROLE_COUNTY_OPERATOR, "360733", grant);
  const std::string deputy = ::bangfu::testing::PersonToken(server_, "zhang");
  ASSERT_OK_AND_ASSIGN(v1::Blob blob, Upload(SmallPdf("x"), deputy));
  auth::Caller caller;
  caller.subject = "zhang";
  caller.grants = grants_.Of("zhang", false)->grants;
  ASSERT_OK(Step(server_.database().db(), caller, EvidenceOf(blob), Case()));
  ASSERT_OK_AND_ASSIGN(blob, Get(blob.id(), county_));
  for (const type::v1::Actor& actor : {blob.uploaded_by(), blob.use().used_by()}) {
    EXPECT_EQ(actor.subject(), "zhang");
    EXPECT_EQ(actor.delegated_by(), "li");
    EXPECT_EQ(actor.grant_id(), grant.ToString());
  }
}

// Told with every answer, by the rules that the rpcs refuse by.
TEST_F(BlobServiceTest, TellsWhatTheCallerCanDoNow) {
  const auto told = [](const v1::Blob& blob) {
    std::map<std::string, std::string> out;
    for (const auto& action : blob.allowed_actions()) {
      out[action.action()] = action.allowed() ? "" : action.refusal_reason();
    }
    return out;
  };
  using Told = std::map<std::string, std::string>;
  const std::string bytes = SmallPdf("papers");
  ASSERT_OK_AND_ASSIGN(v1::Blob blob, Begin(Announce(bytes), village_));
  const std::string id = blob.id();
  EXPECT_EQ(told(blob), (Told{{"put", ""},
                              {"complete", "UPLOAD_INCOMPLETE"},
                              {"abandon", ""},
                              {"read", "EVIDENCE_NOT_COMPLETE"}}));
  ASSERT_OK_AND_ASSIGN(blob, Put(id, 0, bytes, village_));
  EXPECT_EQ(told(blob)["complete"], "");
  ASSERT_OK_AND_ASSIGN(blob, Complete(id, village_));
  EXPECT_EQ(told(blob), (Told{{"abandon", ""}, {"read", ""}}));
  ASSERT_OK_AND_ASSIGN(blob, Get(id, county_));
  EXPECT_EQ(told(blob), (Told{{"read", ""}}));  // another's upload
  ASSERT_OK(Step(EvidenceOf(blob), Case()));
  ASSERT_OK_AND_ASSIGN(blob, Get(id, village_));
  EXPECT_EQ(told(blob), (Told{{"abandon", "EVIDENCE_IN_USE"}, {"read", ""}}));
  v1::AbandonUploadRequest abandon;
  abandon.set_request_id(NewId());
  abandon.set_id(id);
  EXPECT_THAT(server_.Call<v1::Blob>(Cat(kApi, "AbandonUpload"), abandon, village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_IN_USE"));
}

TEST_F(BlobServiceTest, ResumesWhereTheServerIs) {
  const std::string bytes = SmallPdf(std::string(2 << 20, 'y'));
  ASSERT_OK_AND_ASSIGN(v1::Blob blob, Begin(Announce(bytes), village_));
  const std::string id = blob.id();
  ASSERT_OK_AND_ASSIGN(blob, Put(id, 0, bytes.substr(0, 1000), village_));
  // The answer was lost: the same again, with another length too.
  ASSERT_OK_AND_ASSIGN(blob, Put(id, 0, bytes.substr(0, 1000), village_));
  EXPECT_EQ(blob.received_bytes(), 1000);
  ASSERT_OK_AND_ASSIGN(blob, Put(id, 0, bytes.substr(0, 400), village_));
  EXPECT_EQ(blob.received_bytes(), 1000);
  const absl::Status gap = Put(id, 5000, "later", village_).status();
  EXPECT_THAT(gap, StatusIs(StatusCode::kOutOfRange, "UPLOAD_OFFSET"));
  EXPECT_EQ(GetErrorDetail(gap).metadata["expected"], "1000");

  store_.away = true;
  EXPECT_THAT(Put(id, 1000, bytes.substr(1000, 1000), village_),
              StatusIs(StatusCode::kUnavailable, "BLOB_STORE_UNAVAILABLE"));
  store_.away = false;
  ASSERT_OK_AND_ASSIGN(blob, Get(id, village_));
  for (auto at = static_cast<size_t>(blob.received_bytes()); at < bytes.size(); at += 1 << 20) {
    ASSERT_OK(Put(id, static_cast<int64_t>(at), bytes.substr(at, 1 << 20), village_));
  }
  store_.away = true;
  EXPECT_THAT(Complete(id, village_), StatusIs(StatusCode::kUnavailable, "BLOB_STORE_UNAVAILABLE"));
  store_.away = false;
  ASSERT_OK(Complete(id, village_));
  ASSERT_OK(Complete(id, village_));                        // again, by another request
  EXPECT_THAT(Put(id, 0, "x", village_), testing::IsOk());  // a late repetition
  ASSERT_OK_AND_ASSIGN(const std::string tail, Read(id, county_, 1 << 20));
  EXPECT_EQ(tail, bytes.substr(1 << 20));
}

// What a crash may leave behind the last acknowledged byte does no harm.
TEST_F(BlobServiceTest, CutsOffWhatACrashLeft) {
  const std::string bytes = SmallPdf("short");
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Begin(Announce(bytes), village_));
  ASSERT_OK(store_.Put(*Ulid::Parse(blob.id()), 0, std::string(5000, 'z')));
  ASSERT_OK(Put(blob.id(), 0, bytes, village_));
  ASSERT_OK(Complete(blob.id(), village_));
  EXPECT_EQ(*Read(blob.id(), village_), bytes);
}

TEST_F(BlobServiceTest, RefusesAtTheAnnouncement) {
  const auto begin = [&](auto change) {
    v1::BeginUploadRequest request = Announce("x");
    change(request);
    return Begin(request, village_).status();
  };
  EXPECT_THAT(begin([](auto& r) { r.set_size_bytes(0); }),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_EMPTY"));
  const absl::Status large = begin([](auto& r) { r.set_size_bytes(int64_t{2} << 30); });
  EXPECT_THAT(large, StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_TOO_LARGE"));
  EXPECT_THAT(large, HasViolation("size_bytes"));
  EXPECT_THAT(begin([](auto& r) { r.set_kind("SELFIE"); }),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_KIND_UNKNOWN"));
  EXPECT_THAT(begin([](auto& r) { r.set_content_type("text/html"); }),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_TYPE_NOT_ALLOWED"));
  EXPECT_THAT(begin([](auto& r) {
                r.set_kind("PHOTO");
                r.set_content_type("application/pdf");
              }),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_TYPE_NOT_ALLOWED"));
  EXPECT_THAT(begin([](auto& r) { r.set_content_type("../../etc/passwd"); }),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(begin([](auto& r) { r.set_region_code("360734"); }),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
  EXPECT_THAT(begin([](auto& r) { r.set_sha256("ABC"); }), HasViolation("sha256"));
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM blob_file"), 0);
}

TEST_F(BlobServiceTest, RefusesMoreThanWasAnnounced) {
  const std::string bytes = SmallPdf("x");
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Begin(Announce(bytes), village_));
  EXPECT_THAT(Put(blob.id(), 0, bytes + "!", village_),
              StatusIs(StatusCode::kInvalidArgument, "UPLOAD_TOO_LONG"));
  ASSERT_OK(Put(blob.id(), 0, bytes, village_));
  EXPECT_THAT(Put(blob.id(), static_cast<int64_t>(bytes.size()), "!", village_),
              StatusIs(StatusCode::kInvalidArgument, "UPLOAD_TOO_LONG"));
  EXPECT_THAT(Put(blob.id(), std::numeric_limits<int64_t>::max(), "!", village_),
              StatusIs(StatusCode::kInvalidArgument, "UPLOAD_TOO_LONG"));
  EXPECT_THAT(Put(blob.id(), 0, std::string((1 << 20) + 1, 'x'), village_),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_OK(Complete(blob.id(), village_));
}

TEST_F(BlobServiceTest, RefusesWhatTheBytesAreNot) {
  // Another digest than announced.
  const std::string bytes = SmallPdf("a");
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Begin(Announce(bytes), village_));
  ASSERT_OK(Put(blob.id(), 0, SmallPdf("b"), village_));
  EXPECT_THAT(Complete(blob.id(), village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_DIGEST_MISMATCH"));
  ASSERT_OK_AND_ASSIGN(const v1::Blob refused, Get(blob.id(), village_));
  EXPECT_EQ(refused.state(), v1::BLOB_STATE_REFUSED);
  EXPECT_EQ(refused.refusal_reason(), "EVIDENCE_DIGEST_MISMATCH");
  EXPECT_THAT(Complete(blob.id(), village_),
              StatusIs(StatusCode::kFailedPrecondition, "UPLOAD_CLOSED"));
  EXPECT_THAT(Step(EvidenceOf(refused), Case()), StatusIs(StatusCode::kFailedPrecondition));

  EXPECT_THAT(Upload("only text", village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_TYPE_MISMATCH"));
  EXPECT_THAT(Upload(bytes + "<script>", village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_POLYGLOT"));
  EXPECT_THAT(Upload(bytes.substr(0, 40), village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_DAMAGED"));
  // Nothing of it is left, on the disk or in the quota.
  EXPECT_THAT(folder_.Files(), ::testing::IsEmpty());
  EXPECT_EQ(Waiting("v1"), 0);
}

TEST_F(BlobServiceTest, NoNameOfAClientIsOnTheDisk) {
  const std::string bytes = SmallPdf("tricks");
  for (const char* title : {"../../../etc/cron.d/x", "/etc/passwd", "..\\..\\x.exe", "a\nb", "CON",
                            "~root/.ssh/authorized_keys", "%2e%2e%2fx", "照片.jpg;rm -rf /"}) {
    v1::BeginUploadRequest request = Announce(bytes);
    request.set_title(title);
    ASSERT_OK_AND_ASSIGN(v1::Blob blob, Begin(request, village_));
    ASSERT_OK(Put(blob.id(), 0, bytes, village_));
    ASSERT_OK_AND_ASSIGN(blob, Complete(blob.id(), village_));
    EXPECT_EQ(blob.title(), title);  // kept as text
    const std::string wanted =
        Cat(folder_.path(), "/evidence/", blob.id().substr(24), "/", blob.id(), ".blob");
    EXPECT_THAT(folder_.Files(), ::testing::Contains(wanted)) << title;
    struct stat info {};
    ASSERT_EQ(stat(wanted.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0600u);
  }
  EXPECT_EQ(folder_.Files().size(), 8u);
}

// A link that someone laid where the file would be is not followed.
TEST_F(BlobServiceTest, FollowsNoLinks) {
  const std::string bytes = SmallPdf("link");
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Begin(Announce(bytes), village_));
  const std::string shard = Cat(folder_.path(), "/evidence/", blob.id().substr(24));
  std::filesystem::create_directory(shard);
  const std::string target = Cat(folder_.path(), "/target");
  std::filesystem::create_symlink(target, Cat(shard, "/", blob.id(), ".part"));
  EXPECT_THAT(Put(blob.id(), 0, bytes, village_), StatusIs(StatusCode::kUnavailable));
  EXPECT_FALSE(std::filesystem::exists(target));
}

TEST_F(BlobServiceTest, AStepRefusesByName) {
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(SmallPdf("1"), village_));
  ASSERT_OK_AND_ASSIGN(const v1::Blob begun, Begin(Announce(SmallPdf("2")), county_));
  const auto step = [&](auto change, const EvidenceUse& use) {
    type::v1::Evidence evidence = EvidenceOf(blob);
    change(evidence);
    const absl::Status status = Step(evidence, use);
    EXPECT_EQ(status.code(), StatusCode::kFailedPrecondition);
    return status;
  };
  const auto as_is = [](type::v1::Evidence&) {};
  EXPECT_EQ(
      ReasonOf(step([&](auto& e) { e.set_blob_id(server_.ids().Next().ToString()); }, Case())),
      "EVIDENCE_UNKNOWN");
  EXPECT_EQ(ReasonOf(step([&](auto& e) { e.set_blob_id(begun.id()); }, Case())),
            "EVIDENCE_NOT_COMPLETE");
  const absl::Status kind = step([](auto& e) { e.set_kind("PHOTO"); }, Case());
  EXPECT_EQ(ReasonOf(kind), "EVIDENCE_KIND_MISMATCH");
  EXPECT_THAT(kind, HasViolation("evidence[0].kind"));
  EXPECT_EQ(ReasonOf(step(as_is, Case({"APPRAISAL"}))), "EVIDENCE_KIND_NOT_WANTED");
  EXPECT_EQ(ReasonOf(step([](auto& e) { e.set_sha256(std::string(64, '0')); }, Case())),
            "EVIDENCE_DIGEST_MISMATCH");
  EXPECT_EQ(ReasonOf(step([](auto& e) { e.set_size_bytes(1); }, Case())), "EVIDENCE_SIZE_MISMATCH");
  // Another county's person neither sees it nor may name it.
  EXPECT_THAT(Get(blob.id(), neighbour_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Read(blob.id(), neighbour_), StatusIs(StatusCode::kNotFound));
  EXPECT_THAT(Step(server_.database().db(), "n1", "360734", EvidenceOf(blob), Case()),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_UNKNOWN"));
  ASSERT_OK(Step(EvidenceOf(blob), Case()));
  EXPECT_EQ(ReasonOf(step(as_is, Case())), "EVIDENCE_USED_ELSEWHERE");
}

TEST_F(BlobServiceTest, OneFileServesOneCaseWhoeverComesFirst) {
  for (int round = 0; round < 10; ++round) {
    ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(SmallPdf(Cat("race ", round)), village_));
    absl::Status results[2];
    {
      std::vector<std::jthread> callers;
      for (absl::Status& result : results) {
        callers.emplace_back([&, use = Case()] {
          auto session = mysql::Session::Create(server_.database().options());
          result = Step(*session, "c1", "360733", EvidenceOf(blob), use);
        });
      }
    }
    EXPECT_NE(results[0].ok(), results[1].ok()) << results[0] << " " << results[1];
    EXPECT_THAT(results[0].ok() ? results[1] : results[0],
                StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_USED_ELSEWHERE"));
  }
}

TEST_F(BlobServiceTest, SweepsWhatNoStepTook) {
  ASSERT_OK_AND_ASSIGN(const v1::Blob taken, Upload(SmallPdf("taken"), village_));
  ASSERT_OK_AND_ASSIGN(const v1::Blob idle, Upload(SmallPdf("idle"), village_));
  ASSERT_OK_AND_ASSIGN(const v1::Blob begun, Begin(Announce(SmallPdf("begun")), village_));
  ASSERT_OK(Put(begun.id(), 0, "%PDF", village_));
  ASSERT_OK(Step(EvidenceOf(taken), Case()));
  mysql::Session& db = server_.database().db();
  const auto sweep = [&] {
    int64_t all = 0;
    while (true) {
      auto swept = service_.Sweep(db, server_.clock().Now());
      EXPECT_OK(swept);
      if (!swept.ok() || *swept == 0) return all;
      all += *swept;
    }
  };
  EXPECT_EQ(sweep(), 0);
  server_.clock().Advance(absl::Hours(23));
  EXPECT_EQ(sweep(), 0);
  server_.clock().Advance(absl::Hours(2));
  // The store is away: closed now, removed when it is back.
  store_.away = true;
  EXPECT_FALSE(service_.Sweep(db, server_.clock().Now()).ok());
  EXPECT_EQ(folder_.Files().size(), 3u);
  store_.away = false;
  EXPECT_EQ(sweep(), 2);
  EXPECT_EQ(folder_.Files().size(), 1u);
  EXPECT_EQ(Waiting("v1"), 0);
  EXPECT_EQ(server_.database().Int("SELECT state FROM blob_file WHERE case_id IS NOT NULL"),
            v1::BLOB_STATE_COMPLETE);
  EXPECT_EQ(server_.database().Int(Cat("SELECT COUNT(*) FROM blob_file WHERE state = ",
                                       static_cast<int>(v1::BLOB_STATE_SWEPT))),
            2);
  ASSERT_OK(mysql::Transact(db, [](mysql::Tx& tx) { return PutSetting(tx, kKeepHours, 1); }));
  ASSERT_OK(Begin(Announce(SmallPdf("short")), Token("v1", "360733101201")));
  server_.clock().Advance(absl::Minutes(61));
  EXPECT_EQ(sweep(), 2);  // closed, and removed
}

TEST_F(BlobServiceTest, TellsWhatIsStored) {
  mysql::Session& db = server_.database().db();
  const auto shown = [&](const std::string& state, int64_t files, size_t bytes) {
    EXPECT_OK(service_.RefreshFigures(db));
    const std::string text = metrics_.Expose();
    EXPECT_THAT(text, ::testing::HasSubstr(
                          Cat("bangfu_blob_stored_files{state=\"", state, "\"} ", files, "\n")));
    EXPECT_THAT(text, ::testing::HasSubstr(
                          Cat("bangfu_blob_stored_bytes{state=\"", state, "\"} ", bytes, "\n")));
  };
  shown("complete", 0, 0);
  const std::string one = SmallPdf("one"), two = SmallPdf("the second"), part = SmallPdf("part");
  ASSERT_OK_AND_ASSIGN(const v1::Blob taken, Upload(one, village_));
  ASSERT_OK(Step(EvidenceOf(taken), Case()));
  ASSERT_OK(Upload(two, village_));
  ASSERT_OK_AND_ASSIGN(const v1::Blob begun, Begin(Announce(part), village_));
  ASSERT_OK(Put(begun.id(), 0, part.substr(0, 10), village_));
  shown("complete", 2, one.size() + two.size());
  shown("pending", 1, 10);
  shown("closed", 0, 0);

  server_.clock().Advance(absl::Hours(25));
  store_.away = true;
  EXPECT_FALSE(service_.Sweep(db, server_.clock().Now()).ok());
  shown("complete", 1, one.size());
  shown("pending", 0, 0);
  shown("closed", 2, two.size() + 10);
  store_.away = false;
  ASSERT_OK(service_.Sweep(db, server_.clock().Now()));
  shown("closed", 0, 0);
}

TEST_F(BlobServiceTest, BoundsWhatWaitsOfOnePerson) {
  mysql::Session& db = server_.database().db();
  ASSERT_OK(mysql::Transact(db, [](mysql::Tx& tx) { return PutSetting(tx, kQuotaMib, 1); }));
  v1::BeginUploadRequest request = Announce(std::string(600 << 10, 'x'));
  ASSERT_OK_AND_ASSIGN(const v1::Blob first, Begin(request, village_));
  request.set_request_id(NewId());
  EXPECT_THAT(Begin(request, village_), StatusIs(StatusCode::kResourceExhausted, "EVIDENCE_QUOTA"));
  EXPECT_OK(Begin(request, county_));  // another person
  v1::AbandonUploadRequest abandon;
  abandon.set_request_id(NewId());
  abandon.set_id(first.id());
  EXPECT_THAT(server_.Call<v1::Blob>(Cat(kApi, "AbandonUpload"), abandon, county_),
              StatusIs(StatusCode::kNotFound));
  ASSERT_OK(server_.Call<v1::Blob>(Cat(kApi, "AbandonUpload"), abandon, village_));
  ASSERT_OK(Begin(request, village_));
  // Two at once have room for one.
  for (int round = 0; round < 5; ++round) {
    const std::string person = Cat("p", round);
    absl::Status results[2];
    {
      std::vector<std::jthread> callers;
      for (absl::Status& result : results) {
        request.set_request_id(NewId());
        callers.emplace_back(
            [&, mine = request] { result = Begin(mine, Token(person, "360733101201")).status(); });
      }
    }
    EXPECT_NE(results[0].ok(), results[1].ok());
  }
}

TEST_F(BlobServiceTest, ListsByRegionAndByCase) {
  const EvidenceUse use = Case();
  std::vector<std::string> ids;
  for (int i = 0; i < 5; ++i) {
    ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(SmallPdf(Cat("list ", i)), village_));
    if (i < 2) {
      ASSERT_OK(Step(EvidenceOf(blob), use));
    }
    ids.push_back(blob.id());
  }
  v1::ListBlobsRequest request;
  request.set_page_size(2);
  std::vector<std::string> seen;
  do {
    ASSERT_OK_AND_ASSIGN(const auto page, server_.Call<v1::ListBlobsResponse>(
                                              Cat(kApi, "ListBlobs"), request, county_));
    for (const v1::Blob& blob : page.blobs()) seen.push_back(blob.id());
    request.set_page_token(page.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(seen, ids);
  ASSERT_OK_AND_ASSIGN(
      auto page, server_.Call<v1::ListBlobsResponse>(Cat(kApi, "ListBlobs"), request, neighbour_));
  EXPECT_EQ(page.blobs_size(), 0);
  request.set_page_size(0);
  request.set_case_type("contract");
  EXPECT_THAT(server_.Call<v1::ListBlobsResponse>(Cat(kApi, "ListBlobs"), request, county_),
              HasViolation("case_id"));
  request.set_case_id(use.case_id.ToString());
  ASSERT_OK_AND_ASSIGN(
      page, server_.Call<v1::ListBlobsResponse>(Cat(kApi, "ListBlobs"), request, county_));
  EXPECT_EQ(page.blobs_size(), 2);
}

TEST_F(BlobServiceTest, ListsByAnIndexThatBeginsWithTheRegionOrTheCase) {
  mysql::Session& db = server_.database().db();
  ASSERT_OK_AND_ASSIGN(const v1::Blob one, Upload(SmallPdf("one"), village_));
  ASSERT_OK(db.Execute(R"sql(
INSERT INTO blob_file WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 900)
SELECT UNHEX(MD5(i)), version, state, CONCAT('3607', 30 + i MOD 9), kind, title, content_type,
  size_bytes, sha256, received_bytes, taken_at, latitude_e7, longitude_e7, uploaded_subject,
  uploaded_name, uploaded_role, uploaded_region_path, created_at, completed_at, expires_at,
  refusal_reason, stored, 'asset', UNHEX(MD5(CONCAT('c', i))), case_step, used_subject, used_name,
  used_role, used_region_path, used_at, uploaded_delegated_by, uploaded_grant_id, used_delegated_by,
  used_grant_id FROM blob_file JOIN n)sql"));
  ASSERT_OK(db.Query("ANALYZE TABLE blob_file"));
  const auto key_of = [&](const std::string& where) {
    auto rows = db.Query(Cat("EXPLAIN SELECT id FROM blob_file WHERE ", where,
                             " AND state = 2 ORDER BY region_path, id LIMIT 51"));
    EXPECT_OK(rows);
    return rows->front().String(5);  // possible_keys … key
  };
  EXPECT_EQ(key_of("(region_path >= '360733' AND region_path < '360734')"), "blob_file_by_region");
  EXPECT_EQ(key_of(Cat("case_type = 'asset' AND case_id = UNHEX(MD5('c1'))",
                       " AND (region_path >= '360733' AND region_path < '360734')")),
            "blob_file_by_case");
  // What is stored is counted by a key alone, and what is to be removed is found by it.
  ASSERT_OK_AND_ASSIGN(
      mysql::Rows plan,
      db.Query("EXPLAIN SELECT COUNT(*), COALESCE(SUM(size_bytes), 0) FROM blob_file "
               "WHERE stored = 1 AND state = 2"));
  EXPECT_EQ(plan.front().String(5), "blob_file_stored");
  EXPECT_THAT(plan.front().String(9), ::testing::HasSubstr("Using index"));
  ASSERT_OK_AND_ASSIGN(
      plan, db.Query("EXPLAIN SELECT id FROM blob_file WHERE stored = 1 AND state IN (3, 4) "
                     "LIMIT 100"));
  EXPECT_EQ(plan.front().String(5), "blob_file_stored");
}

TEST_F(BlobServiceTest, KindsComeFromReferenceData) {
  mysql::Session& db = server_.database().db();
  ASSERT_OK(mysql::Transact(db, [](mysql::Tx& tx) -> absl::Status {
    auto status = PutKind(tx, "CONTRACT", "合同", "jpeg,exe", 1, true);
    if (status.ok()) status = PutKind(tx, "DRONE_PHOTO", "航拍照片", "", 0, true);
    if (status.ok()) status = PutKind(tx, "VOUCHER", "凭证", "", 0, false);
    return status;
  }));
  EXPECT_THAT(Upload(SmallPdf("x"), village_),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_TYPE_NOT_ALLOWED"));
  EXPECT_OK(Upload(SmallPdf("x"), village_, "DRONE_PHOTO"));
  EXPECT_THAT(Upload(SmallPdf("x"), village_, "VOUCHER"),
              StatusIs(StatusCode::kInvalidArgument, "EVIDENCE_KIND_UNKNOWN"));
}

// Who took a file out is in its history.
TEST_F(BlobServiceTest, ReadingIsInTheAudit) {
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(SmallPdf("x"), village_));
  ASSERT_OK(Read(blob.id(), county_));
  ASSERT_OK_AND_ASSIGN(const auto history, audit::History(server_.database().db(), "blob",
                                                          *Ulid::Parse(blob.id()), {"36"}, 0, 10));
  ASSERT_EQ(history.size(), 3u);  // begun, completed, read
  EXPECT_EQ(history[0].entry.actor.subject, "c1");
  EXPECT_THAT(history[0].entry.action, ::testing::HasSubstr("ReadBlob"));
}

// For clients that take no stream: the same bytes, the same refusals, the same trace.
TEST_F(BlobServiceTest, ReadsInChunksWithoutAStream) {
  std::string bytes = SmallPdf(std::string((2 << 20) + 5, 'x'));
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(bytes, village_));
  const auto chunk = [&](int64_t offset, const std::string& token) {
    v1::ReadChunkRequest request;
    request.set_id(blob.id());
    request.set_offset(offset);
    return server_.Call<v1::ReadChunkResponse>(Cat(kApi, "ReadChunk"), request, token);
  };
  std::string read;
  int64_t offset = 0;
  int calls = 0;
  do {
    ASSERT_OK_AND_ASSIGN(const v1::ReadChunkResponse part, chunk(offset, county_));
    EXPECT_EQ(part.offset(), offset);
    EXPECT_LE(part.data().size(), size_t{1} << 20);
    EXPECT_EQ(part.size_bytes(), static_cast<int64_t>(bytes.size()));
    EXPECT_EQ(part.sha256(), blob.sha256());
    EXPECT_EQ(part.content_type(), "application/pdf");
    read += part.data();
    offset = part.next_offset();
    ASSERT_LT(++calls, 10);
  } while (offset != 0);
  EXPECT_EQ(calls, 3);
  EXPECT_TRUE(read == bytes);
  ASSERT_OK_AND_ASSIGN(const v1::ReadChunkResponse behind,
                       chunk(static_cast<int64_t>(bytes.size()), county_));
  EXPECT_TRUE(behind.data().empty());
  EXPECT_EQ(behind.next_offset(), 0);
  EXPECT_THAT(chunk(static_cast<int64_t>(bytes.size()) + 1, county_),
              StatusIs(StatusCode::kInvalidArgument));
  EXPECT_THAT(chunk(0, neighbour_), StatusIs(StatusCode::kNotFound));
  ASSERT_OK_AND_ASSIGN(const auto history, audit::History(server_.database().db(), "blob",
                                                          *Ulid::Parse(blob.id()), {"36"}, 0, 10));
  EXPECT_EQ(history.size(), 2u + 4u);  // begun, completed, and each chunk that was taken out
  ASSERT_OK_AND_ASSIGN(const v1::Blob begun, Begin(Announce(bytes), village_));
  v1::ReadChunkRequest unfinished;
  unfinished.set_id(begun.id());
  EXPECT_THAT(server_.Call<v1::ReadChunkResponse>(Cat(kApi, "ReadChunk"), unfinished, village_),
              StatusIs(StatusCode::kFailedPrecondition, "EVIDENCE_NOT_COMPLETE"));
}

}  // namespace
}  // namespace bangfu::blob
