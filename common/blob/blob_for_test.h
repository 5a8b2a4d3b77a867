// Evidence for tests of other rooms and services: small files that are what they say, and uploads
// that are complete, as the BlobService leaves them.
#pragma once

#include <string>
#include <string_view>

#include "bangfu/type/v1/common.pb.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/ulid.h"
#include "common/blob/blob.h"
#include "common/mysql/session.h"
#include "common/status/macros.h"

namespace bangfu::testing {

// A document of one page; another `mark`, another document.
inline std::string SmallPdf(std::string_view mark) {
  return Cat(
      "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]"
      "/Count 0>>endobj\n% ",
      mark, "\ntrailer<</Root 1 0 R>>\n%%EOF\n");
}

// A complete upload of SmallPdf in this region, without bytes: what a step needs to know of it.
inline absl::StatusOr<type::v1::Evidence> CompleteEvidence(mysql::Session& db, UlidGenerator& ids,
                                                           absl::Time now, std::string_view kind,
                                                           std::string_view region_path,
                                                           std::string_view subject = "person-1") {
  const Ulid id = ids.Next();
  const std::string bytes = SmallPdf(id.ToString());
  blob::v1::Blob blob;
  blob.set_id(id.ToString());
  blob.set_kind(std::string(kind));
  blob.set_title("佐证材料");
  blob.set_content_type("application/pdf");
  blob.set_size_bytes(static_cast<int64_t>(bytes.size()));
  blob.set_sha256(Sha256Hex(bytes));
  blob.set_region_path(std::string(region_path));
  blob.mutable_uploaded_by()->set_subject(std::string(subject));
  RETURN_IF_ERROR(mysql::Transact(db, [&](mysql::Tx& tx) -> absl::Status {
    RETURN_IF_ERROR(blob::Insert(tx, blob, now, now + absl::Hours(24)));
    return blob::MarkComplete(tx, id, now).status();
  }));
  type::v1::Evidence evidence;
  evidence.set_kind(blob.kind());
  evidence.set_title(blob.title());
  evidence.set_sha256(blob.sha256());
  evidence.set_size_bytes(blob.size_bytes());
  evidence.set_blob_id(blob.id());
  return evidence;
}

}  // namespace bangfu::testing
