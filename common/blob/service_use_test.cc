#include <sys/stat.h>

#include "common/blob/service_for_test.h"

namespace bangfu::blob {
namespace {

using absl::StatusCode;
using ::bangfu::testing::HasViolation;
using ::bangfu::testing::StatusIs;

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

}  // namespace
}  // namespace bangfu::blob
