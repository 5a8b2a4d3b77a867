// The registry's reference data as a fresh installation has it: its own migrations, run.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "bangfu/registry/v1/events.pb.h"
#include "bangfu/registry/v1/reference.pb.h"
#include "common/external/schema.h"
#include "common/testing/database.h"
#include "common/testing/status_matchers.h"
#include "services/registry/schema/migrations.h"

namespace bangfu::evaluation {

struct RegistrySeed {
  std::vector<registry::v1::Code> codes;
  std::vector<registry::v1::Parameter> parameters;
};

// Read once a process.
inline const RegistrySeed& ShippedSeed() {
  static const RegistrySeed* const seed = [] {
    auto* out = new RegistrySeed();
    testing::TestDatabase database(migrate::Concat(external::Schema(), RegistryMigrations()));
    auto codes = database.db().Query(
        "SELECT list, code, name_zh, attributes, sort FROM code ORDER BY list, code");
    EXPECT_OK(codes);
    for (const mysql::Row& row : *codes) {
      registry::v1::Code& c = out->codes.emplace_back();
      c.set_list(row.String(0));
      c.set_code(row.String(1));
      c.set_name_zh(row.String(2));
      for (absl::string_view pair : absl::StrSplit(row.String(3), ';', absl::SkipEmpty())) {
        const std::vector<std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
        registry::v1::CodeAttribute* a = c.add_attributes();
        a->set_name(parts[0]);
        if (parts.size() == 2) a->set_value(parts[1]);
      }
      c.set_sort(static_cast<int32_t>(row.Int(4)));
    }
    auto parameters = database.db().Query("SELECT code, value, day_kind FROM parameter");
    EXPECT_OK(parameters);
    for (const mysql::Row& row : *parameters) {
      registry::v1::Parameter& p = out->parameters.emplace_back();
      p.set_code(row.String(0));
      p.set_value(row.Int(1));
      p.set_day_kind(static_cast<registry::v1::DayKind>(row.Int(2)));
    }
    return out;
  }();
  return *seed;
}

}  // namespace bangfu::evaluation
