#include "common/intake/intake_for_test.h"

namespace bangfu::intake {
namespace {

TEST_F(IntakeTest, OneReportLinePerRowAndASecondRunChangesNothing) {
  const std::string csv = "word,amount\r\napple,1\r\npear,\r\nplum,-3\r\n,\r\nfig,7\r\n";
  const std::string id = Validated("b1", csv);
  v1::Import import = Get(id);
  EXPECT_EQ(import.state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(import.rows_total(), 4);
  EXPECT_EQ(import.rows_created(), 2);
  EXPECT_EQ(import.rows_held(), 1);
  EXPECT_EQ(import.rows_refused(), 1);
  EXPECT_EQ(WordCount(), 0);  // validation changes no record

  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  import = Get(id);
  EXPECT_EQ(import.state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(import.committed_through(), 6);
  EXPECT_EQ(WordCount(), 2);

  v1::ListImportRowsRequest list;
  list.set_id(id);
  list.set_page_size(3);
  ASSERT_OK_AND_ASSIGN(auto page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 3);
  EXPECT_EQ(page.rows(0).row_no(), 2);
  EXPECT_FALSE(page.rows(0).record_id().empty());
  EXPECT_EQ(page.rows(1).outcome(), v1::ROW_OUTCOME_HELD);
  EXPECT_EQ(page.rows(1).issues(0).reason(), "AMOUNT_MISSING");
  EXPECT_EQ(page.rows(1).issues(0).proposal_zh(), "请补填数量");
  EXPECT_EQ(page.rows(2).issues(0).raw_text(), "-3");
  list.set_page_token(page.next_page_token());
  ASSERT_OK_AND_ASSIGN(page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 1);
  EXPECT_EQ(page.rows(0).key(), "fig");
  EXPECT_TRUE(page.next_page_token().empty());
  list.set_page_token("");
  list.set_outcome(v1::ROW_OUTCOME_REFUSED);
  ASSERT_OK_AND_ASSIGN(page, Call<v1::ListImportRowsResponse>("ListImportRows", list));
  ASSERT_EQ(page.rows_size(), 1);
  EXPECT_EQ(page.rows(0).key(), "plum");

  const std::string again = Validated("b2", csv);
  EXPECT_EQ(Get(again).rows_unchanged(), 2);
  ASSERT_OK(Start("CommitImport", again));
  RunAll();
  EXPECT_EQ(Get(again).rows_unchanged(), 2);
  EXPECT_EQ(Get(again).rows_created(), 0);
  EXPECT_EQ(WordCount(), 2);
}

TEST_F(IntakeTest, TheSameBatchIsTheSameImport) {
  ASSERT_OK_AND_ASSIGN(const auto first, Begin("b1"));
  ASSERT_OK_AND_ASSIGN(const auto second, Begin("b1"));
  EXPECT_EQ(first.id(), second.id());
  v1::BeginImportRequest other;
  other.set_request_id(RequestId());
  other.set_kind("words");
  other.set_batch_id("b1");
  other.set_format(type::v1::FILE_FORMAT_XLSX);
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED"));
  // A kind that does not say which columns may be filled down takes none.
  other.set_batch_id("b2");
  other.set_request_id(RequestId());
  other.add_fill_down_columns("word");
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "FILL_DOWN_UNSUPPORTED"));
  other.clear_fill_down_columns();
  other.set_batch_id("b1");
  other.set_kind("nothing");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kInvalidArgument, "IMPORT_KIND_UNKNOWN"));
  other.set_kind("words");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other,
                               server_.Token(ROLE_VILLAGE_REPORTER, "360733101201", "person-2")),
              StatusIs(absl::StatusCode::kPermissionDenied, "ROLE_NOT_ALLOWED"));
  other.set_batch_id("b9");
  other.set_region_code("360111");
  other.set_request_id(RequestId());
  EXPECT_THAT(Call<v1::Import>("BeginImport", other),
              StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
}

