// The printed texts that an import kept beside what it could not read.
#pragma once

#include "bangfu/asset/v1/asset.pb.h"

namespace bangfu::asset::api {

// Of the printed texts that stood before, those whose fields are kept; no client writes any.
template <typename Keep>
void KeepRawTexts(const v1::AssetDetails& before, v1::AssetDetails* details, const Keep& keep) {
  details->clear_raw_texts();
  for (const v1::AssetRawText& raw : before.raw_texts()) {
    if (keep(raw.field())) *details->add_raw_texts() = raw;
  }
}

}  // namespace bangfu::asset::api
