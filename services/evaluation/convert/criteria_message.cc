#include "services/evaluation/convert/criteria_message.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "services/evaluation/convert/evaluation_message.h"

namespace bangfu::evaluation {

absl::StatusOr<v1::CriteriaSet> ToMessage(const CriteriaRow& row) {
  v1::CriteriaSet m;
  if (!m.ParseFromString(row.payload)) {
    return Error(absl::StatusCode::kDataLoss, "CRITERIA_MALFORMED").With("id", row.id.ToString());
  }
  m.set_id(row.id.ToString());
  m.set_etag(Cat(row.version));
  m.set_region_code(row.region_code);
  m.set_version_no(row.version_no);
  m.set_state(static_cast<v1::CriteriaState>(row.state));
  if (row.effective_from) SetDay(*row.effective_from, m.mutable_effective_from());
  if (row.effective_to) SetDay(*row.effective_to, m.mutable_effective_to());
  m.set_content_json(row.content);
  m.set_content_sha256(row.content_sha256);
  m.set_note_zh(row.note_zh);
  return m;
}

void StoreActors(const v1::CriteriaSet& message, CriteriaRow& row) {
  v1::CriteriaSet kept;
  if (message.has_created_by()) *kept.mutable_created_by() = message.created_by();
  if (message.has_created_at()) *kept.mutable_created_at() = message.created_at();
  if (message.has_activated_by()) *kept.mutable_activated_by() = message.activated_by();
  row.payload = kept.SerializeAsString();
}

}  // namespace bangfu::evaluation
