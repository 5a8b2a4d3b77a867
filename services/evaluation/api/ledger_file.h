// A ledger's table as a file in chunks, and the particulars around it; for T2 and T14.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bangfu/type/v1/common.pb.h"
#include "common/period/service.h"
#include "common/rpc/call_context.h"
#include "common/rpc/router.h"
#include "common/table/table.h"

namespace bangfu::evaluation {

// A table as it is written, and its bytes in chunks as they are taken. What is not taken yet waits
// for the client here; no session does.
class ChunkedFile {
 public:
  using Chunk = type::v1::FileChunk;
  // That wait at once, many times a county's table. RESOURCE_EXHAUSTED FILE_TOO_LARGE beyond it.
  static constexpr size_t kMaxBytes = 64 << 20;

  ChunkedFile(type::v1::FileFormat format, bool no_bom);
  ChunkedFile(const ChunkedFile&) = delete;
  ChunkedFile& operator=(const ChunkedFile&) = delete;

  table::TableWriter& table() { return *table_; }
  // The last chunk, with what is around the table.
  absl::Status Finish(const std::string& name, type::v1::TableMeta meta);
  // There is a chunk to take that is full, or the file is finished.
  bool ready() const { return finished_ || chunks_.size() > 1; }
  std::optional<Chunk> Next();

 private:
  absl::Status Take(std::string_view bytes);

  std::unique_ptr<table::TableWriter> table_;
  std::deque<Chunk> chunks_;  // all of them full but the last
  size_t bytes_ = 0;          // in chunks_
  bool finished_ = false;
};

// Of a file that is finished.
std::unique_ptr<rpc::Source<ChunkedFile::Chunk>> SourceOf(std::unique_ptr<ChunkedFile> file);

absl::Status CheckFormat(type::v1::FileFormat format);

table::ColumnSpec Column(std::string key, std::string header,
                         table::ColumnKind kind = table::ColumnKind::kText, std::string unit = "",
                         std::vector<std::string> groups = {});

// What every table of a region says of itself, live or frozen.
struct Particulars {
  std::string_view table_no;
  std::string unit_name;  // 填报单位
  std::string preparer, reviewer;
  std::string filters;  // in words; 实时 or the revision is put after them
};
type::v1::TableMeta LiveMeta(const rpc::CallContext& context, Particulars particulars,
                             std::string draft_note,
                             const std::vector<type::v1::Watermark>& watermarks);
// Nothing of it depends on when it is read: the same revision is the same file.
type::v1::TableMeta FrozenMeta(const period::v1::Period& period, Particulars particulars);
table::TableMeta ToTable(const type::v1::TableMeta& meta, std::vector<std::string> signers);

}  // namespace bangfu::evaluation
