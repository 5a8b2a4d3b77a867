#include "services/ctl/mirror.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl.h"
#include "google/protobuf/util/delimited_message_util.h"

namespace bangfu::ctl {

MirrorStore::MirrorStore(std::string directory, std::string service)
    : directory_(std::move(directory)), service_(std::move(service)) {}

std::string MirrorStore::Path() const { return Cat(directory_, "/", service_, ".mirror"); }

// The file: first an Event that holds epoch and cursor, then one Event a record, length-delimited.
absl::Status MirrorStore::Load() {
  std::ifstream in(Path(), std::ios::binary);
  if (!in) return absl::OkStatus();
  google::protobuf::io::IstreamInputStream stream(&in);
  bool clean_end = false;
  feed::v1::Event event;
  bool first = true;
  while (google::protobuf::util::ParseDelimitedFromZeroCopyStream(&event, &stream, &clean_end)) {
    if (first) {
      epoch_ = event.epoch();
      cursor_ = event.sequence();
      first = false;
    } else {
      Apply(event);
    }
    event.Clear();
  }
  if (!clean_end) {
    Clear();
    return Error(absl::StatusCode::kDataLoss, "MIRROR_DAMAGED")
        .Zh(Cat("镜像文件损坏，请删除后重来：", Path()));
  }
  return absl::OkStatus();
}

absl::Status MirrorStore::Save() const {
  std::error_code error;
  std::filesystem::create_directories(directory_, error);
  std::string temporary = Cat(Path(), ".new");
  std::ofstream out(temporary, std::ios::binary | std::ios::trunc);
  feed::v1::Event header;
  header.set_epoch(epoch_);
  header.set_sequence(cursor_);
  google::protobuf::util::SerializeDelimitedToOstream(header, &out);
  for (const auto& [key, payload] : states_) {
    feed::v1::Event event;
    size_t slash = key.find('/');
    event.set_aggregate_type(key.substr(0, slash));
    event.set_aggregate_id(key.substr(slash + 1));
    event.mutable_payload()->ParseFromString(payload);
    google::protobuf::util::SerializeDelimitedToOstream(event, &out);
  }
  out.close();
  if (!out || std::rename(temporary.c_str(), Path().c_str()) != 0) {
    return Error(absl::StatusCode::kFailedPrecondition, "FILE_NOT_WRITABLE")
        .Zh(Cat("无法写入 ", Path()));
  }
  return absl::OkStatus();
}

void MirrorStore::Apply(const feed::v1::Event& event) {
  states_[Cat(event.aggregate_type(), "/", event.aggregate_id())] =
      event.payload().SerializeAsString();
}

std::string MirrorStore::Digest() const {
  Sha256Stream digest;
  for (const auto& [key, payload] : states_) {
    digest.Update(Cat(key, "\n", payload.size(), "\n"));
    digest.Update(payload);
  }
  return HexEncode(digest.Finish());
}

}  // namespace bangfu::ctl
