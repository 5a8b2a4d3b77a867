// bangfuctl feed pull | watch | mirror: the change feed as another system sees it.
#include <cstdio>
#include <fstream>

#include "absl/strings/numbers.h"
#include "bangfu/feed/v1/change_feed.pb.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "nlohmann/json.hpp"
#include "services/ctl/commands.h"
#include "services/ctl/mirror.h"
#include "services/ctl/services.h"
#include "services/ctl/terminal.h"

namespace bangfu::ctl {
namespace {

using namespace feed::v1;  // the contract of this file's commands
constexpr char kService[] = "bangfu.feed.v1.ChangeFeed.";
std::string M(std::string_view method) { return Cat(kService, method); }

void PrintEvent(const Context& context, const Event& event) {
  if (context.json) {
    std::printf("%s\n", ToJsonLine(event).c_str());
    return;
  }
  std::printf("%lld  %s/%s  %s  %s\n", static_cast<long long>(event.sequence()),
              event.aggregate_type().c_str(), event.aggregate_id().c_str(),
              event.region_path().c_str(), event.payload().type_url().c_str());
}

// Where to go on from: --epoch and --after of the next call. Apart from the events, which are read
// by another program.
void PrintPosition(const Context& context, const PullResponse& page) {
  std::fflush(stdout);  // who reads the events from a pipe has them before the position
  if (context.json) {
    const nlohmann::ordered_json json{{"epoch", page.epoch()},
                                      {"next_after", page.next_after()},
                                      {"last_sequence", page.last_sequence()}};
    std::fprintf(stderr, "%s\n", json.dump().c_str());
    return;
  }
  std::fprintf(stderr, "纪元 %s，读到 %lld，最新 %lld\n", page.epoch().c_str(),
               static_cast<long long>(page.next_after()),
               static_cast<long long>(page.last_sequence()));
}

}  // namespace

absl::StatusOr<MirrorTotals> MirrorFeed(Context& context, const std::string& service,
                                        const std::string& directory, bool quiet) {
  MirrorStore store(directory, service);
  RETURN_IF_ERROR(store.Load());
  MirrorTotals totals;
  ProgressLine progress(Cat("镜像 ", service));
  auto snapshot = [&]() -> absl::Status {
    store.Clear();
    return context.StreamOn<SnapshotResponse>(service, M("Snapshot"), SnapshotRequest(),
                                              [&](const SnapshotResponse& part) -> absl::Status {
                                                for (const auto& event : part.events())
                                                  store.Apply(event);
                                                totals.snapshot += part.events_size();
                                                if (part.complete())
                                                  store.SetPosition(part.epoch(), part.watermark());
                                                if (!quiet)
                                                  progress.Update(totals.snapshot, 0, "快照");
                                                return absl::OkStatus();
                                              });
  };
  if (store.epoch().empty()) RETURN_IF_ERROR(snapshot());
  while (true) {
    PullRequest request;
    request.set_epoch(store.epoch());
    request.set_after(store.cursor());
    request.set_limit(2000);
    absl::StatusOr<PullResponse> page = context.CallOn<PullResponse>(service, M("Pull"), request);
    if (!page.ok()) {
      std::string reason = ReasonOf(page.status());
      if (reason != "EPOCH_CHANGED" && reason != "CURSOR_EXPIRED") return page.status();
      RETURN_IF_ERROR(snapshot());  // the source was restored, or we were away too long
      continue;
    }
    for (const auto& event : page->events()) store.Apply(event);
    totals.events += page->events_size();
    store.SetPosition(page->epoch(), page->next_after());
    if (!quiet) progress.Update(page->next_after(), page->last_sequence(), "条");
    if (page->next_after() >= page->last_sequence()) break;
  }
  RETURN_IF_ERROR(store.Save());
  totals.records = store.records();
  totals.cursor = store.cursor();
  totals.sha256 = store.Digest();
  return totals;
}

absl::StatusOr<MirrorTotals> SnapshotDigest(Context& context, const std::string& service) {
  MirrorStore store("", service);
  MirrorTotals totals;
  RETURN_IF_ERROR(context.StreamOn<SnapshotResponse>(
      service, M("Snapshot"), SnapshotRequest(), [&](const SnapshotResponse& part) -> absl::Status {
        for (const auto& event : part.events()) store.Apply(event);
        totals.snapshot += part.events_size();
        if (part.complete()) store.SetPosition(part.epoch(), part.watermark());
        return absl::OkStatus();
      }));
  totals.records = store.records();
  totals.cursor = store.cursor();
  totals.sha256 = store.Digest();
  return totals;
}

void AddFeedCommands(CLI::App& app, Context& context, int& exit_code) {
  CLI::App* group = app.add_subcommand("feed", "变更订阅");
  group->require_subcommand(1);
  struct Arguments {
    std::string service, epoch, directory;
    int64_t after = 0;
    int limit = 100;
    double seconds = 30;
    bool check = false;
  };
  auto add = [&](const char* name, const char* help, const char* example, auto configure,
                 auto run) {
    auto arguments = std::make_shared<Arguments>();
    CLI::App* command = group->add_subcommand(name, help);
    command->footer(Cat("例: bangfuctl feed ", example));
    command->add_option("service", arguments->service, OneOfText(ServiceNames()))
        ->required()
        ->check(CLI::IsMember(ServiceNames()));
    configure(command, arguments.get());
    command->callback([&context, &exit_code, arguments, run] {
      absl::Status status = run(context, *arguments);
      exit_code = status.ok() ? kExitOk : context.Fail(status);
    });
  };
  add(
      "pull", "读一段变更", "pull registry --after 100",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--after", a->after, "上次读到的位置")->capture_default_str();
        command->add_option("--limit", a->limit, "条数")->capture_default_str();
        command->add_option("--epoch", a->epoch, "纪元；与来源的不同则拒绝，须重新取快照");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        PullRequest request;
        request.set_after(a.after);
        request.set_limit(a.limit);
        request.set_epoch(a.epoch);
        ASSIGN_OR_RETURN(auto page, context.CallOn<PullResponse>(a.service, M("Pull"), request));
        // One document, with where to go on from.
        if (context.PrintJson(page)) return absl::OkStatus();
        for (const auto& event : page.events()) PrintEvent(context, event);
        PrintPosition(context, page);
        return absl::OkStatus();
      });
  add(
      "watch", "持续读变更", "watch registry --after 100 --seconds 60",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--after", a->after, "上次读到的位置")->capture_default_str();
        command->add_option("--seconds", a->seconds, "看多久")->capture_default_str();
        command->add_option("--epoch", a->epoch, "纪元；与来源的不同则拒绝，须重新取快照");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        WatchRequest request;
        request.set_after(a.after);
        request.set_epoch(a.epoch);
        Context watching = context;
        watching.stream_timeout = absl::Seconds(a.seconds);
        absl::Status status = watching.StreamOn<PullResponse>(
            a.service, M("Watch"), request, [&](const PullResponse& page) -> absl::Status {
              for (const auto& event : page.events()) PrintEvent(context, event);
              PrintPosition(context, page);
              return absl::OkStatus();
            });
        // The end of the time that was asked for is no failure.
        return absl::IsDeadlineExceeded(status) ? absl::OkStatus() : status;
      });
  add(
      "mirror", "把一个服务的全部记录镜像到目录，可反复运行",
      "mirror registry --dir mirror --check",
      [](CLI::App* command, Arguments* a) {
        command->add_option("--dir", a->directory, "目录")->required();
        command->add_flag("--check", a->check, "与来源的现状快照比对");
      },
      [](Context& context, const Arguments& a) -> absl::Status {
        ASSIGN_OR_RETURN(MirrorTotals totals,
                         MirrorFeed(context, a.service, a.directory, context.json));
        nlohmann::ordered_json json{{"service", a.service},
                                    {"records", totals.records},
                                    {"cursor", totals.cursor},
                                    {"sha256", totals.sha256}};
        if (!context.json) {
          std::printf("%s：记录 %lld，位置 %lld，SHA-256 %s\n", a.service.c_str(),
                      static_cast<long long>(totals.records), static_cast<long long>(totals.cursor),
                      totals.sha256.c_str());
        }
        if (!a.check) {
          context.PrintJson(json);
          return absl::OkStatus();
        }
        ASSIGN_OR_RETURN(MirrorTotals source, SnapshotDigest(context, a.service));
        json["source_records"] = source.records;
        json["equal"] = source.sha256 == totals.sha256;
        context.PrintJson(json);
        if (source.sha256 != totals.sha256) {
          return Error(absl::StatusCode::kDataLoss, "MIRROR_DIFFERS")
              .Zh(Cat("镜像与来源不同：来源 ", source.records, " 条，镜像 ", totals.records,
                      " 条"));
        }
        if (!context.json) std::printf("与来源一致\n");
        return absl::OkStatus();
      });
}

}  // namespace bangfu::ctl