TEST_F(IntakeTest, TheSameBatchReadOtherwiseIsRefused) {
  v1::BeginImportRequest first;
  first.set_kind("words");
  first.set_batch_id("b1");
  first.set_format(type::v1::FILE_FORMAT_CSV);
  first.set_file_name("words.csv");
  first.set_default_money_unit("元");
  first.set_campaign_id(ids_.Next().ToString());
  first.set_request_id(RequestId());
  ASSERT_OK_AND_ASSIGN(const auto import, Call<v1::Import>("BeginImport", first));
  const auto again = [&](const std::function<void(v1::BeginImportRequest&)>& change) {
    v1::BeginImportRequest request = first;
    change(request);
    request.set_request_id(RequestId());
    return Call<v1::Import>("BeginImport", request);
  };
  const auto reused = StatusIs(absl::StatusCode::kInvalidArgument, "BATCH_ID_REUSED");
  EXPECT_THAT(again([](auto& r) { r.set_default_money_unit("万元"); }), reused);
  EXPECT_THAT(again([](auto& r) { r.clear_default_money_unit(); }), reused);
  EXPECT_THAT(again([](auto& r) { r.set_policy(v1::IMPORT_POLICY_ALL_OR_NOTHING); }), reused);
  EXPECT_THAT(again([&](auto& r) { r.set_campaign_id(ids_.Next().ToString()); }), reused);
  EXPECT_THAT(again([](auto& r) { r.clear_campaign_id(); }), reused);
  EXPECT_THAT(again([](auto& r) { r.set_sample(true); }), reused);
  // What is said is what holds when nothing is said; the name is no part of what is read.
  ASSERT_OK_AND_ASSIGN(const auto same, again([](auto& r) {
                         r.set_policy(v1::IMPORT_POLICY_VALID_ROWS);
                         r.set_file_name("words (1).csv");
                       }));
  EXPECT_EQ(same.id(), import.id());
}

TEST_F(IntakeTest, AnUploadGoesOnWhereItStopped) {
  ASSERT_OK_AND_ASSIGN(const auto import, Begin("b1"));
  v1::UploadChunkRequest request;
  request.set_id(import.id());
  request.set_data("word,amount\r\n");
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  // A retry is checked, not doubled.
  ASSERT_OK_AND_ASSIGN(auto after, Call<v1::Import>("UploadChunk", request));
  EXPECT_EQ(after.size_bytes(), 13);
  request.set_data("other,amount\r");
  EXPECT_THAT(Call<v1::Import>("UploadChunk", request),
              StatusIs(absl::StatusCode::kInvalidArgument, "UPLOAD_MISMATCH"));
  request.set_offset(20);
  const auto gap = Call<v1::Import>("UploadChunk", request);
  EXPECT_THAT(gap, StatusIs(absl::StatusCode::kOutOfRange, "UPLOAD_OFFSET"));
  EXPECT_EQ(GetErrorDetail(gap.status()).metadata["expected"], "13");
  EXPECT_THAT(Start("ValidateImport", import.id()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "UPLOAD_INCOMPLETE"));
  request.set_offset(13);
  request.set_data("apple,1\r\n");
  request.set_last(true);
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  request.set_offset(22);
  EXPECT_THAT(Call<v1::Import>("UploadChunk", request),
              StatusIs(absl::StatusCode::kFailedPrecondition, "UPLOAD_COMPLETE"));
  EXPECT_THAT(Start("CommitImport", import.id()),
              StatusIs(absl::StatusCode::kFailedPrecondition, "IMPORT_STATE_WRONG"));
  // Another person's import is not there.
  v1::GetImportRequest get;
  get.set_id(import.id());
  EXPECT_THAT(Call<v1::Import>("GetImport", get, server_.Token(ROLE_AUDITOR, "3611", "person-3")),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_OK(Call<v1::Import>("GetImport", get, server_.Token(ROLE_AUDITOR, "36", "person-4")));
}

TEST_F(IntakeTest, AllOrNothingRefusesTheFileAtValidation) {
  const std::string id =
      Validated("b1", "word,amount\r\napple,1\r\npear,\r\n", v1::IMPORT_POLICY_ALL_OR_NOTHING);
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_REFUSED);
  EXPECT_THAT(Start("CommitImport", id),
              StatusIs(absl::StatusCode::kFailedPrecondition, "IMPORT_STATE_WRONG"));
  EXPECT_EQ(WordCount(), 0);
}

