// What a new subscriber of the asset feed gets: assets, contracts, facts per project.
#pragma once

#include <memory>

#include "common/feed/feed.h"

namespace bangfu::asset {

std::shared_ptr<feed::SnapshotSource> AssetStates();

}  // namespace bangfu::asset
