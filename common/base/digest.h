// SHA-256 and the encodings of its result.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace bangfu {

std::string Sha256(std::string_view bytes);     // 32 bytes
std::string Sha256Hex(std::string_view bytes);  // 64 lower-case digits
std::string HexEncode(std::string_view bytes);

// Incremental, for what does not fit into memory.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  void Update(std::string_view bytes);
  std::string Finish();  // 32 bytes; once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace bangfu
