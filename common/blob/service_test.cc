#include <sys/stat.h>

#include <filesystem>
#include <limits>
#include <map>

#include "common/blob/service_for_test.h"

namespace bangfu::blob {
namespace {

using absl::StatusCode;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;

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

// Who takes no business step brings no evidence; who reads files reads on.
TEST_F(BlobServiceTest, AdministratorsOfGrantsAndAuditorsUploadNothing) {
  ASSERT_OK_AND_ASSIGN(const v1::Blob blob, Upload(SmallPdf("x"), county_));
  const auto refused = StatusIs(StatusCode::kPermissionDenied, "ROLE_REQUIRED");
  for (const Role role : {Role::ROLE_ORG_ADMIN, Role::ROLE_AUDITOR}) {
    const std::string token = server_.Token(role, "360733", "c1");
    EXPECT_THAT(Begin(Announce(SmallPdf("y")), token), refused);
    EXPECT_THAT(Put(blob.id(), 0, "y", token), refused);
    EXPECT_THAT(Complete(blob.id(), token), refused);
    v1::AbandonUploadRequest abandon;
    abandon.set_request_id(NewId());
    abandon.set_id(blob.id());
    EXPECT_THAT(server_.Call<v1::Blob>(Cat(kApi, "AbandonUpload"), abandon, token), refused);
    EXPECT_OK(Get(blob.id(), token));
  }
  EXPECT_OK(Begin(Announce(SmallPdf("z")), server_.Token(Role::ROLE_APPRAISER, "360733", "e1")));
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
