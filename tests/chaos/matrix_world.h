// The world that the matrix is tried on: its services, what they hold of the county, and a caller
// of each role. What the county has none of, though rpcs are about it, is made.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/blob/v1/blob_service.pb.h"
#include "common/auth/caller.h"
#include "common/base/strings.h"
#include "common/rpc/client.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "tests/chaos/matrix.h"
#include "tests/chaos/matrix_request.h"
#include "tests/chaos/probe.h"

namespace bangfu::probe {

class MatrixWorld {
 protected:
  using Message = google::protobuf::Message;
  using MethodDescriptor = google::protobuf::MethodDescriptor;

  struct Answer {
    absl::Status status;
    bool empty = true;      // an answer that holds nothing
    bool denied = false;    // lines, each of which is refused to the role or the grant's scope
    bool excluded = false;  // one of them, or the whole, by the scope
    // Of a step in bulk whose items are all refused: why the first is.
    std::string refused;
    std::string Outcome() const {
      return status.ok() && !refused.empty() ? Cat("REFUSED/", refused) : Describe(status);
    }
  };

  explicit MatrixWorld(const MatrixOptions& options) : options_(options) {}

  // False where a service is not reached.
  bool Open();
  std::string Token(int role, const std::string& region);
  Answer Call(const std::string& service, const MethodDescriptor& method, const Message& request,
              const std::string& token, RecordPool* pool = nullptr);
  static std::unique_ptr<Message> New(const MethodDescriptor& method);
  // Some village of a region; "" where none is known.
  std::string VillageOf(const std::string& region);

  using Tokens = std::map<std::pair<int, std::string>, std::string>;
  const MatrixOptions& options_;
  std::map<std::string, std::unique_ptr<rpc::Client>> clients_;
  std::map<std::string, std::vector<std::string>> methods_;
  std::map<std::string, RecordPool> pools_;                // by service
  std::map<std::string, std::vector<std::string>> codes_;  // by list
  int calls_ = 0;

 private:
  static std::string RefusalOf(const Message& line);
  void Harvest();
  void ReadCodes();
  void OpenImports();
  template <typename Response, typename Request>
  absl::StatusOr<Response> Do(const std::string& service, const std::string& method,
                              Request request, auth::Role role = options::v1::ROLE_COUNTY_OPERATOR,
                              const std::string& region = "");
  void Make();
  // Whether it was done; of records and choices the `pick`-th.
  bool MakeBy(const std::string& service, const std::string& method, auth::Role role,
              size_t pick = 0);
  static void Clear(Message* request);
  void RecordArgument();
  enum class UploadUntil { kBegun, kPut, kComplete };
  absl::StatusOr<blob::v1::Blob> Upload(const std::string& service, const std::string& kind,
                                        UploadUntil until = UploadUntil::kComplete);
  std::string IdOf(const std::string& service, const std::string& type);

  Tokens tokens_;
  std::map<std::string, std::string> villages_;  // one of each region
};

}  // namespace bangfu::probe
