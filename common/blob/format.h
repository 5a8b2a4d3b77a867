// What a file really is: its bytes against the type that was declared. Strict on purpose: evidence
// is shown in browsers and opened in offices, so a file is one thing only, from its first byte to
// its last.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace bangfu::blob {

// Reads `length` bytes at `offset` of the file, fewer at its end.
using ReadAt = std::function<absl::StatusOr<std::string>(int64_t offset, int64_t length)>;

struct Format {
  std::string_view name;        // "jpeg": as reference data names it
  std::string_view media_type;  // "image/jpeg"
};
// jpeg, png, pdf, docx, xlsx, ofd, csv, text.
const std::vector<Format>& Formats();
// nullptr: not known.
const Format* FormatOfMediaType(std::string_view media_type);

// What unpacking an office file may cost.
struct ArchiveLimits {
  int64_t max_entries = 4096;
  int64_t max_unpacked_bytes = int64_t{256} << 20;
  int64_t max_ratio = 200;  // of an entry that unpacks to more than 1 MiB
};

// OK when the `size` bytes are a sound file of this type. Refusals (FAILED_PRECONDITION):
//   EVIDENCE_TYPE_MISMATCH    something else than declared
//   EVIDENCE_POLYGLOT         a second file before, after or between its parts, or markup in it
//   EVIDENCE_ARCHIVE_UNSAFE   unpacks to too much, leaves its folder, has macros, is encrypted
//   EVIDENCE_ACTIVE_CONTENT   a document that runs something when opened
//   EVIDENCE_DAMAGED          cut off, or parts that do not hold together
// Memory is bounded, whatever the file. Errors of `read` are passed on.
absl::Status CheckFormat(std::string_view media_type, int64_t size, const ReadAt& read,
                         const ArchiveLimits& limits = {});

}  // namespace bangfu::blob
