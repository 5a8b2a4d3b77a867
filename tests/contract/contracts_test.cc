// Rules that hold for every contract, read from the descriptors: who may call, what a mutation
// carries, what requests may not hold, and that the words are there.
#include "tests/contract/contracts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "bangfu/asset/v1/asset_service.pb.h"
#include "bangfu/asset/v1/contract_service.pb.h"
#include "bangfu/audit/v1/audit_service.pb.h"
#include "bangfu/evaluation/v1/criteria.pb.h"
#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "bangfu/evaluation/v1/fact.pb.h"
#include "bangfu/evaluation/v1/ledger_service.pb.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "bangfu/intake/v1/import_service.pb.h"
#include "bangfu/operation/v1/operation_service.pb.h"
#include "bangfu/options/v1/labels.pb.h"
#include "bangfu/options/v1/rules.pb.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "bangfu/period/v1/period.pb.h"
#include "bangfu/publicity/v1/publicity.pb.h"
#include "bangfu/registry/v1/industry.pb.h"
#include "bangfu/registry/v1/inventory_service.pb.h"
#include "bangfu/registry/v1/operation_report.pb.h"
#include "bangfu/registry/v1/operator.pb.h"
#include "bangfu/registry/v1/project_service.pb.h"
#include "bangfu/registry/v1/reference_service.pb.h"
#include "common/base/strings.h"
#include "common/contract/access.h"
#include "common/contract/labels.h"
#include "common/contract/validator.h"
#include "google/api/annotations.pb.h"
#include "google/protobuf/descriptor.pb.h"

namespace bangfu {
namespace {

using ::testing::IsEmpty;

template <typename T>
bool Commented(const T& descriptor) {
  google::protobuf::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return false;
  return !location.leading_comments.empty() || !location.trailing_comments.empty();
}

TEST(Contracts, CoverEveryProtoOfTheTree) {
  EXPECT_GE(Contracts::Get().files().size(), 25u);
  EXPECT_GE(Contracts::Get().Methods().size(), 150u);
}

TEST(Contracts, EveryRpcSaysWhoMayCall) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    auto access = contract::AccessOf(*method);
    EXPECT_TRUE(access.ok()) << access.status();
  }
}

TEST(Contracts, NoRpcThatPeersCallWaitsOnAPeer) {
  int called = 0;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    auto access = contract::AccessOf(*method);
    if (!access.ok() || !access->peer_called()) continue;
    ++called;
    EXPECT_NE(access->lane(), options::v1::LANE_OUTBOUND) << method->full_name();
    EXPECT_EQ(access->mode(), options::v1::ACCESS_MODE_READ)
        << method->full_name() << ": a guard asks its peer, it does not change it";
  }
  EXPECT_GT(called, 0);
}

TEST(Contracts, EveryRpcHasAPathForTheEdge) {
  std::map<std::string, std::string> taken;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    if (method->server_streaming()) continue;  // streams of bytes and events are gRPC's alone
    ASSERT_TRUE(method->options().HasExtension(google::api::http)) << method->full_name();
    const auto& rule = method->options().GetExtension(google::api::http);
    const auto access = contract::AccessOf(*method);
    const bool writes = access.ok() && access->mode() == options::v1::ACCESS_MODE_WRITE;
    std::string path =
        rule.get().empty() ? rule.post().empty() ? rule.patch() : rule.post() : rule.get();
    EXPECT_TRUE(Starts(path, "/v1/")) << method->full_name() << ": " << path;
    if (writes) {
      EXPECT_TRUE(rule.get().empty()) << method->full_name() << ": a mutation behind GET";
    }
    const std::string verb = !rule.get().empty() ? "GET" : !rule.post().empty() ? "POST" : "PATCH";
    // The area's name goes before the path at the edge, so areas may use the same ones.
    const std::string key = Cat(method->file()->package(), " ", verb, " ", path);
    auto [other, fresh] = taken.emplace(key, method->full_name());
    EXPECT_TRUE(fresh) << method->full_name() << " and " << other->second << ": " << key;
  }
}

// What mutates but is no retry hazard: a chunk's offset makes a second one the same.
bool IdempotentByItself(const MethodDescriptor& method) {
  return method.full_name() == "bangfu.intake.v1.ImportService.UploadChunk" ||
         method.full_name() == "bangfu.blob.v1.BlobService.PutChunk";
}

TEST(Contracts, EveryMutationCarriesARequestIdWithItsRule) {
  int mutations = 0;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    auto access = contract::AccessOf(*method);
    if (!access.ok() || access->mode() != options::v1::ACCESS_MODE_WRITE) continue;
    if (IdempotentByItself(*method)) continue;
    ++mutations;
    const FieldDescriptor* field = method->input_type()->FindFieldByName("request_id");
    ASSERT_NE(field, nullptr) << method->full_name();
    EXPECT_EQ(field->number(), 1) << method->full_name();
    const auto& rules = field->options().GetExtension(options::v1::rules);
    EXPECT_TRUE(rules.required()) << method->full_name();
    EXPECT_EQ(rules.shape(), options::v1::SHAPE_REQUEST_ID) << method->full_name();
  }
  EXPECT_GE(mutations, 60);
}

