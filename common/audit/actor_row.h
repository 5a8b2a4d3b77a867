// The columns of a record that name the person who took a step: subject, name, role, region_path,
// delegated_by and grant_id, in this order.
#pragma once

#include <cstddef>
#include <optional>

#include "bangfu/type/v1/common.pb.h"
#include "common/mysql/session.h"

namespace bangfu::audit {

// From the column `first` on; `lent`: where the last two lie when they do not follow.
inline type::v1::Actor ActorFromRow(const mysql::Row& row, size_t first,
                                    std::optional<size_t> lent = std::nullopt) {
  const size_t last_two = lent.value_or(first + 4);
  type::v1::Actor actor;
  actor.set_subject(row.String(first));
  actor.set_name(row.String(first + 1));
  actor.set_role(row.String(first + 2));
  actor.set_region_path(row.String(first + 3));
  actor.set_delegated_by(row.String(last_two));
  actor.set_grant_id(row.String(last_two + 1));
  return actor;
}

inline void AddActor(const type::v1::Actor& actor, mysql::Params* params) {
  for (const std::string* text : {&actor.subject(), &actor.name(), &actor.role(),
                                  &actor.region_path(), &actor.delegated_by(), &actor.grant_id()}) {
    params->emplace_back(*text);
  }
}

}  // namespace bangfu::audit
