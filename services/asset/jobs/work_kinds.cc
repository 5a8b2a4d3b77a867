#include "services/asset/jobs/work_kinds.h"

#include "common/inbox/stopped.h"
#include "common/intake/engine.h"
#include "common/intake/import_service.h"
#include "services/asset/api/asset_work.h"

namespace bangfu::asset {

std::vector<inbox::Kind> WorkKinds() {
  std::vector<inbox::Kind> kinds = api::AssetKinds();
  for (const inbox::Kind& kind : ::bangfu::intake::WorkKinds()) kinds.push_back(kind);
  kinds.push_back(inbox::KindOf(::bangfu::intake::StoppedCommit({})));
  return kinds;
}

}  // namespace bangfu::asset
