// A mirror of a service's records, kept from its change feed: what another system would build.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/feed/v1/event.pb.h"
#include "services/ctl/context.h"

namespace bangfu::ctl {

struct MirrorTotals {
  int64_t snapshot = 0;  // records that the first snapshot brought
  int64_t events = 0;    // events pulled
  int64_t records = 0;
  int64_t cursor = 0;
  std::string sha256;  // over all records, in order
};

// The newest state of every record, in a file of a directory; memory only when the directory is "".
class MirrorStore {
 public:
  MirrorStore(std::string directory, std::string service);
  absl::Status Load();
  // Writes a new file beside the old one and renames it: a crash leaves one or the other.
  absl::Status Save() const;
  void Apply(const feed::v1::Event& event);
  void SetPosition(const std::string& epoch, int64_t cursor) { epoch_ = epoch, cursor_ = cursor; }
  void Clear() { states_.clear(), epoch_.clear(), cursor_ = 0; }
  const std::string& epoch() const { return epoch_; }
  int64_t cursor() const { return cursor_; }
  int64_t records() const { return static_cast<int64_t>(states_.size()); }
  std::string Digest() const;

 private:
  std::string Path() const;
  std::string directory_, service_, epoch_;
  int64_t cursor_ = 0;
  std::map<std::string, std::string> states_;  // "type/id" -> payload bytes
};

absl::StatusOr<MirrorTotals> MirrorFeed(Context& context, const std::string& service,
                                        const std::string& directory, bool quiet);
// The digest of the service's present state, for comparison.
absl::StatusOr<MirrorTotals> SnapshotDigest(Context& context, const std::string& service);

}  // namespace bangfu::ctl
