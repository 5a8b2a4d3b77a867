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
  // The record that a name speaks of: "unit_report" finds inventory_unit_report. Records of various
  // states come first; of them the `pick`-th, from the first again after the last.
  const google::protobuf::Message* Find(const std::string& name, size_t pick = 0) const;
  // How many there are to pick from; 0: none.
  size_t Picks(const std::string& name) const;
  std::vector<std::string> IdsOf(const std::string& type) const;
  // In the order of IdsOf.
  const google::protobuf::Message* Record(const std::string& type, size_t index) const;
  // It is the example of its type.
  void Prefer(const google::protobuf::Message& message);
  // nullptr: none was seen.
  const google::protobuf::Message* Example(const std::string& type) const;
  static std::string IdOf(const google::protobuf::Message& record) { return Text(record, "id"); }
  // A field that is a text; "" where the record has none of the name.
  static std::string Text(const google::protobuf::Message& record, const std::string& name);

 private:
  static constexpr size_t kKept = 200;
  // Of each state, and of all.
  static constexpr size_t kAlike = 3, kPicks = 24;
  // "" where no record is of that name.
  std::string TypeOf(const std::string& name) const;
  // One of each state, then another one of each …
  std::vector<const google::protobuf::Message*> Various(const std::string& type) const;
  std::map<std::string, std::vector<std::unique_ptr<google::protobuf::Message>>> records_;
  std::map<std::string, std::unique_ptr<google::protobuf::Message>> examples_;  // by full name
};

// Builds a request that is right but for what would change something: the etag is not the record's,
// unless that is asked for, and whatever can be checked only is.
class RequestBuilder {
 public:
  RequestBuilder(const std::map<std::string, RecordPool>& pools,
                 const std::map<std::string, std::vector<std::string>>& codes,
                 const std::string& service, std::string region, bool true_etags = false,
                 size_t pick = 0)
      : pools_(pools),
        codes_(codes),
        service_(service),
        pool_(pools.at(service)),
        region_(std::move(region)),
        true_etags_(true_etags),
        pick_(pick) {}

  // A form of the service.
  static std::string FormOf(const std::string& service);
  // Whether something in it lies in a region; what could not be found is named in missing().
  bool Fill(const google::protobuf::MethodDescriptor& method, google::protobuf::Message* request);
  const std::string& missing() const { return missing_; }
  // A record of the city above the county is among those that it names.
  bool of_the_city() const { return of_the_city_; }
  // Of how many records one was picked; 1: there is nothing to pick.
  size_t picks() const { return picks_; }

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

  // What the rpc wants and no rule says.
  void Amend(google::protobuf::Message* request) const;
  // False where no file was uploaded.
  bool FillEvidence(google::protobuf::Message* evidence);
  void FillField(const google::protobuf::FieldDescriptor& field,
                 const options::v1::FieldRules& rules, google::protobuf::Message* message,
                 int depth);

  void FillOne(const google::protobuf::FieldDescriptor& field, const options::v1::FieldRules& rules,
               google::protobuf::Message* message, int depth, uint32_t index);

  const std::map<std::string, RecordPool>& pools_;
  const std::map<std::string, std::vector<std::string>>& codes_;  // by list
  const std::string service_;
  const RecordPool& pool_;  // of the service that is asked
  const std::string region_;
  const bool true_etags_;
  const size_t pick_;
  size_t picks_ = 1;
  const google::protobuf::MethodDescriptor* method_ = nullptr;
  const google::protobuf::Message* record_ = nullptr;  // the one named last
  bool term_ = false;                                  // the date that is filled is a term
  bool regional_ = false, of_the_city_ = false;
  std::string missing_;
};

}  // namespace bangfu::probe