TEST(Contracts, UpdatesCarryAnEtagAndAMask) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const std::string name = method->name();
    const Descriptor* request = method->input_type();
    const FieldDescriptor* mask = request->FindFieldByName("update_mask");
    if (mask == nullptr) continue;
    const FieldDescriptor* etag = request->FindFieldByName("etag");
    ASSERT_NE(etag, nullptr) << method->full_name();
    EXPECT_TRUE(etag->options().GetExtension(options::v1::rules).required()) << method->full_name();
    EXPECT_TRUE(mask->options().GetExtension(options::v1::rules).required()) << method->full_name();
  }
}

// Requests are compared by their bytes (a reused request id): a map has no order.
TEST(Contracts, RequestsHoldNoMaps) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    for (const Descriptor* message : Reachable(method->input_type())) {
      for (int i = 0; i < message->field_count(); ++i) {
        EXPECT_FALSE(message->field(i)->is_map())
            << method->full_name() << ": " << message->field(i)->full_name();
      }
    }
  }
}

TEST(Contracts, EveryRequestsRulesCompile) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    auto validator = contract::Validator::For(method->input_type());
    EXPECT_TRUE(validator.ok()) << method->full_name() << ": " << validator.status();
  }
}

// A request's text without a bound would be bounded by the size of a message only.
TEST(Contracts, TextsOfRequestsAreBounded) {
  std::set<std::string> open;
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const Descriptor* request = method->input_type();
    for (int i = 0; i < request->field_count(); ++i) {
      const FieldDescriptor* field = request->field(i);
      if (field->type() != FieldDescriptor::TYPE_STRING &&
          field->type() != FieldDescriptor::TYPE_BYTES)
        continue;
      const auto& rules = field->options().GetExtension(options::v1::rules);
      if (rules.max_length() == 0 && rules.shape() == options::v1::SHAPE_UNSPECIFIED &&
          rules.pattern().empty()) {
        open.insert(field->full_name());
      }
    }
  }
  EXPECT_THAT(open, IsEmpty());
}

// Lists are paged by keyset: a size, a token, and a token back. Those whose answer cannot grow with
// the data say so by having neither.
TEST(Contracts, PagedListsAreKeysetPaged) {
  for (const MethodDescriptor* method : Contracts::Get().Methods()) {
    const Descriptor* request = method->input_type();
    const bool size = request->FindFieldByName("page_size") != nullptr;
    const bool token = request->FindFieldByName("page_token") != nullptr;
    EXPECT_EQ(size, token) << method->full_name();
    EXPECT_EQ(request->FindFieldByName("offset") != nullptr && size, false) << method->full_name();
    if (token) {
      EXPECT_NE(method->output_type()->FindFieldByName("next_page_token"), nullptr)
          << method->full_name();
    }
  }
}

TEST(Contracts, AServiceHasAtMostThirtyRpcs) {
  for (const ServiceDescriptor* service : Contracts::Get().Services()) {
    EXPECT_LE(service->method_count(), 30) << service->full_name();
  }
}

// Nothing that counts is a floating point number.
TEST(Contracts, MoneyAndRatiosAreIntegers) {
  for (const Descriptor* message : Contracts::MessagesOf(Contracts::Get().files())) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      if (Ends(field->name(), "_fen")) {
        EXPECT_EQ(field->cpp_type(), FieldDescriptor::CPPTYPE_INT64) << field->full_name();
      }
      EXPECT_NE(field->cpp_type(), FieldDescriptor::CPPTYPE_DOUBLE) << field->full_name();
      EXPECT_NE(field->cpp_type(), FieldDescriptor::CPPTYPE_FLOAT) << field->full_name();
      if (Ends(field->name(), "_bp")) {
        EXPECT_TRUE(field->cpp_type() == FieldDescriptor::CPPTYPE_INT32 ||
                    field->cpp_type() == FieldDescriptor::CPPTYPE_INT64)
            << field->full_name();
      }
    }
  }
}

TEST(Contracts, EnumZeroIsUnspecified) {
  for (const EnumDescriptor* type : Contracts::EnumsOf(Contracts::Get().files())) {
    const auto* zero = type->FindValueByNumber(0);
    ASSERT_NE(zero, nullptr) << type->full_name();
    EXPECT_TRUE(Ends(zero->name(), "_UNSPECIFIED")) << zero->full_name();
  }
}

// Enums that people never see: the contract's own options, and the reasons of errors, whose texts
// come with the error.
bool SeenByPrograms(const EnumDescriptor& type) {
  return Starts(type.full_name(), "bangfu.options.") || Ends(type.name(), "Reason") ||
         Ends(type.name(), "ErrorReason");
}

