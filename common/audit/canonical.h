// The bytes of fields as they are hashed; inside this room only.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/digest.h"

namespace bangfu::audit {

// A length before each text, big-endian numbers: no two records have the same bytes.
class Canonical {
 public:
  void Text(std::string_view text) {
    Number(static_cast<int64_t>(text.size()));
    bytes_.append(text);
  }
  void Number(int64_t n) {
    for (int shift = 56; shift >= 0; shift -= 8) {
      bytes_.push_back(static_cast<char>(static_cast<uint64_t>(n) >> shift));
    }
  }
  const std::string& bytes() const { return bytes_; }
  // For hashes over many records: what stands here goes into the hash, and is forgotten.
  void MoveTo(Sha256Stream* hash) {
    hash->Update(bytes_);
    bytes_.clear();
  }

 private:
  std::string bytes_;
};

}  // namespace bangfu::audit
