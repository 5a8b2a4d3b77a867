#include "services/evaluation/convert/evaluation_subject.h"

#include "bangfu/evaluation/v1/evaluation_service.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/evaluation/convert/evaluation_message.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

absl::StatusOr<ArgumentRecord> ToDomain(const ArgumentRow& row) {
  v1::ArgumentRecord message;
  if (!message.ParseFromString(row.payload)) {
    return Error(absl::StatusCode::kDataLoss, "ARGUMENT_MALFORMED").With("id", row.id.ToString());
  }
  ArgumentRecord out;
  out.id = row.id.ToString();
  out.subject_id = row.subject_id.ToString();
  for (const v1::PanelMember& p : message.panel()) out.panel_person_ids.push_back(p.person());
  out.date = row.argued_on;
  out.conclusion = static_cast<ArgumentConclusion>(row.conclusion);
  out.four_class = static_cast<FourClass>(row.named_class);
  out.opinion = message.opinions();
  out.attachments = message.evidence_size();
  out.recorded_by = workflow::PersonOf(message.recorded_by());
  out.state = static_cast<ArgumentState>(row.state);
  return out;
}

const ArgumentRow* ArgumentFor(const std::vector<ArgumentRow>& arguments, const Ulid& subject_id,
                               const std::string& named) {
  for (const ArgumentRow& row : arguments) {
    if (row.subject_id != subject_id) continue;
    if (named.empty() ? row.state != v1::ARGUMENT_STATE_WITHDRAWN : row.id.ToString() == named) {
      return &row;
    }
  }
  return nullptr;
}

absl::StatusOr<ArgumentRecord> NamedArgument(const ArgumentRow& named,
                                             const std::vector<ArgumentRow>& arguments) {
  ASSIGN_OR_RETURN(ArgumentRecord out, ToDomain(named));
  for (const ArgumentRow& row : arguments) {
    if (row.subject_id != named.subject_id) continue;
    if (row.id == named.id) break;
    if (row.state == v1::ARGUMENT_STATE_NOT_CARRIED) out.state = ArgumentState::kNotCarried;
  }
  return out;
}

Override ToDomain(const v1::Override& message) {
  Override out;
  out.to_class = static_cast<FourClass>(message.to_class());
  out.reason_code = message.reason_code();
  out.reason_text = message.reason_text();
  for (const type::v1::Evidence& e : message.evidence()) out.evidence_ids.push_back(e.sha256());
  out.proposer_person_id = message.proposed_by().subject();
  out.approver_person_id = message.approved_by().subject();
  return out;
}

EvaluationSubject ToDomain(const v1::Evaluation& message, absl::CivilDay today) {
  EvaluationSubject s;
  s.phase = static_cast<Phase>(message.state());
  s.computed = {message.subject_id(), FromMessage(message.result()), message.rule_id()};
  s.today = today;
  s.computed_by = workflow::PersonOf(message.computed_by());
  s.reviewed_by = workflow::PersonOf(message.reviewed_by());
  s.final_class = static_cast<FourClass>(message.final_class());
  if (message.has_override()) {
    s.override = ToDomain(message.override());
    s.override_by = workflow::PersonOf(message.override().proposed_by());
    s.needs_city_filing = message.override().needs_city_filing();
    s.city_filed = message.override().city_filed();
  }
  for (const v1::JointSignature& j : message.joint_signatures()) {
    s.departments.push_back({j.department(), workflow::PersonOf(j.signed_by())});
  }
  s.publicity_passed = message.publicity_passed();
  return s;
}

}  // namespace bangfu::evaluation
