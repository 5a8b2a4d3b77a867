// Requests for every rpc out of its descriptor, the rules of its fields and the records of the
// world.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bangfu/options/v1/rules.pb.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"

namespace bangfu::probe {

// Records of the world by the name of their message in snake case, as list rpcs gave them.
class RecordPool {
 public:
  void Crawl(const google::protobuf::Message& message);
  // The record that a name speaks of: "unit_report" finds inventory_unit_report.
  const google::protobuf::Message* Find(const std::string& name) const;
  std::vector<std::string> IdsOf(const std::string& type) const;
  // nullptr: none was seen.
  const google::protobuf::Message* Example(const std::string& type) const;
  static std::string IdOf(const google::protobuf::Message& record) { return Text(record, "id"); }
  // A field that is a text; "" where the record has none of the name.
  static std::string Text(const google::protobuf::Message& record, const std::string& name);

 private:
  static constexpr size_t kKept = 200;
  std::map<std::string, std::vector<std::unique_ptr<google::protobuf::Message>>> records_;
  std::map<std::string, std::unique_ptr<google::protobuf::Message>> examples_;  // by full name
};

// Builds a request that is right but for what would change something: the etag is not the record's,
// unless that is asked for, and whatever can be checked only is.
class RequestBuilder {
 public:
  RequestBuilder(const std::map<std::string, RecordPool>& pools,
                 const std::map<std::string, std::string>& codes, const std::string& service,
                 std::string region, bool true_etags = false)
      : pools_(pools),
        codes_(codes),
        service_(service),
        pool_(pools.at(service)),
        region_(std::move(region)),
        true_etags_(true_etags) {}

  // Whether something in it lies in a region; what could not be found is named in missing().
  bool Fill(const google::protobuf::MethodDescriptor& method, google::protobuf::Message* request);
  const std::string& missing() const { return missing_; }
  // A record of the city above the county is among those that it names.
  bool of_the_city() const { return of_the_city_; }

 private:
  // What `id` of this method names: the answer's record, or the noun of the rpc's name.
  std::string ResourceOfMethod() const;
  std::string IdFor(const google::protobuf::FieldDescriptor& field);
  // A record of the service whose sensitive fields it reveals.
  std::string Audited() const;
  std::string TextFor(const google::protobuf::FieldDescriptor& field,
                      const options::v1::FieldRules& rules);

  void FillMessage(google::protobuf::Message* message, int depth);

  // What no rule asks for, but the handler does.
  static bool WantedAllTheSame(const google::protobuf::FieldDescriptor& field);
  // Of these the whole is asked for: what another record of the kind holds.
  static bool AsAnExample(const google::protobuf::FieldDescriptor& field);

  void FillField(const google::protobuf::FieldDescriptor& field,
                 const options::v1::FieldRules& rules, google::protobuf::Message* message,
                 int depth);

  void FillOne(const google::protobuf::FieldDescriptor& field, const options::v1::FieldRules& rules,
               google::protobuf::Message* message, int depth, uint32_t index);

  const std::map<std::string, RecordPool>& pools_;
  const std::map<std::string, std::string>& codes_;  // one of each list
  const std::string service_;
  const RecordPool& pool_;  // of the service that is asked
  const std::string region_;
  const bool true_etags_;
  const google::protobuf::MethodDescriptor* method_ = nullptr;
  const google::protobuf::Message* record_ = nullptr;  // the one named last
  bool term_ = false;                                  // the date that is filled is a term
  bool regional_ = false, of_the_city_ = false;
  std::string missing_;
};

}  // namespace bangfu::probe
