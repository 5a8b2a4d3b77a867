#include "services/ctl/inventory.h"

#include "common/base/strings.h"
#include "common/status/error.h"
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
  EXPECT_EQ(Parts("PJ1/实施单位=与资金文件不一致"), "PJ1|implementing_org|与资金文件不一致");
  EXPECT_EQ(Parts("/签字人=应为村党组织书记"), "|signatory|应为村党组织书记");
  // What the report does not have is its projects'.
  EXPECT_EQ(Parts("/实施单位=名称不全"), "|implementing_org|名称不全");
  EXPECT_EQ(Parts("没有等号"), "refused");
  EXPECT_EQ(Parts("PJ1/name= "), "refused");
}

TEST(InventoryTest, AReasonIsPrintedWithWhatItIsAbout) {
  type::v1::ReturnReason reason;
  reason.set_text("应核实");
  EXPECT_EQ(RenderReason(reason, ""), "应核实");
  reason.set_field("implementing_org");
  EXPECT_EQ(RenderReason(reason, ""), "implementing_org：应核实");
  reason.set_field_label_zh("实施单位");
  reason.set_subject_id("01JBZ3V7Q8X4M2N6P9R0S1T2V3");
  EXPECT_EQ(RenderReason(reason, "PJ1 茶园"), "PJ1 茶园 实施单位：应核实");
  reason.clear_field();
  reason.clear_field_label_zh();
  EXPECT_EQ(RenderReason(reason, "PJ1 茶园"), "PJ1 茶园：应核实");
}

TEST(InventoryTest, AFieldThatIsNotThereIsRefusedWithAProposal) {
  const auto said = [](std::string_view item) {
    const auto reason = ReturnReasonOf(item);
    const ErrorDetail detail = GetErrorDetail(reason.status());
    return detail.violations.empty() ? std::string("taken") : detail.violations[0].description;
  };
  EXPECT_EQ(said("PJ1/implementing_orgs=不符").find("没有字段“implementing_orgs”，是否指："), 0u);
  EXPECT_NE(said("PJ1/implementing_orgs=不符").find("（implementing_org）"), std::string::npos);
  EXPECT_NE(said("/签字=不符").find("签字人（signatory）"), std::string::npos);
  // A project has nobody who signs it.
  EXPECT_EQ(said("PJ1/signatory=不符").find("没有字段“signatory”"), 0u);
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
