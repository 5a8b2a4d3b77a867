// Publicities in the inbox: objections to answer, files of the showing that are missing, and
// periods that are over.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "common/inbox/inbox.h"
#include "common/inbox/recount.h"
#include "common/publicity/publicity.h"

namespace bangfu::publicity {

// Working days to conclude a publicity after its last day; 待省厅确认.
inline constexpr int kConcludeDays = 5;

// What is made public, for people: 龙南市脐橙冷库. The owner knows it.
using TitleOf = std::function<absl::StatusOr<std::string>(mysql::Executor&, const v1::Publicity&)>;

// What the scope of a grant is asked about, of the subject of each publicity, in their order. The
// owner knows it.
using FacetsOf = std::function<absl::StatusOr<std::vector<auth::Facets>>(
    mysql::Executor&, const std::vector<const v1::Publicity*>&, absl::Time now)>;

// Files of the showing that a publicity of a kind needs before it passes (reference data).
using EvidenceWantedOf =
    std::function<absl::StatusOr<int64_t>(mysql::Executor&, std::string_view kind)>;

std::vector<inbox::Kind> WorkKinds();
// The actions of Transitions() that are somebody's work.
const std::vector<workflow::Work>& Works();

// Makes the open items of a publicity, which is locked, what its state asks for.
absl::Status SyncWork(mysql::Tx& tx, const v1::Publicity& publicity, const std::string& title,
                      const auth::Facets& facets, int64_t evidence_wanted, const inbox::Act& act);

// Publicities that run, for the recount. Empty: titled by the subject's type; no scope; no files.
inbox::Source WorkSource(TitleOf title, FacetsOf facets, EvidenceWantedOf evidence_wanted);

}  // namespace bangfu::publicity
