#include "bangfu/testing/v1/sample.pb.h"
#include "common/dictionary/coverage_for_test.h"
#include "common/dictionary/form.h"
#include "common/dictionary/service.h"
#include "common/status/macros.h"
#include "common/testing/clock.h"
#include "common/testing/database.h"
#include "common/testing/random.h"
#include "common/testing/status_matchers.h"

namespace bangfu::dictionary {
namespace {

using ::bangfu::testing::FakeClock;
using ::bangfu::testing::IsOk;
using ::bangfu::testing::SeededRandom;
using ::bangfu::testing::StatusIs;
using ::bangfu::testing::TestDatabase;
namespace sample = ::bangfu::testing::v1;
using Code = absl::StatusCode;

const v1::FormField* FieldOf(const v1::Form& form, const std::string& path) {
  for (const v1::FormField& field : form.fields()) {
    if (field.path() == path) return &field;
  }
  return nullptr;
}

TEST(Form, TellsWhatAFieldHoldsAndByWhichRules) {
  const v1::Form form = FormOf(*sample::CreateSampleRequest::descriptor());
  const v1::FormField* name = FieldOf(form, "sample.name");
  ASSERT_NE(name, nullptr);
  EXPECT_EQ(name->label_zh(), "名称");
  EXPECT_EQ(name->kind(), v1::FIELD_KIND_TEXT);
  EXPECT_TRUE(name->rules().required());
  EXPECT_EQ(name->rules().max_length(), 8u);
  EXPECT_EQ(name->depth(), 1);
  EXPECT_EQ(name->held_by(), "testing.v1.Sample.name");
  EXPECT_EQ(name->also_held_by_size(), 0);
  EXPECT_THAT(FieldOf(form, "sample.region_code")->also_held_by(),
              ::testing::ElementsAre("testing.v1.GetSampleRequest.id"));
  // Named as at the edge and in the paths of errors.
  EXPECT_EQ(FieldOf(form, "sample.amount_fen")->json_name(), "amount_fen");
  const std::map<std::string, v1::FieldKind> kinds = {
      {"sample", v1::FIELD_KIND_MESSAGE},
      {"sample.id", v1::FIELD_KIND_REFERENCE},
      {"sample.kind", v1::FIELD_KIND_ENUM},
      {"sample.amount_fen", v1::FIELD_KIND_MONEY_FEN},
      {"sample.region_code", v1::FIELD_KIND_REGION},
      {"sample.started_on", v1::FIELD_KIND_DATE},
      {"sample.seen_at", v1::FIELD_KIND_INSTANT},
      {"sample.period", v1::FIELD_KIND_MONTH},
      {"sample.photo", v1::FIELD_KIND_BYTES},
      {"sample.scores[]", v1::FIELD_KIND_INTEGER},
      {"validate_only", v1::FIELD_KIND_BOOL},
  };
  for (const auto& [path, kind] : kinds) {
    ASSERT_NE(FieldOf(form, path), nullptr) << path;
    EXPECT_EQ(FieldOf(form, path)->kind(), kind) << path;
  }
  EXPECT_EQ(FieldOf(form, "sample.kind")->enum_type(), "bangfu.testing.v1.SampleKind");
  EXPECT_TRUE(FieldOf(form, "sample.contact_phone")->sensitive());
  EXPECT_TRUE(FieldOf(form, "sample.scores[]")->repeated());
  EXPECT_EQ(FieldOf(form, "sample.owner_name")->choice(), "sample.owner");
  EXPECT_EQ(FieldOf(form, "request_id")->purpose(), v1::FIELD_PURPOSE_CONTROL);
}

TEST(Form, AMessageInItselfIsFolded) {
  const v1::Form form = FormOf(*sample::CreateSampleRequest::descriptor());
  const v1::FormField* parts = FieldOf(form, "sample.parts[]");
  ASSERT_NE(parts, nullptr);
  EXPECT_TRUE(parts->folded());
  EXPECT_EQ(FieldOf(form, "sample.parts[].name"), nullptr);
  EXPECT_NE(FieldOf(form, "sample.owner_link.id"), nullptr);
}

TEST(Form, DepthIsBounded) {
  const v1::Form form = FormOf(*sample::CreateSampleRequest::descriptor(), 1);
  ASSERT_NE(FieldOf(form, "sample"), nullptr);
  EXPECT_TRUE(FieldOf(form, "sample")->folded());
  EXPECT_EQ(FieldOf(form, "sample.name"), nullptr);
}

TEST(Form, AnRpcsFormSaysWhoMaySubmitItAndWhetherItCanBeChecked) {
  const auto* method = google::protobuf::DescriptorPool::generated_pool()->FindMethodByName(
      "bangfu.testing.v1.SampleService.CreateSample");
  ASSERT_NE(method, nullptr);
  const v1::Form form = FormOf(*method);
  EXPECT_EQ(form.message(), "bangfu.testing.v1.CreateSampleRequest");
  EXPECT_TRUE(form.can_validate_only());
  ASSERT_EQ(form.roles_size(), 1);
  EXPECT_EQ(form.roles(0), options::v1::ROLE_COUNTY_OPERATOR);
}

class DictionaryTest : public ::testing::Test {
 protected:
  DictionaryTest() {
    router_.Unary<sample::CreateSampleRequest, sample::Sample>(
        "bangfu.testing.v1.SampleService.CreateSample",
        [](rpc::CallContext&, const sample::CreateSampleRequest&)
            -> absl::StatusOr<sample::Sample> { return sample::Sample(); });
    Options options;
    options.code_lists = [this](mysql::Executor&, const std::vector<std::string>& names)
        -> absl::StatusOr<std::vector<v1::DictionaryList>> {
      if (!names.empty() && names.front() != "COLOUR") return std::vector<v1::DictionaryList>();
      v1::DictionaryList list;
      list.set_name("COLOUR");
      list.set_version(version_);
      list.add_items()->set_code("RED");
      return std::vector<v1::DictionaryList>{list};
    };
    options.prefills["bangfu.testing.v1.SampleService.CreateSample"] =
        [](rpc::CallContext&, const v1::PrefillFormRequest&) -> absl::StatusOr<Prefilled> {
      auto request = std::make_shared<sample::CreateSampleRequest>();
      request->mutable_sample()->set_name("油茶基地");
      request->mutable_sample()->set_region_code("360733");
      return Prefilled{request,
                       {{"testing.v1.Sample", {"sample-1", "样品"}},
                        {"testing.v1.GetSampleRequest", {"request-1", "查询"}}},
                       {{"sample.region_code", "testing.v1.GetSampleRequest.id"}}};
    };
    RegisterDictionaryService(router_, std::move(options));
  }
  template <typename Response, typename Request>
  absl::StatusOr<Response> Call(const std::string& method, const Request& request) {
    auth::Caller caller;
    rpc::CallContext context{caller,
                             database_.db(),
                             clock_,
                             ids_,
                             clock_.Now(),
                             absl::InfiniteFuture(),
                             method,
                             "",
                             {"36"},
                             {},
                             [] { return false; }};
    Response response;
    const rpc::Handler& handler =
        router_.handlers().find("bangfu.dictionary.v1.DictionaryService." + method)->second;
    RETURN_IF_ERROR(handler.unary(context, request, &response));
    return response;
  }
  absl::StatusOr<v1::Dictionary> Get(const std::vector<std::string>& names,
                                     const std::string& etag = "") {
    v1::GetDictionaryRequest request;
    for (const std::string& name : names) request.add_names(name);
    request.set_if_none_match(etag);
    return Call<v1::Dictionary>("GetDictionary", request);
  }

