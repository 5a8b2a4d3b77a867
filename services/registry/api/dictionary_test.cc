// The dictionary and the forms as the registry serves them: of every area, with the code lists.
#include "services/registry/api/dictionary.h"

#include <set>

#include "bangfu/contracts.h"
#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/contract/access.h"
#include "common/dictionary/coverage_for_test.h"
#include "common/runtime/standard_parts.h"
#include "common/testing/rpc_fixture.h"
#include "common/testing/status_matchers.h"
#include "services/registry/api/handlers.h"
#include "services/registry/api/long_work_for_test.h"
#include "services/registry/app.h"

namespace bangfu::registry {
namespace {

using testing::IsOk;
using testing::RpcServer;
using testing::StatusIs;
using Code = absl::StatusCode;
namespace dict = ::bangfu::dictionary::v1;

const char kService[] = "bangfu.dictionary.v1.DictionaryService";

std::vector<std::string> Services() {
  std::vector<std::string> services = OwnServices();
  services.push_back(kService);
  return services;
}

class DictionaryTest : protected LongWork, public ::testing::Test {
 protected:
  DictionaryTest()
      : server_({.services = Services(),
                 .migrations = migrate::Concat(runtime::StandardMigrations(), OwnMigrations())},
                [this](rpc::Router& router) {
                  RegisterHandlers(router, operations_, operation_ids_);
                  dictionary::RegisterDictionaryService(router, MakeDictionaryOptions());
                }) {}

  absl::StatusOr<dict::Dictionary> Get(const std::vector<std::string>& names,
                                       const std::string& etag = "") {
    dict::GetDictionaryRequest request;
    for (const std::string& name : names) request.add_names(name);
    request.set_if_none_match(etag);
    return server_.Call<dict::Dictionary>(std::string(kService) + ".GetDictionary", request,
                                          village_);
  }
  absl::StatusOr<dict::Form> GetForm(const std::string& name) {
    dict::GetFormRequest request;
    request.set_name(name);
    return server_.Call<dict::Form>(std::string(kService) + ".GetForm", request, village_);
  }

  RpcServer server_;
  std::string village_ =
      server_.Token(options::v1::ROLE_VILLAGE_REPORTER, "360733100001", "village-1");
  std::string admin_ = server_.Token(options::v1::ROLE_PROV_ADMIN, "36", "admin");
};

TEST_F(DictionaryTest, TellsEveryEnumOfEveryAreaAndEveryCodeList) {
  const auto all = Get({});
  ASSERT_THAT(all, IsOk());
  std::map<std::string, dict::DictionaryList> lists;
  for (const auto& list : all->lists()) lists[list.name()] = list;
  for (const char* name : {"bangfu.registry.v1.ProjectState", "bangfu.asset.v1.UseState",
                           "bangfu.evaluation.v1.EvaluationState", "bangfu.type.v1.FourClass",
                           "bangfu.publicity.v1.PublicityState", "bangfu.intake.v1.ImportState",
                           "bangfu.operation.v1.OperationState", "FUND_SOURCE", "EVIDENCE_KIND",
                           "MEASURE", "INDUSTRY_CATEGORY", "CHAIN_LINK"}) {
    ASSERT_EQ(lists.count(name), 1u) << name;
    EXPECT_GT(lists[name].items_size(), 0) << name;
    EXPECT_FALSE(lists[name].version().empty()) << name;
    for (const auto& item : lists[name].items()) EXPECT_FALSE(item.label_zh().empty()) << name;
  }
  EXPECT_EQ(lists["bangfu.registry.v1.ProjectState"].items(7).label_zh(), "在建");
  const dict::DictionaryList& sources = lists["FUND_SOURCE"];
  EXPECT_EQ(sources.name_zh(), "资金来源");
  // In the order that the province has set.
  EXPECT_EQ(sources.items(0).code(), "BRIDGE_CENTRAL");
  EXPECT_FALSE(sources.items(0).attributes().empty());
}

TEST_F(DictionaryTest, AChangedCodeIsANewVersionAndANewEtag) {
  const auto before = Get({"PROJECT_TYPE"});
  ASSERT_THAT(before, IsOk());
  const auto same = Get({"PROJECT_TYPE"}, before->etag());
  ASSERT_THAT(same, IsOk());
  EXPECT_TRUE(same->not_modified());
  EXPECT_EQ(same->lists_size(), 0);

  v1::CreateCodesRequest create;
  create.set_request_id("request-1");
  v1::Code& code = *create.add_codes();
  code.set_list("PROJECT_TYPE");
  code.set_code("NEW_TYPE");
  code.set_name_zh("新类型");
  code.set_sort(1);
  code.mutable_valid_from()->set_year(2025);
  code.mutable_valid_from()->set_month(1);
  code.mutable_valid_from()->set_day(1);
  code.mutable_valid_to()->set_year(2026);
  code.mutable_valid_to()->set_month(12);
  code.mutable_valid_to()->set_day(31);
  ASSERT_THAT(server_.Call<v1::CreateCodesResponse>(
                  "bangfu.registry.v1.CodeListService.CreateCodes", create, admin_),
              IsOk());
  const auto after = Get({"PROJECT_TYPE"}, before->etag());
  ASSERT_THAT(after, IsOk());
  ASSERT_FALSE(after->not_modified());
  EXPECT_NE(after->lists(0).version(), before->lists(0).version());
  // Sorted before the others, with its validity.
  EXPECT_EQ(after->lists(0).items(0).code(), "NEW_TYPE");
  EXPECT_EQ(after->lists(0).items(0).valid_to().year(), 2026);
  EXPECT_THAT(Get({"PROJECT_TYPE", "NO_SUCH_LIST"}), StatusIs(Code::kNotFound));
}

TEST_F(DictionaryTest, R129_EveryFormIsOfferedWhatIsHeld) {
  EXPECT_THAT(dictionary::FormsWithoutPrefill(OwnServices(), MakeDictionaryOptions().prefills),
              ::testing::IsEmpty());
}

// What a form names can be looked up: every enum and code list of every form of every area.
TEST_F(DictionaryTest, EveryFormIsServedAndItsListsAreInTheDictionary) {
  const auto all = Get({});
  ASSERT_THAT(all, IsOk());
  std::set<std::string> lists;
  for (const auto& list : all->lists()) lists.insert(list.name());
  int forms = 0;
  for (const std::string& file_name : ContractFiles()) {
    const auto* file =
        google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file_name);
    ASSERT_NE(file, nullptr) << file_name;
    for (int i = 0; i < file->service_count(); ++i) {
      for (int j = 0; j < file->service(i)->method_count(); ++j) {
        const auto* method = file->service(i)->method(j);
        if (contract::AccessOf(*method)->mode() != options::v1::ACCESS_MODE_WRITE) continue;
        const auto form = GetForm(method->full_name());
        ASSERT_THAT(form, IsOk()) << method->full_name();
        ++forms;
        for (const auto& field : form->fields()) {
          if (!field.enum_type().empty()) {
            EXPECT_EQ(lists.count(field.enum_type()), 1u) << form->name() << ": " << field.path();
          }
          if (!field.code_list().empty()) {
            EXPECT_EQ(lists.count(field.code_list()), 1u) << form->name() << ": " << field.path();
          }
        }
      }
    }
  }
  EXPECT_GT(forms, 75);
}

}  // namespace
}  // namespace bangfu::registry
