#include "services/ctl/inventory.h"

#include "common/base/strings.h"
#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

std::string Parts(std::string_view item) {
  const auto reason = ReturnReasonOf(item);
  if (!reason.ok()) return "refused";
  return Cat(reason->subject_id(), "|", reason->field(), "|", reason->text());
}

TEST(InventoryTest, AReasonNamesItsProjectAndField) {
  EXPECT_EQ(Parts("PJ360733-2019-000012/declared_funding=资金来源未填"),
            "PJ360733-2019-000012|declared_funding|资金来源未填");
  EXPECT_EQ(Parts("PJ1=应核实"), "PJ1||应核实");
  EXPECT_EQ(Parts("/is_nil=村里有项目"), "|is_nil|村里有项目");
  EXPECT_EQ(Parts("=漏报一个项目"), "||漏报一个项目");
  EXPECT_EQ(Parts("PJ1/content_items[0].description=大棚=钢架 12/13"),
            "PJ1|content_items[0].description|大棚=钢架 12/13");
  EXPECT_EQ(Parts("没有等号"), "refused");
  EXPECT_EQ(Parts("PJ1/name= "), "refused");
}

}  // namespace
}  // namespace bangfu::ctl