TEST(Contracts, EveryEnumValueHasAChineseLabel) {
  std::vector<std::string> without;
  for (const EnumDescriptor* type : Contracts::EnumsOf(Contracts::Get().files())) {
    if (SeenByPrograms(*type) || Ends(type->name(), "Order")) continue;
    for (int i = 0; i < type->value_count(); ++i) {
      if (contract::LabelOf(*type->value(i)).zh().empty())
        without.push_back(type->value(i)->full_name());
    }
  }
  EXPECT_THAT(without, IsEmpty());
}

TEST(Contracts, EveryServiceAndEveryTransitionIsDescribed) {
  std::vector<std::string> without;
  for (const ServiceDescriptor* service :
       Contracts::ServicesOf(Contracts::Get().commented_files())) {
    if (!Commented(*service)) without.push_back(service->full_name());
    for (int i = 0; i < service->method_count(); ++i) {
      const MethodDescriptor* method = service->method(i);
      const std::string& name = method->name();
      // Get and List say all in their names.
      if (Starts(name, "Get") || Starts(name, "List") || Starts(name, "BatchGet")) continue;
      if (!Commented(*method)) without.push_back(method->full_name());
    }
  }
  EXPECT_THAT(without, IsEmpty());
}

TEST(Contracts, EveryRecordAndEnumIsDescribed) {
  // A record is what an rpc answers with; the parts of one are told by their labelled fields.
  std::set<std::string> without;
  for (const ServiceDescriptor* service :
       Contracts::ServicesOf(Contracts::Get().commented_files())) {
    for (int i = 0; i < service->method_count(); ++i) {
      const Descriptor* answer = service->method(i)->output_type();
      if (!Ends(answer->name(), "Response") && !Commented(*answer))
        without.insert(answer->full_name());
    }
  }
  for (const EnumDescriptor* type : Contracts::EnumsOf(Contracts::Get().commented_files())) {
    if (!Commented(*type)) without.insert(type->full_name());
  }
  EXPECT_THAT(without, IsEmpty());
}

// An evaluation takes ids and a period: every number comes from the feeds.
TEST(Contracts, R129_R008_AnEvaluationIsAskedForWithoutANumber) {
  for (const char* name : {"EvaluateSubjects", "StartBatchEvaluation"}) {
    const MethodDescriptor* method = DescriptorPool::generated_pool()->FindMethodByName(
        Cat("bangfu.evaluation.v1.EvaluationService.", name));
    ASSERT_NE(method, nullptr) << name;
    for (const Descriptor* message : Reachable(method->input_type())) {
      for (int i = 0; i < message->field_count(); ++i) {
        EXPECT_EQ(message->field(i)->cpp_type(), FieldDescriptor::CPPTYPE_STRING)
            << message->field(i)->full_name();
      }
    }
  }
}

TEST(Contracts, PersonalDataIsMarked) {
  for (const Descriptor* message : Contracts::MessagesOf(Contracts::Get().files())) {
    for (int i = 0; i < message->field_count(); ++i) {
      const FieldDescriptor* field = message->field(i);
      const bool personal = Ends(field->name(), "phone") || Ends(field->name(), "id_card") ||
                            Ends(field->name(), "bank_account");
      if (personal) {
        EXPECT_TRUE(field->options().GetExtension(options::v1::sensitive)) << field->full_name();
      }
    }
  }
}

// A file may name the messages of another area, never call it in: areas stay apart. An area is what
// is not named here as shared, so that a new one is held to it, too.
TEST(Contracts, AreasShareOnlyWhatIsShared) {
  const std::set<std::string> shared = {"audit",    "blob",   "dictionary", "draft",  "feed",
                                        "identity", "inbox",  "intake",     "notice", "operation",
                                        "options",  "period", "publicity",  "type"};
  auto area_of = [](const FileDescriptor* file) {
    const std::string& package = file->package();  // bangfu.registry.v1
    const size_t from = package.find('.') + 1;
    return package.substr(from, package.find('.', from) - from);
  };
  std::set<std::string> areas, unknown = shared;
  for (const FileDescriptor* file : Contracts::Get().files()) {
    unknown.erase(area_of(file));
    if (shared.count(area_of(file)) == 0) areas.insert(area_of(file));
  }
  EXPECT_THAT(unknown, IsEmpty()) << "named as shared, but no contract is of it";
  EXPECT_GE(areas.size(), 3u);
  for (const FileDescriptor* file : Contracts::Get().files()) {
    const std::string here = area_of(file);
    for (int i = 0; i < file->dependency_count(); ++i) {
      const FileDescriptor* other = file->dependency(i);
      if (!Starts(other->package(), "bangfu.")) continue;
      const std::string there = area_of(other);
      EXPECT_TRUE(here == there || areas.count(there) == 0)
          << file->name() << " imports " << other->name();
    }
  }
}

}  // namespace
}  // namespace bangfu
