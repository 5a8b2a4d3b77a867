// Inside the room: bytes of a file through a window, so that a check may go through all of it or
// jump about in it with bounded memory.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "common/blob/format.h"
#include "common/status/macros.h"

namespace bangfu::blob {

class Cursor {
 public:
  Cursor(const ReadAt& read, int64_t size) : read_(read), size_(size) {}

  int64_t size() const { return size_; }

  // The byte at `offset`; -1 behind the end.
  absl::StatusOr<int> At(int64_t offset) {
    if (offset < 0 || offset >= size_) return -1;
    if (offset < begin_ || offset >= begin_ + static_cast<int64_t>(window_.size())) {
      RETURN_IF_ERROR(Fill(offset));
      if (window_.empty()) return -1;
    }
    return static_cast<uint8_t>(window_[static_cast<size_t>(offset - begin_)]);
  }
  // Up to `length` bytes from `offset`, at most one window. Valid until the next call.
  absl::StatusOr<std::string_view> Bytes(int64_t offset, int64_t length) {
    length = std::min({length, size_ - offset, kWindow});
    if (offset < 0 || length <= 0) return std::string_view();
    if (offset < begin_ || offset + length > begin_ + static_cast<int64_t>(window_.size())) {
      RETURN_IF_ERROR(Fill(offset));
    }
    return std::string_view(window_).substr(static_cast<size_t>(offset - begin_),
                                            static_cast<size_t>(length));
  }

  static constexpr int64_t kWindow = 512 << 10;

 private:
  absl::Status Fill(int64_t offset) {
    ASSIGN_OR_RETURN(window_, read_(offset, std::min(kWindow, size_ - offset)));
    begin_ = offset;
    return absl::OkStatus();
  }

  const ReadAt& read_;
  const int64_t size_;
  int64_t begin_ = 0;
  std::string window_;
};

absl::Status Mismatch(std::string_view what);
absl::Status Polyglot(std::string_view what);
absl::Status UnsafeArchive(std::string_view what_zh);

// The container of an office file: every entry unpacked (and thrown away) within the limits, no
// byte outside of entries and directory, `wanted` among the entries.
absl::Status CheckArchive(Cursor& file, const std::vector<std::string_view>& wanted,
                          const ArchiveLimits& limits);

}  // namespace bangfu::blob