TEST_F(IntakeTest, AFileWithoutHeaderOrWithAnotherDigestIsRefused) {
  EXPECT_EQ(Get(Validated("b1", "no,header\r\n1,2\r\n")).state(), v1::IMPORT_STATE_REFUSED);
  ASSERT_OK_AND_ASSIGN(const auto import, Begin("b2"));
  v1::UploadChunkRequest request;
  request.set_id(import.id());
  request.set_data("word,amount\r\na,1\r\n");
  request.set_last(true);
  request.set_sha256(std::string(64, 'a'));
  ASSERT_OK(Call<v1::Import>("UploadChunk", request));
  ASSERT_OK(Start("ValidateImport", import.id()));
  RunAll();
  EXPECT_EQ(Get(import.id()).state(), v1::IMPORT_STATE_REFUSED);
}

// A commit that dies in its third chunk, and one that is never told that its second is in.
TEST_F(IntakeTest, CommitGoesOnAfterItsCursor) {
  const std::string id = Validated("b1", Words(2300));
  EXPECT_EQ(Get(id).rows_created(), 2300);
  fail_after_ = 2;
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(id).committed_through(), 1001);
  EXPECT_EQ(WordCount(), 1000);
  fail_after_ = -1;
  ASSERT_OK(Start("CommitImport", id));  // the failed operation gives way to a new one
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 2300);
  EXPECT_EQ(WordCount(), 2300);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 2300);
}

// Who loses the right under way writes no further chunk, and somebody else who has it goes on.
TEST_F(IntakeTest, R118_ACommitEndsWithItsImportersRight) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator()}, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Words(1200));
  // As long as nothing is under way it is nobody else's.
  token_ = Person("wang");
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  token_ = Person("li");
  ASSERT_OK(Start("CommitImport", id));
  EXPECT_EQ(Get(id).created_by().name(), "李四");
  token_ = Person("wang");
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Get(id).allowed_actions_size(), 0);
  on_chunk_ = [this] { grants_.Set("li", {"李四", {}, {Operator()}}); };
  RunAll();
  on_chunk_ = nullptr;
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTING);
  EXPECT_EQ(Get(id).committed_through(), 501);
  EXPECT_EQ(WordCount(), 500);
  ExpectStopped(id, "GRANT_REVOKED");

  token_ = Person("li");
  EXPECT_THAT(Start("CommitImport", id),
              StatusIs(absl::StatusCode::kPermissionDenied, "GRANT_REVOKED"));
  // Nor does it go on by a right elsewhere.
  token_ = Person("wang");
  grants_.Set("wang", {"王五", {Operator("360822")}, {}});
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  grants_.Set("wang", {"王五", {Operator()}, {}});
  ASSERT_EQ(Get(id).allowed_actions_size(), 1);
  EXPECT_EQ(Get(id).allowed_actions(0).action(), "commit");
  EXPECT_TRUE(Get(id).allowed_actions(0).allowed());
  // Of two who take it on at once one does.
  grants_.Set("zhao", {"赵六", {Operator()}, {}});
  const std::vector<std::string> tokens = {Person("wang"), Person("zhao")};
  std::vector<v1::CommitImportRequest> requests(2);
  for (v1::CommitImportRequest& request : requests) {
    request.set_request_id(RequestId());
    request.set_id(id);
  }
  std::vector<absl::Status> outcomes(2);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < 2; ++i) {
    threads.emplace_back([&, i] {
      outcomes[i] = Call<operation::v1::Operation>("CommitImport", requests[i], tokens[i]).status();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_NE(outcomes[0].ok(), outcomes[1].ok());
  EXPECT_THAT(outcomes[0].ok() ? outcomes[1] : outcomes[0], StatusIs(absl::StatusCode::kNotFound));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 1200);
  EXPECT_EQ(WordCount(), 1200);
  // Whose last step it was is another person.
  EXPECT_EQ(Get(id).created_by().subject(), "li");
  EXPECT_EQ(Get(id).created_by().name(), "李四");
  EXPECT_EQ(writers_.front(), "李四");
  EXPECT_EQ(writers_.back(), outcomes[0].ok() ? "王五" : "赵六");
}

// Who holds less than the rows need, be it the importer or who takes the import on, stops before
// them and refuses none.
TEST_F(IntakeTest, R118_ACommitStopsAtRowsThatTheGrantsDoNotCoverAnyMore) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator("360733", {"W"})}, {}});
  grants_.Set("zhao", {"赵六", {Operator()}, {}});
  token_ = Person("li");
  std::string csv = Words(600);
  for (int i = 1; i <= 400; ++i) csv += Cat("x", i, ",", i, "\r\n");
  const std::string id = Validated("b1", csv);
  EXPECT_EQ(Get(id).rows_created(), 1000);
  ASSERT_OK(Start("CommitImport", id));
  on_chunk_ = [this] { grants_.Set("li", {"李四", {Operator("360733", {"W"})}, {}}); };
  RunAll();
  on_chunk_ = nullptr;
  const auto stopped = [&] {
    const v1::Import import = Get(id);
    EXPECT_EQ(import.state(), v1::IMPORT_STATE_COMMITTING);
    EXPECT_EQ(import.committed_through(), 501);  // of the next 500, a hundred are covered
    EXPECT_EQ(import.rows_refused(), 0);
    EXPECT_EQ(import.rows_created(), 1000);
    EXPECT_EQ(WordCount(), 500);
    ExpectStopped(id, "IMPORT_NOT_COVERED");
  };
  stopped();
  token_ = Person("wang");
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  stopped();
  token_ = Person("zhao");
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 1000);
  EXPECT_EQ(WordCount(), 1000);
}

