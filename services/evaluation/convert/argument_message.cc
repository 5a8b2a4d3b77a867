#include "services/evaluation/convert/argument_message.h"

#include "common/base/strings.h"
#include "common/status/error.h"
#include "services/evaluation/convert/evaluation_message.h"

namespace bangfu::evaluation {

absl::StatusOr<v1::ArgumentRecord> ToMessage(const ArgumentRow& row,
                                             const std::vector<ArgumentSignatureRow>& signatures) {
  v1::ArgumentRecord message;
  if (!message.ParseFromString(row.payload)) {
    return Error(absl::StatusCode::kDataLoss, "ARGUMENT_MALFORMED").With("id", row.id.ToString());
  }
  message.set_state(static_cast<v1::ArgumentState>(row.state));
  message.set_etag(Cat(row.version));
  if (row.withdrawal && !message.mutable_withdrawal()->ParseFromString(*row.withdrawal)) {
    return Error(absl::StatusCode::kDataLoss, "ARGUMENT_MALFORMED").With("id", row.id.ToString());
  }
  for (const ArgumentSignatureRow& signature : signatures) {
    if (signature.argument_id != row.id) continue;
    for (v1::PanelMember& member : *message.mutable_panel()) {
      if (member.person() != signature.person) continue;
      SetTime(signature.signed_at, member.mutable_signed_at());
      member.set_opinion(static_cast<v1::PanelOpinion>(signature.opinion));
      member.set_dissent(signature.dissent);
      message.set_signed_count(message.signed_count() + 1);
      if (signature.opinion == v1::PANEL_OPINION_AGREES) {
        message.set_agreed_count(message.agreed_count() + 1);
      }
    }
  }
  return message;
}

ArgumentSubject SubjectOf(const v1::ArgumentRecord& message) {
  ArgumentSubject out;
  out.state = static_cast<ArgumentState>(message.state());
  for (const v1::PanelMember& member : message.panel()) {
    out.panel.push_back({member.person(), static_cast<PanelOpinion>(member.opinion())});
  }
  return out;
}

}  // namespace bangfu::evaluation
