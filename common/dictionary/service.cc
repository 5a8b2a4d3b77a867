#include "common/dictionary/service.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/contract/labels.h"
#include "common/dictionary/contracts.h"
#include "common/dictionary/form.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/util/json_util.h"

namespace bangfu::dictionary {
namespace {

using google::protobuf::EnumDescriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Digits of a digest that tell contents apart; a client only compares them.
constexpr size_t kEtagDigits = 32;

std::string EtagOf(const Message& contents) {
  return Sha256Hex(contents.SerializeAsString()).substr(0, kEtagDigits);
}

// The answer with its etag, or only the etag when the caller has the contents already.
template <typename Answer>
Answer WithEtag(Answer answer, const std::string& if_none_match) {
  std::string etag = EtagOf(answer);
  if (etag == if_none_match) {
    answer.Clear();
    answer.set_not_modified(true);
  }
  answer.set_etag(std::move(etag));
  return answer;
}

v1::DictionaryList EnumList(const EnumDescriptor& type) {
  v1::DictionaryList list;
  list.set_name(type.full_name());
  list.set_kind(v1::LIST_KIND_ENUM);
  for (int i = 0; i < type.value_count(); ++i) {
    v1::DictionaryItem& item = *list.add_items();
    item.set_code(type.value(i)->name());
    item.set_number(type.value(i)->number());
    item.set_label_zh(contract::EnumText(type, type.value(i)->number()));
  }
  list.set_version(EtagOf(list).substr(0, 12));
  return list;
}

// The prefilled fields that are set, down to the leaves of the request.
void AddPrefilled(const Message& message, const std::string& prefix, const Prefilled& prefilled,
                  v1::Prefill* out) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string path = Cat(prefix, field->name());
    const auto elsewhere = prefilled.held_by.find(path);
    const std::string& held_by = elsewhere != prefilled.held_by.end()
                                     ? elsewhere->second
                                     : contract::LabelOf(*field).held_by();
    if (!held_by.empty()) {
      v1::PrefilledField& to = *out->add_fields();
      to.set_path(path);
      to.set_held_by(held_by);
      const auto record = prefilled.records.find(held_by.substr(0, held_by.rfind('.')));
      if (record != prefilled.records.end()) {
        to.set_record_id(record->second.id);
        to.set_source_zh(record->second.source_zh);
      }
    } else if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      continue;
    } else if (!field->is_repeated()) {
      AddPrefilled(reflection.GetMessage(message, field), path + ".", prefilled, out);
    } else {
      for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
        AddPrefilled(reflection.GetRepeatedMessage(message, field, i), Cat(path, "[", i, "]."),
                     prefilled, out);
      }
    }
  }
}

class Dictionaries {
 public:
  Dictionaries(const rpc::Router& router, Options options)
      : router_(router), options_(std::move(options)) {}

  absl::StatusOr<v1::Dictionary> GetDictionary(rpc::CallContext& context,
                                               const v1::GetDictionaryRequest& request) {
    const auto& enums = contracts().enums();
    std::vector<v1::DictionaryList> lists;
    std::vector<std::string> codes;
    if (request.names().empty()) {
      for (const auto& [name, type] : enums) lists.push_back(EnumList(*type));
    }
    for (const std::string& name :
         std::set<std::string>(request.names().begin(), request.names().end())) {
      const auto type = enums.find(name);
      if (type == enums.end()) {
        codes.push_back(name);
      } else {
        lists.push_back(EnumList(*type->second));
      }
    }
    if (options_.code_lists && (request.names().empty() || !codes.empty())) {
      ASSIGN_OR_RETURN(std::vector<v1::DictionaryList> more,
                       options_.code_lists(context.db, codes));
      std::sort(more.begin(), more.end(),
                [](const auto& a, const auto& b) { return a.name() < b.name(); });
      for (v1::DictionaryList& list : more) {
        codes.erase(std::remove(codes.begin(), codes.end(), list.name()), codes.end());
        list.set_kind(v1::LIST_KIND_CODE_LIST);
        lists.push_back(std::move(list));
      }
    }
    if (!codes.empty()) return NotFound("dictionary", codes.front()).Build();
    v1::Dictionary answer;
    for (v1::DictionaryList& list : lists) *answer.add_lists() = std::move(list);
    return WithEtag(std::move(answer), request.if_none_match());
  }

  absl::StatusOr<v1::Form> GetForm(const v1::GetFormRequest& request) {
    const int depth = request.max_depth() == 0 ? kDefaultFormDepth : request.max_depth();
    if (const auto* method = contracts().Method(request.name())) {
      return WithEtag(FormOf(*method, depth), request.if_none_match());
    }
    if (const auto* message = contracts().Message(request.name())) {
      return WithEtag(FormOf(*message, depth), request.if_none_match());
    }
    return NotFound("form", request.name()).Build();
  }

  absl::StatusOr<v1::Prefill> PrefillForm(rpc::CallContext& context,
                                          const v1::PrefillFormRequest& request) {
    const auto prefill = options_.prefills.find(request.form());
    if (prefill == options_.prefills.end()) return NotFound("form", request.form()).Build();
    ASSIGN_OR_RETURN(const Prefilled prefilled, prefill->second(context, request));
    v1::Prefill answer;
    answer.set_form(request.form());
    // The JSON of the edge, of its OpenAPI document and of error paths: fields by their proto
    // names.
    google::protobuf::util::JsonPrintOptions options;
    options.preserve_proto_field_names = true;
    const auto printed = google::protobuf::util::MessageToJsonString(
        *prefilled.request, answer.mutable_request_json(), options);
    if (!printed.ok()) return absl::InternalError(printed.ToString());
    AddPrefilled(*prefilled.request, "", prefilled, &answer);
    return answer;
  }

 private:
  const Contracts& contracts() {
    std::call_once(read_, [this] {
      std::vector<const FileDescriptor*> files;
      for (const std::string& name : options_.contracts) {
        if (const auto* file =
                google::protobuf::DescriptorPool::generated_pool()->FindFileByName(name)) {
          files.push_back(file);
        }
      }
      for (const auto& [method, handler] : router_.handlers()) {
        files.push_back(handler.request_prototype->GetDescriptor()->file());
      }
      contracts_ = std::make_unique<Contracts>(files);
    });
    return *contracts_;
  }

  const rpc::Router& router_;
  const Options options_;
  std::once_flag read_;
  std::unique_ptr<Contracts> contracts_;
};

}  // namespace

void RegisterDictionaryService(rpc::Router& router, Options options) {
  const auto dictionaries = std::make_shared<Dictionaries>(router, std::move(options));
  const std::string service = "bangfu.dictionary.v1.DictionaryService.";
  router.Unary<v1::GetDictionaryRequest, v1::Dictionary>(
      service + "GetDictionary",
      [dictionaries](rpc::CallContext& context, const v1::GetDictionaryRequest& request) {
        return dictionaries->GetDictionary(context, request);
      });
  router.Unary<v1::GetFormRequest, v1::Form>(
      service + "GetForm", [dictionaries](rpc::CallContext&, const v1::GetFormRequest& request) {
        return dictionaries->GetForm(request);
      });
  router.Unary<v1::PrefillFormRequest, v1::Prefill>(
      service + "PrefillForm",
      [dictionaries](rpc::CallContext& context, const v1::PrefillFormRequest& request) {
        return dictionaries->PrefillForm(context, request);
      });
}

}  // namespace bangfu::dictionary
