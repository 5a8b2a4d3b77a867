#include "services/asset/store/region_part.h"

namespace bangfu::asset::store {

recode::Part RegionPart() {
  return {.moving = {{"asset"},
                     {"operating_contract"},
                     {"dividend"},
                     {"linkage"},
                     {"employment"},
                     {"project_facts"}},
          .staying = {{"asset", "region_code", "as filed"},
                      {"region_copy", "region_path", "the registry's, by its feed"},
                      {"project_copy", "region_path", "the registry's, by its feed"}}};
}

}  // namespace bangfu::asset::store
