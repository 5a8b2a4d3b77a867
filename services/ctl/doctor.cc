// bangfuctl doctor: is everything reachable, level and unbroken.
#include <cstdio>

#include "absl/strings/str_join.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

int Doctor(Context& context) {
  if (context.endpoints.empty()) {
    return context.FailUsage("没有任何服务地址：请用 --endpoints 指定地址文件");
  }
  int worst = kExitOk;
  TextTable table({"服务", "地址", "状态", "纪元", "最新", "待排序", "订阅来源", "落后(秒)", "搁置",
                   "待来源升级"},
                  {4, 5, 7, 8});
  nlohmann::ordered_json services = nlohmann::ordered_json::array();
  for (const auto& [service, address] : context.endpoints) {
    nlohmann::ordered_json json{{"service", service}, {"address", address}, {"state", "OK"}};
    auto status = context.CallOn<feed::v1::FeedStatus>(
        service, "bangfu.feed.v1.ChangeFeed.GetFeedStatus", feed::v1::GetFeedStatusRequest());
    if (!status.ok()) {
      ErrorDetail detail = GetErrorDetail(status.status());
      const std::string message =
          detail.message_zh.empty() ? std::string(status.status().message()) : detail.message_zh;
      table.Row({service, address, message});
      json["state"] = absl::StatusCodeToString(status.status().code());
      json["message"] = message;
      services.push_back(std::move(json));
      worst = WorseExitCode(worst, ExitCodeOf(status.status()));
      continue;
    }
    json["epoch"] = status->epoch();
    json["last_sequence"] = status->last_sequence();
    json["unsequenced"] = status->unsequenced();
    json["consumers"] = nlohmann::ordered_json::array();
    if (status->consumers_size() == 0) {
      table.Row({service, address, "正常", status->epoch(), Cat(status->last_sequence()),
                 Cat(status->unsequenced())});
    }
    for (const auto& consumer : status->consumers()) {
      // Of types that an older source refused nothing comes until it is upgraded.
      const std::string awaited = absl::StrJoin(consumer.awaited_types(), ",");
      bool ill = consumer.parked() > 0 || consumer.lag_seconds() > 900 || !awaited.empty();
      if (ill) worst = WorseExitCode(worst, kExitPartial);
      if (ill) json["state"] = "ATTENTION";
      table.Row({service, address, ill ? "注意" : "正常", status->epoch(),
                 Cat(status->last_sequence()), Cat(status->unsequenced()), consumer.source(),
                 Cat(consumer.lag_seconds()), Cat(consumer.parked()), awaited});
      json["consumers"].push_back(
          {{"source", consumer.source()},
           {"lag_seconds", consumer.lag_seconds()},
           {"parked", consumer.parked()},
           {"awaited_types", std::vector<std::string>(consumer.awaited_types().begin(),
                                                      consumer.awaited_types().end())}});
    }
    services.push_back(std::move(json));
  }
  if (!context.PrintJson(nlohmann::ordered_json{{"services", services}})) {
    std::printf("%s", table.Render().c_str());
  }
  return worst;
}

}  // namespace

void AddDoctorCommand(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* command = app.add_subcommand("doctor", "体检：服务是否可达，订阅是否跟上，有无搁置");
  command->footer("例: bangfuctl doctor");
  command->callback([&context, &exit_code] { exit_code = Doctor(context); });
}

}  // namespace bangfu::ctl
