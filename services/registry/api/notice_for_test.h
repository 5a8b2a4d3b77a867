// Supervision notices of the registry through the rpcs, on a real database.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bangfu/notice/v1/notice.pb.h"
#include "common/contract/time.h"
#include "common/status/macros.h"
#include "services/registry/api/inbox_for_test.h"
#include "services/registry/api/notices.h"

namespace bangfu::registry {

// "Monday 2026-03-02"; 会昌县 is of 赣州市.
class NoticeTest : public InboxTest {
 protected:
  using Notice = notice::v1::SupervisionNotice;

  NoticeTest() : InboxTest({notice::kService}, RegisterNotices) {}

  template <typename Response, typename Request>
  absl::StatusOr<Response> Notices(std::string_view method, const Request& request,
                                   const std::string& token) {
    return server_.Call<Response>(Cat(notice::kService, ".", method), request, token);
  }
  std::string TownshipApprover(std::string_view region = kTownship) {
    return Token(options::v1::ROLE_TOWNSHIP_APPROVER, region, "township-approver");
  }
  absl::StatusOr<Notice> Issue(const std::string& region, const std::string& token,
                               const std::string& project = "",
                               std::optional<absl::CivilDay> due = std::nullopt) {
    notice::v1::IssueSupervisionNoticesRequest request;
    request.set_request_id(RequestId());
    request.add_region_codes(region);
    request.set_kind(notice::v1::NOTICE_KIND_SUPERVISE);
    request.set_matter(notice::v1::NOTICE_MATTER_PROJECT);
    request.set_title("项目进度偏慢");
    request.set_text("请说明进度滞后的原因，并提出完成时限。");
    if (!project.empty()) {
      request.set_subject_type("project");
      request.set_subject_id(project);
    }
    if (due) ::bangfu::SetDay(*due, request.mutable_answer_due());
    ASSIGN_OR_RETURN(const auto sent, Notices<notice::v1::IssueSupervisionNoticesResponse>(
                                          "IssueSupervisionNotices", request, token));
    return sent.notices(0);
  }
  absl::StatusOr<Notice> Answer(const std::string& id, const std::string& token) {
    notice::v1::AnswerSupervisionNoticeRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_answer("已督促施工单位，下月底完工");
    return Notices<Notice>("AnswerSupervisionNotice", request, token);
  }
  absl::StatusOr<Notice> GiveBack(const std::string& id, const std::string& token,
                                  std::optional<absl::CivilDay> due = std::nullopt) {
    notice::v1::ReturnSupervisionNoticeRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_reason("未写明时限");
    if (due) ::bangfu::SetDay(*due, request.mutable_answer_due());
    return Notices<Notice>("ReturnSupervisionNotice", request, token);
  }
  absl::StatusOr<Notice> Close(const std::string& id, const std::string& token) {
    notice::v1::CloseSupervisionNoticeRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_note("予以办结");
    return Notices<Notice>("CloseSupervisionNotice", request, token);
  }
  absl::StatusOr<Notice> Withdraw(const std::string& id, const std::string& token) {
    notice::v1::WithdrawSupervisionNoticeRequest request;
    request.set_request_id(RequestId());
    request.set_id(id);
    request.set_reason("数据已更新");
    return Notices<Notice>("WithdrawSupervisionNotice", request, token);
  }
  absl::StatusOr<Notice> Get(const std::string& id, const std::string& token) {
    notice::v1::GetSupervisionNoticeRequest request;
    request.set_id(id);
    return Notices<Notice>("GetSupervisionNotice", request, token);
  }
  // 并镇: the township is retired and goes into the other.
  absl::Status MergeTownship(const std::string& from, const std::string& to) {
    server_.database().Run(Cat("UPDATE region SET end_year = 2026 WHERE code = '", from, "';"));
    v1::RecodeRegionRequest request;
    request.set_request_id(RequestId());
    request.set_from_code(from);
    request.set_to_code(to);
    request.set_reason("并镇");
    return Call<v1::RecodeRegionResponse>("RegionService", "RecodeRegion", request, Admin())
        .status();
  }
  // The funding of a project comes from another source now.
  absl::Status OtherMoney(const std::string& id, const std::string& source) {
    const v1::Project before = GetProject(id);
    v1::UpdateProjectRequest update;
    update.set_request_id(RequestId());
    update.set_id(id);
    update.set_etag(before.etag());
    *update.mutable_project() = before;
    update.mutable_project()->mutable_declared_funding(0)->set_source_code(source);
    update.mutable_update_mask()->add_paths("declared_funding");
    update.set_reason("资金来源调整");
    return Call<v1::Project>("ProjectService", "UpdateProject", update, County()).status();
  }
};

}  // namespace bangfu::registry
