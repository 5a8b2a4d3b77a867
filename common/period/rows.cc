#include "common/period/rows.h"

#include <tuple>
#include <utility>

#include "common/base/region.h"
#include "common/mysql/packed.h"
#include "common/status/error.h"
#include "common/status/macros.h"

namespace bangfu::period {

namespace {

// Of bytes before packing: far below the 6 MB that a value may have.
constexpr size_t kChunkBytes = 1 << 20;

void AddText(std::string_view text, std::string* out) {
  for (int shift : {24, 16, 8, 0}) out->push_back(static_cast<char>(text.size() >> shift & 0xff));
  out->append(text);
}

std::string Bytes(const Row& row) {
  std::string out;
  out.reserve(row.key.size() + row.region_path.size() + row.payload.size() + 12);
  AddText(row.key, &out);
  AddText(row.region_path, &out);
  AddText(row.payload, &out);
  return out;
}

bool TakeText(std::string_view* in, std::string* out) {
  if (in->size() < 4) return false;
  size_t size = 0;
  for (int i = 0; i < 4; ++i) size = size << 8 | static_cast<uint8_t>((*in)[i]);
  in->remove_prefix(4);
  if (in->size() < size) return false;
  out->assign(in->substr(0, size));
  in->remove_prefix(size);
  return true;
}

}  // namespace

std::string RowHash(const Row& row) { return Sha256(Bytes(row)); }

RowPacker::RowPacker(std::string_view region, bool with_units)
    : region_(region), with_units_(with_units), hasher_(region) {}

absl::Status RowPacker::Add(Row row) {
  if (!RegionContains(region_, row.region_path) ||
      (out_.rows > 0 && std::tie(row.region_path, row.key) <= std::tie(last_path_, last_key_))) {
    return Error(absl::StatusCode::kInternal, "PERIOD_ROWS_UNORDERED")
        .Message("rows of a table do not come in order")
        .Zh("系统内部错误");
  }
  const std::string bytes = Bytes(row);
  hasher_.Add(with_units_ ? row.region_path : region_, Sha256(bytes));
  if (chunk_.row_count > 0 && raw_.size() + bytes.size() > kChunkBytes) Flush();
  if (chunk_.row_count++ == 0) chunk_.first_path = row.region_path;
  chunk_.last_path = row.region_path;
  raw_ += bytes;
  ++out_.rows;
  last_path_ = std::move(row.region_path);
  last_key_ = std::move(row.key);
  return absl::OkStatus();
}

void RowPacker::Flush() {
  if (chunk_.row_count == 0) return;
  chunk_.body = mysql::Pack(raw_);
  out_.chunks.push_back(std::move(chunk_));
  chunk_ = Chunk();
  raw_.clear();
}

FrozenRows RowPacker::Finish() {
  Flush();
  out_.units = hasher_.Finish();
  // A table without rows has a hash, too: who signs it says that there are none (零报告).
  auto [own, fresh] = out_.units.try_emplace(region_);
  if (fresh) own->second.sha256 = Sha256Hex("");
  return std::move(out_);
}

absl::Status RowsDamaged(std::string_view what) {
  // By name, not masked as what is lost is: whoever reports by the table has to know.
  return Error(absl::StatusCode::kFailedPrecondition, "PERIOD_ROWS_DAMAGED")
      .Message(what)
      .Zh("冻结数据与定稿时的校验值不符，不得使用，请联系系统管理员核查");
}

absl::StatusOr<std::vector<Row>> UnpackRows(std::string_view body) {
  const absl::StatusOr<std::string> raw = mysql::Unpack(body);
  if (!raw.ok()) return RowsDamaged("a chunk of frozen rows cannot be unpacked");
  std::vector<Row> rows;
  std::string_view rest = *raw;
  while (!rest.empty()) {
    Row& row = rows.emplace_back();
    if (!TakeText(&rest, &row.key) || !TakeText(&rest, &row.region_path) ||
        !TakeText(&rest, &row.payload)) {
      return RowsDamaged("a chunk of frozen rows is damaged");
    }
  }
  return rows;
}

}  // namespace bangfu::period