// The rpcs of imports serve every clause, the kind those of the rpc that makes a single word.
TEST_F(IntakeTest, AnImportOpensToGrantsForTheClausesOfItsKind) {
  const auto of = [](const std::string& clause, const std::string& region = "360733") {
    auth::Grant grant = Operator(region);
    grant.clauses = {clause};
    return grant;
  };
  const auto hold = [&](const std::string& person, std::vector<auth::Grant> grants) {
    grants_.Set(person, {person, std::move(grants), {}});
  };
  hold("li", {of("四")});
  token_ = Person("li");
  EXPECT_THAT(Begin("b1"), StatusIs(absl::StatusCode::kPermissionDenied, "SCOPE_EXCLUDES"));
  hold("li", {of("四", "36"), of("十六")});
  const std::string id = Validated("b1", Words(700));
  ASSERT_OK(Start("CommitImport", id));
  on_chunk_ = [&] { hold("li", {of("四", "36")}); };
  RunAll();
  on_chunk_ = nullptr;
  ExpectStopped(id, "GRANT_REVOKED");
  EXPECT_EQ(WordCount(), 500);
  // Nor is it taken on by who holds the role for other clauses.
  token_ = Person("wang");
  hold("wang", {of("四")});
  EXPECT_EQ(Get(id).allowed_actions_size(), 0);
  EXPECT_THAT(Start("CommitImport", id), StatusIs(absl::StatusCode::kNotFound));
  hold("wang", {of("四"), of("十五")});
  EXPECT_EQ(Get(id).allowed_actions_size(), 1);
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(WordCount(), 700);

  // A right that came with a token is not looked up, and is narrowed all the same.
  auth::Caller caller;
  caller.subject = "machine";
  caller.grants = {of("四", "36"), of("十五")};
  token_ = server_.Token(caller);
  const std::string again = Validated("b2", Words(701));
  EXPECT_EQ(Get(again).rows_created(), 1);
  ASSERT_OK(Start("CommitImport", again));
  RunAll();
  EXPECT_EQ(Get(again).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(WordCount(), 701);
}

// What the grants of the validation do not cover either is the row's matter, not the import's.
TEST_F(IntakeTest, ARowThatWasNotCoveredBeforeIsRefusedByItself) {
  grants_.Set("li", {"李四", {Operator("360733", {"W"})}, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Cat(Words(10), "x1,1\r\nx2,2\r\n"));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 10);
  EXPECT_EQ(Get(id).rows_refused(), 2);
  EXPECT_EQ(WordCount(), 10);
}

// Who stands in for many has many grants: an import keeps them twice, as they were at its steps.
TEST_F(IntakeTest, APersonOfManyGrantsImports) {
  std::vector<auth::Grant> held(1000, Operator());
  for (size_t i = 0; i < held.size(); ++i) {
    held[i].id = *Ulid::FromBytes(Sha256(Cat(i)).substr(0, 16));
  }
  grants_.Set("li", {"李四", held, {}});
  token_ = Person("li");
  const std::string id = Validated("b1", Words(3));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_GT(server_.database().Int("SELECT MAX(LENGTH(caller)) FROM import_job"), 65535);
}

TEST_F(IntakeTest, R118_AValidationEndsWithItsImportersRight) {
  grants_.Set("li", {"李四", {Operator()}, {}});
  grants_.Set("wang", {"王五", {Operator()}, {}});
  token_ = Person("li");
  ASSERT_OK_AND_ASSIGN(const v1::Import begun, Begin("b1"));
  ASSERT_OK(Upload(begun.id(), Words(1200)));
  ASSERT_OK(Start("ValidateImport", begun.id()));
  on_batch_ = [this] { grants_.Set("li", {"李四", {}, {Operator()}}); };
  RunAll();
  on_batch_ = nullptr;
  token_ = Person("wang");
  EXPECT_EQ(Get(begun.id()).state(), v1::IMPORT_STATE_VALIDATING);
  ExpectStopped(begun.id(), "GRANT_REVOKED");
  // One batch, the header in it.
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 399);
  // With the right it is asked for again, from the first row on.
  grants_.Set("li", {"李四", {Operator()}, {}});
  token_ = Person("li");
  ASSERT_OK(Start("ValidateImport", begun.id()));
  RunAll();
  EXPECT_EQ(Get(begun.id()).state(), v1::IMPORT_STATE_VALIDATED);
  EXPECT_EQ(Get(begun.id()).rows_created(), 1200);
}