  std::string version_ = "1";
  FakeClock clock_;
  SeededRandom random_;
  UlidGenerator ids_{clock_, random_.AsRandom()};
  TestDatabase database_{{}};
  rpc::Router router_;
};

TEST_F(DictionaryTest, HoldsTheEnumsOfTheServedRpcsAndTheCodeLists) {
  const auto all = Get({});
  ASSERT_THAT(all, IsOk());
  std::map<std::string, v1::DictionaryList> lists;
  for (const auto& list : all->lists()) lists[list.name()] = list;
  ASSERT_EQ(lists.count("bangfu.testing.v1.SampleKind"), 1u);
  const v1::DictionaryList& kinds = lists["bangfu.testing.v1.SampleKind"];
  EXPECT_EQ(kinds.kind(), v1::LIST_KIND_ENUM);
  ASSERT_EQ(kinds.items_size(), 3);
  EXPECT_EQ(kinds.items(1).code(), "SAMPLE_KIND_FARM");
  EXPECT_EQ(kinds.items(1).label_zh(), "种植");
  EXPECT_EQ(kinds.items(1).number(), 1);
  EXPECT_EQ(lists["COLOUR"].kind(), v1::LIST_KIND_CODE_LIST);
  const auto one = Get({"bangfu.testing.v1.SampleKind", "COLOUR"});
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->lists_size(), 2);
  EXPECT_THAT(Get({"COLOUR", "NO_SUCH_LIST"}), StatusIs(Code::kNotFound));
  // Enums without labels are for programs.
  EXPECT_THAT(Get({"bangfu.options.v1.AccessMode"}), StatusIs(Code::kNotFound));
}

TEST_F(DictionaryTest, TheSameContentsAreAnsweredWithoutThem) {
  const auto first = Get({});
  ASSERT_THAT(first, IsOk());
  const auto same = Get({}, first->etag());
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(same->not_modified());
  EXPECT_EQ(same->etag(), first->etag());
  EXPECT_EQ(same->lists_size(), 0);
  EXPECT_LT(same->ByteSizeLong(), 50u);
  version_ = "2";
  const auto changed = Get({}, first->etag());
  ASSERT_THAT(changed, IsOk());
  EXPECT_FALSE(changed->not_modified());
  EXPECT_NE(changed->etag(), first->etag());
  EXPECT_GT(changed->lists_size(), 0);
}

TEST_F(DictionaryTest, FormsAreFoundByRpcAndByMessage) {
  v1::GetFormRequest request;
  request.set_name("bangfu.testing.v1.SampleService.CreateSample");
  const auto form = Call<v1::Form>("GetForm", request);
  ASSERT_THAT(form, IsOk());
  EXPECT_GT(form->fields_size(), 20);
  request.set_if_none_match(form->etag());
  const auto same = Call<v1::Form>("GetForm", request);
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(same->not_modified());
  EXPECT_EQ(same->fields_size(), 0);
  request.set_name("bangfu.testing.v1.Sample");
  EXPECT_THAT(Call<v1::Form>("GetForm", request), IsOk());
  for (const char* name : {"google.protobuf.FileDescriptorProto", "bangfu.nothing", "x"}) {
    request.set_name(name);
    EXPECT_THAT(Call<v1::Form>("GetForm", request), StatusIs(Code::kNotFound)) << name;
  }
}

TEST_F(DictionaryTest, APrefilledFormIsTheRequestInJson) {
  v1::PrefillFormRequest request;
  request.set_form("bangfu.testing.v1.SampleService.CreateSample");
  const auto prefill = Call<v1::Prefill>("PrefillForm", request);
  ASSERT_THAT(prefill, IsOk());
  EXPECT_EQ(prefill->request_json(), R"({"sample":{"name":"油茶基地","region_code":"360733"}})");
  ASSERT_EQ(prefill->fields_size(), 2);
  EXPECT_EQ(prefill->fields(0).path(), "sample.name");
  EXPECT_EQ(prefill->fields(0).held_by(), "testing.v1.Sample.name");
  EXPECT_EQ(prefill->fields(0).record_id(), "sample-1");
  // From another record than the contract says: that one is told.
  EXPECT_EQ(prefill->fields(1).path(), "sample.region_code");
  EXPECT_EQ(prefill->fields(1).held_by(), "testing.v1.GetSampleRequest.id");
  EXPECT_EQ(prefill->fields(1).record_id(), "request-1");
  EXPECT_EQ(prefill->fields(1).source_zh(), "查询");
  request.set_form("bangfu.testing.v1.SampleService.GetSample");
  EXPECT_THAT(Call<v1::Prefill>("PrefillForm", request), StatusIs(Code::kNotFound));
}

// What the services' tests of R129 stand on: a prefill that leaves something out, or offers
// something else, proves nothing.
TEST_F(DictionaryTest, R129_OnlyAFormThatOffersAllThatIsHeldIsProved) {
  using ::testing::ElementsAre;
  using ::testing::HasSubstr;
  using ::testing::IsEmpty;
  const std::string form = "bangfu.testing.v1.SampleService.CreateSample";
  v1::PrefillFormRequest request;
  request.set_form(form);
  const auto filled = Call<v1::Prefill>("PrefillForm", request);
  ASSERT_THAT(filled, IsOk());
  const std::map<std::string, Offer> offers = {
      {"sample.name", {"油茶基地", "sample-1"}},
      {"sample.region_code", {"360733", "request-1", "testing.v1.GetSampleRequest.id"}}};

  OfferedForms forms({"bangfu.testing.v1.SampleService"});
  EXPECT_THAT(forms.Unproved(), ElementsAre(form));
  v1::Prefill nothing;
  nothing.set_form(form);
  nothing.set_request_json("{}");
  EXPECT_THAT(forms.Prove(nothing, {}),
              ElementsAre(HasSubstr("sample.name is held by testing.v1.Sample.name"),
                          HasSubstr("sample.region_code is held by")));
  EXPECT_THAT(forms.Prove(nothing, offers), ::testing::SizeIs(4));
  v1::Prefill half = *filled;
  half.mutable_fields()->RemoveLast();
  EXPECT_THAT(forms.Prove(half, {*offers.begin()}), ElementsAre(HasSubstr("not offered")));
  for (const Offer& wrong : {Offer{"茶园", "sample-1"}, Offer{"油茶基地", "sample-2"},
                             Offer{"油茶基地", "sample-1", "testing.v1.Sample.code"}}) {
    auto other = offers;
    other["sample.name"] = wrong;
    EXPECT_THAT(forms.Prove(*filled, other), ElementsAre(HasSubstr("sample.name")));
  }
  EXPECT_THAT(forms.Prove(*filled, offers, {{"sample.name", "no reason"}}),
              ElementsAre(HasSubstr("no excuse is needed")));
  EXPECT_THAT(forms.Unproved(), ElementsAre(form));

  EXPECT_THAT(forms.Prove(half, {*offers.begin()}, {{"sample.region_code", "not said yet"}}),
              IsEmpty());
  EXPECT_THAT(forms.Unproved(), IsEmpty());

  // Where the form is another service's, what is held here is to be offered and nothing else.
  OfferedForms others({});
  others.AddFormsOf("bangfu.testing.v1.SampleService", "testing.v1.");
  EXPECT_THAT(others.Unproved(), ElementsAre(form));
  EXPECT_THAT(others.Prove(nothing, {}),
              ElementsAre(HasSubstr("sample.region_code is held by testing.v1.GetSampleRequest.id "
                                    "and not offered")));
  EXPECT_THAT(others.Prove(*filled, offers),
              ::testing::Contains(HasSubstr("sample.name is not held")));
  v1::Prefill of_another = *filled;
  of_another.mutable_fields()->DeleteSubrange(0, 1);
  EXPECT_THAT(others.Prove(of_another, {{"sample.region_code", {"360733", "request-1"}}}),
              IsEmpty());
  EXPECT_THAT(others.Unproved(), IsEmpty());
  OfferedForms elsewhere({});
  elsewhere.AddFormsOf("bangfu.testing.v1.SampleService", "asset.v1.");
  EXPECT_THAT(elsewhere.Unproved(), IsEmpty());

  OfferedForms again({"bangfu.testing.v1.SampleService", "bangfu.testing.v1.NoSuchService"});
  EXPECT_THAT(again.Prove(*filled, offers), IsEmpty());
  EXPECT_THAT(again.Unproved(), ElementsAre("bangfu.testing.v1.NoSuchService"));
}

}  // namespace
}  // namespace bangfu::dictionary
