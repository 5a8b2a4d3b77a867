// bangfu.dictionary.v1.DictionaryService; every service registers it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bangfu/dictionary/v1/dictionary_service.pb.h"
#include "common/rpc/router.h"
#include "google/protobuf/message.h"

namespace bangfu::dictionary {

// The code lists of these names, or all of them; names that are none are left out.
using CodeLists = std::function<absl::StatusOr<std::vector<v1::DictionaryList>>(
    mysql::Executor& db, const std::vector<std::string>& names)>;

// A form's request filled with what is held.
struct Prefilled {
  std::shared_ptr<google::protobuf::Message> request;
  // The records that were read, by message: {"registry.v1.Project", {id, "项目"}}.
  struct Record {
    std::string id;
    std::string source_zh;
  };
  std::map<std::string, Record> records;
  // Fields that another record holds than the contract's `held_by` says, by path:
  // {"report.workers", "registry.v1.Project.workers"}.
  std::map<std::string, std::string> held_by = {};
};
using Prefiller =
    std::function<absl::StatusOr<Prefilled>(rpc::CallContext&, const v1::PrefillFormRequest&)>;

struct Options {
  // Contract files to tell of; empty: those of the rpcs that the router serves.
  std::vector<std::string> contracts;
  // Null: the service keeps no code lists.
  CodeLists code_lists;
  // By the full name of the form's rpc, which may be another service's: its fields name the records
  // here by `also_held_by`.
  std::map<std::string, Prefiller, std::less<>> prefills;
};

// The router is read at the first call, when every handler is there; it must outlive the server.
void RegisterDictionaryService(rpc::Router& router, Options options);

}  // namespace bangfu::dictionary