TEST_F(IntakeTest, ARightThatTheTokenNamesIsNotLookedUp) {
  const std::string id = Validated("b1", Words(700));
  ASSERT_OK(Start("CommitImport", id));
  RunAll();
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
}

TEST_F(IntakeTest, TwoRunsAtOnceCommitEachRowOnce) {
  const std::string id = Validated("b1", Words(3000));
  ASSERT_OK(Start("CommitImport", id));
  Kinds kinds([&] {
    std::vector<std::unique_ptr<Kind>> list;
    list.push_back(std::make_unique<WordKind>(ids_, fail_after_));
    return list;
  }());
  const auto ulid = Ulid::Parse(id);
  const auto run = [&] {
    const auto session = server_.database().Connect();
    const auto done = Commit(*session, kinds, *ulid, Progress());
    EXPECT_OK(done);
  };
  std::thread other(run);
  run();
  other.join();
  EXPECT_EQ(WordCount(), 3000);
  EXPECT_EQ(Get(id).state(), v1::IMPORT_STATE_COMMITTED);
  EXPECT_EQ(Get(id).rows_created(), 3000);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM work_item WHERE kind = 'IMPORT_COMMIT' "
                                   "AND state = 2 AND outcome = 'commit'"),
            1);
}

TEST_F(IntakeTest, StagingIsGoneAfterThirtyDays) {
  const std::string id = Validated("b1", Words(10));
  const absl::Time now = server_.clock().Now();
  ASSERT_OK_AND_ASSIGN(bool more, SweepExpired(*session_, now + absl::Hours(24 * 29)));
  EXPECT_FALSE(more);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 10);
  // Until then it waits for whoever began it.
  const char* waiting =
      "SELECT COUNT(*) FROM work_item WHERE open_mark = 1 AND kind = 'IMPORT_COMMIT' AND assignee "
      "<> ''";
  EXPECT_EQ(server_.database().Int(waiting), 1);
  do {
    ASSERT_OK_AND_ASSIGN(more, SweepExpired(*session_, now + absl::Hours(24 * 31)));
  } while (more);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_row"), 0);
  EXPECT_EQ(server_.database().Int("SELECT COUNT(*) FROM import_chunk"), 0);
  EXPECT_EQ(server_.database().Int(waiting), 0);
  EXPECT_EQ(Get(id).rows_total(), 10);
}

}  // namespace
}  // namespace bangfu::intake
