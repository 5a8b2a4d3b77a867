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

TEST(InventoryTest, ABulkVerificationTakesWhatIsWaitedFor) {
  google::protobuf::RepeatedPtrField<registry::v1::VerificationTask> tasks;
  const auto add = [&](const std::string& id, bool agriculture, bool finance, bool complete) {
    registry::v1::VerificationTask* task = tasks.Add();
    task->set_unit_report_id(id);
    task->set_complete(complete);
    for (const auto& [code, is_signed] :
         {std::pair("AGRICULTURE", agriculture), std::pair("FINANCE", finance)}) {
      registry::v1::RequiredDepartment* department = task->add_departments();
      department->set_department_code(code);
      department->set_signed_(is_signed);
    }
  };
  add("none", false, false, false);
  add("half", true, false, false);
  add("ready", true, true, false);
  add("done", true, true, true);
  using Ids = std::vector<std::string>;
  EXPECT_EQ(VerifiableReports(tasks, "AGRICULTURE"), Ids({"none"}));
  EXPECT_EQ(VerifiableReports(tasks, "FINANCE"), Ids({"none", "half"}));
  EXPECT_EQ(VerifiableReports(tasks, "ETHNIC"), Ids());
  EXPECT_EQ(VerifiableReports(tasks, ""), Ids({"ready"}));
}

}  // namespace
}  // namespace bangfu::ctl
