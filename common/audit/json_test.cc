#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/json_util.h>

#include "bangfu/audit/v1/audit_service.pb.h"
#include "bangfu/feed/v1/event.pb.h"
#include "bangfu/options/v1/sensitive.pb.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/audit/audit.h"
#include "common/base/strings.h"
#include "common/testing/proto_matchers.h"

namespace bangfu::audit {
namespace {

using ::bangfu::testing::EqualsProto;

// The same text as protobuf's own printer gives, and it reads back as the same message.
template <typename M>
void ExpectProtoJson(const M& message) {
  std::string theirs;
  ASSERT_TRUE(google::protobuf::util::MessageToJsonString(message, &theirs).ok());
  const std::string ours = ToJson(message);
  M back;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(ours, &back).ok()) << ours;
  EXPECT_THAT(back, EqualsProto(message)) << ours;
  EXPECT_EQ(ours, theirs);
}

TEST(ToJsonTest, IsProtoJson) {
  v1::ListHistoryResponse history;
  auto* entry = history.add_entries();
  entry->set_aggregate_type("project");
  entry->set_chain_no(9007199254740993);
  entry->set_reason("引号\" 反斜\\ 换行\n 制表\t 控制\x01 冷库");
  entry->mutable_actor()->set_subject("张三");
  entry->mutable_occurred_at()->set_seconds(1774000000);
  entry->mutable_occurred_at()->set_nanos(123456000);
  history.add_entries();
  ExpectProtoJson(history);

  type::v1::Evidence evidence;
  evidence.set_kind("PHOTO");
  evidence.set_size_bytes(12345);
  evidence.set_latitude_e7(-283456789);
  evidence.mutable_taken_at()->set_seconds(0);
  ExpectProtoJson(evidence);

  type::v1::FileChunk chunk;
  chunk.set_data(std::string("\0\xff\x10", 3));
  chunk.mutable_meta()->mutable_reported_on()->set_year(2026);
  ExpectProtoJson(chunk);
  ExpectProtoJson(type::v1::Actor());
}

TEST(ToJsonTest, OpensAny) {
  feed::v1::Event event;
  type::v1::SignOff sign;
  sign.set_region_code("360733");
  event.mutable_payload()->PackFrom(sign);
  event.set_sequence(3);
  ExpectProtoJson(event);
  event.mutable_payload()->set_type_url("type.googleapis.com/unknown.Type");
  EXPECT_EQ(ToJson(event),
            R"({"sequence":"3","payload":{"@type":"type.googleapis.com/unknown.Type"}})");
}

TEST(ToJsonTest, DropsWhatIsSensitive) {
  // A contract with marked fields, made here: id_number and phones and household are sensitive.
  google::protobuf::FileDescriptorProto file;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        name: "person.proto"
        package: "t"
        syntax: "proto3"
        dependency: "bangfu/options/v1/sensitive.proto"
        message_type {
          name: "Person"
          field { name: "name" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
          field {
            name: "id_number"
            number: 2
            type: TYPE_STRING
            label: LABEL_OPTIONAL
            options {
              [bangfu.options.v1.sensitive]: true
            }
          }
          field {
            name: "phones"
            number: 3
            type: TYPE_STRING
            label: LABEL_REPEATED
            options {
              [bangfu.options.v1.sensitive]: true
            }
          }
          field {
            name: "income_fen"
            number: 4
            type: TYPE_INT64
            label: LABEL_OPTIONAL
            options {
              [bangfu.options.v1.sensitive]: true
            }
          }
          field {
            name: "spouse"
            number: 5
            type: TYPE_MESSAGE
            type_name: ".t.Person"
            label: LABEL_OPTIONAL
          }
        })pb",
      &file));
  google::protobuf::DescriptorPool pool(google::protobuf::DescriptorPool::generated_pool());
  const auto* built = pool.BuildFile(file);
  ASSERT_NE(built, nullptr);
  google::protobuf::DynamicMessageFactory factory(&pool);
  std::unique_ptr<google::protobuf::Message> person(
      factory.GetPrototype(built->message_type(0))->New());
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "name: 'a' id_number: '360733' phones: '138' income_fen: 5 spouse { name: 'b' id_number: 'x' "
      "}",
      person.get()));
  EXPECT_EQ(ToJson(*person),
            R"({"name":"a","idNumber":"***","spouse":{"name":"b","idNumber":"***"}})");
}

// A pool that has ended may have left its addresses to the next one.
TEST(ToJsonTest, TypesOfAnotherPoolAreLookedAtAnew) {
  for (const std::string name : {"first", "second", "third"}) {
    google::protobuf::FileDescriptorProto file;
    file.set_name("made.proto");
    file.set_syntax("proto3");
    google::protobuf::DescriptorProto* type = file.add_message_type();
    type->set_name("Made");
    google::protobuf::FieldDescriptorProto* field = type->add_field();
    field->set_name(name);
    field->set_number(1);
    field->set_label(google::protobuf::FieldDescriptorProto::LABEL_OPTIONAL);
    field->set_type(google::protobuf::FieldDescriptorProto::TYPE_STRING);
    google::protobuf::DescriptorPool pool;
    const google::protobuf::Descriptor* made = pool.BuildFile(file)->message_type(0);
    google::protobuf::DynamicMessageFactory factory(&pool);
    std::unique_ptr<google::protobuf::Message> message(factory.GetPrototype(made)->New());
    message->GetReflection()->SetString(message.get(), made->field(0), "x");
    EXPECT_EQ(ToJson(*message), Cat("{\"", name, "\":\"x\"}"));
  }
}

}  // namespace
}  // namespace bangfu::audit
