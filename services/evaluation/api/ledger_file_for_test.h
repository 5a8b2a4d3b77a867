// Tables of the ledger as files, the way a caller gets them.
#pragma once

#include <string>

#include "bangfu/type/v1/common.pb.h"
#include "services/evaluation/api/lifecycle_world_for_test.h"

namespace bangfu::evaluation {

struct LedgerFile {
  std::string bytes, name;
  type::v1::TableMeta meta;
};

// `rpc`: "ExportT2".
template <typename Request>
LedgerFile ExportFile(LifecycleWorld& w, const std::string& rpc, const Request& request) {
  auto chunks =
      w.server().Read<type::v1::FileChunk>(Cat(kLedgerService, rpc), request, w.Province());
  EXPECT_OK(chunks);
  LedgerFile file;
  if (!chunks.ok()) return file;
  for (const auto& chunk : *chunks) {
    file.bytes += chunk.data();
    if (chunk.has_meta()) {
      file.meta = chunk.meta();
      file.name = chunk.file_name();
    }
  }
  return file;
}

}  // namespace bangfu::evaluation
