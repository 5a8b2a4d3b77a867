#include "common/runtime/standard_parts.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/audit/audit.h"
#include "common/audit/retention.h"
#include "common/audit/schema.h"
#include "common/audit/service.h"
#include "common/base/strings.h"
#include "common/blob/schema.h"
#include "common/blob/service.h"
#include "common/draft/schema.h"
#include "common/draft/service.h"
#include "common/draft/store.h"
#include "common/feed/consumer.h"
#include "common/feed/freshness.h"
#include "common/feed/remote.h"
#include "common/feed/schema.h"
#include "common/feed/sequencer.h"
#include "common/flag/schema.h"
#include "common/flag/service.h"
#include "common/grants/book.h"
#include "common/grants/copies.h"
#include "common/grants/schema.h"
#include "common/idempotency/idempotency.h"
#include "common/idempotency/schema.h"
#include "common/identity/freeze.h"
#include "common/identity/schema.h"
#include "common/identity/service.h"
#include "common/inbox/escalation.h"
#include "common/inbox/query.h"
#include "common/inbox/schema.h"
#include "common/log/log.h"
#include "common/operation/schema.h"
#include "common/operation/service.h"
#include "common/recode/recode.h"
#include "common/recode/schema.h"
#include "common/seal/canary.h"
#include "common/status/macros.h"

namespace bangfu::runtime {

namespace {

constexpr char kWatch[] = "bangfu.feed.v1.ChangeFeed.Watch";

void AddSequencer(App& app) {
  app.jobs().Add("sequencer", [&app](mysql::Session& session, Loop& loop) {
    feed::SequencerOptions options;
    options.holder = app.instance();
    feed::Sequencer sequencer(session, app.clock(), options);
    loop.Run([&]() -> absl::Duration {
      absl::StatusOr<feed::SequencerStep> step = sequencer.StepOnce();
      if (!step.ok()) {
        log::Warning("sequencer failed", {{"error", step.status()}});
        return absl::Seconds(1);
      }
      if (step->moved > 0) app.WakeSubscriptions(kWatch);
      return step->rest;
    });
    if (absl::Status status = sequencer.Release(); !status.ok()) {
      log::Warning("sequencer lease not released", {{"error", status}});
    }
  });
}

void AddConsumer(App& app, const Following& following) {
  app.jobs().Add(
      Cat(following.consumer, "_from_", following.peer),
      [&app, following](mysql::Session& session, Loop& loop) {
        feed::ConsumerOptions options;
        options.consumer = following.consumer;
        options.source = following.peer;
        options.holder = app.instance();
        options.aggregate_types = following.aggregate_types;
        options.copy_versions = following.copy_versions;
        options.prefetch = true;
        options.lease = following.lease;
        rpc::Client& peer = app.peer(following.peer);
        feed::Consumer consumer(session, app.clock(), options, feed::RemotePull(peer),
                                *following.handler, feed::RemoteSnapshot(peer));
        consumer.Run(loop, [&following](const absl::Status& status) {
          log::Warning("consumer failed", {{"source", following.peer}, {"error", status}});
        });
      });
}

// A day's first run raises what is overdue; the others find it done, and no restart makes it miss a
// day.
void AddEscalation(App& app, inbox::CalendarLookup calendar,
                   std::function<absl::StatusOr<int64_t>(mysql::Executor&)> days) {
  app.jobs().Add("inbox_escalation", [&app, calendar = std::move(calendar), days = std::move(days)](
                                         mysql::Session& session, Loop& loop) {
    const auto run = [&]() -> absl::Status {
      inbox::EscalationOptions options;
      ASSIGN_OR_RETURN(options.days, days(session));
      options.calendar = calendar;
      options.stopped = [&loop] { return loop.stopped(); };
      return inbox::Escalate(session, app.clock().Now(), options).status();
    };
    loop.Run([&]() -> absl::Duration {
      const absl::Status status = run();
      if (status.ok()) return absl::Hours(1);
      log::Warning("inbox escalation failed", {{"error", status}});
      return absl::Minutes(1);
    });
  });
}

// What is older than the trail is kept goes, in small transactions, until a drain.
void AddAuditRetention(App& app, audit::ParameterLookup parameter) {
  app.jobs().Add("audit_retention", [&app, parameter = std::move(parameter)](
                                        mysql::Session& session, Loop& loop) {
    const auto run = [&]() -> absl::StatusOr<audit::CutReport> {
      return audit::CutByParameter(session, app.clock().Now(), parameter,
                                   {.stopped = [&loop] { return loop.stopped(); }});
    };
    loop.Run([&]() -> absl::Duration {
      const absl::StatusOr<audit::CutReport> cut = run();
      if (!cut.ok()) {
        log::Warning("old audit entries not cut", {{"error", cut.status()}});
        return absl::Minutes(1);
      }
      if (cut->damaged > 0) {
        log::Warning("old audit chains that do not verify are kept", {{"chains", cut->damaged}});
      }
      return cut->more ? absl::Seconds(1) : absl::Hours(6);
    });
  });
}

// The inbox: its rpcs, its figures, and the comparison of its items with the states they stand for.
// That runs at the start too, which fills the inbox of data that were there before it.
void AddInbox(App& app, inbox::ServiceOptions options, std::vector<inbox::Source> work) {
  auto open = std::make_shared<std::map<std::string, metrics::Gauge>>();
  auto overdue = std::make_shared<std::map<std::string, metrics::Gauge>>();
  for (const inbox::Kind& kind : options.kinds) {
    (*open)[kind.code] = app.metrics().AddGauge("bangfu_inbox_open_items", "Work items that wait",
                                                {{"kind", kind.code}});
    (*overdue)[kind.code] = app.metrics().AddGauge(
        "bangfu_inbox_overdue_items", "Work items past their due date", {{"kind", kind.code}});
  }
  const inbox::CalendarLookup calendar = options.calendar;
  const auto escalation_days = options.escalation_days;
  inbox::RegisterInboxService(app.router(), std::move(options));
  app.jobs().AddPeriodic(
      "inbox_figures", absl::Minutes(5), [&app, open, overdue](mysql::Session& session) {
        absl::StatusOr<std::vector<inbox::KindCount>> counts =
            inbox::CountAll(session, ShanghaiDay(app.clock().Now()));
        if (!counts.ok()) return counts.status();
        for (auto& [kind, gauge] : *open) gauge.Set(0);
        for (auto& [kind, gauge] : *overdue) gauge.Set(0);
        for (const inbox::KindCount& count : *counts) {
          if (const auto gauge = open->find(count.kind); gauge != open->end()) {
            gauge->second.Set(static_cast<double>(count.open));
          }
          if (const auto gauge = overdue->find(count.kind); gauge != overdue->end()) {
            gauge->second.Set(static_cast<double>(count.overdue));
          }
        }
        return absl::OkStatus();
      });
  app.jobs().Add("inbox_recount",
                 [&app, work = std::move(work), calendar](mysql::Session& session, Loop& loop) {
                   loop.Run([&]() -> absl::Duration {
                     const absl::Status status = inbox::Recount(
                         session, work, app.ids(), app.clock().Now(),
                         {.calendar = calendar, .stopped = [&loop] { return loop.stopped(); }});
                     if (status.ok()) return absl::Hours(1);
                     log::Warning("inbox recount failed", {{"error", status}});
                     return absl::Minutes(1);
                   });
                 });
  if (escalation_days) AddEscalation(app, calendar, escalation_days);
}

// Whether the copies of the owner of grants are fresh enough to write by; null: nothing is copied.
feed::CopyGuard* AddCopyGuard(App& app, const StandardOptions& options) {
  std::vector<std::string> consumers;
  for (const Following& following : options.following) {
    if (following.peer != grants::kOwner) continue;
    if (std::find(consumers.begin(), consumers.end(), following.consumer) == consumers.end()) {
      consumers.push_back(following.consumer);
    }
  }
  if (consumers.empty()) return nullptr;
  auto& guard = app.Make<feed::CopyGuard>(app.clock(), std::string(grants::kOwner),
                                          std::move(consumers), options.reference_lag);
  // Known before anybody is served; whether they are fresh enough is no matter for readiness, since
  // reads go on.
  app.readiness().Add("reference_age", [&guard](mysql::Session& session) {
    return guard.known() ? absl::OkStatus() : guard.Refresh(session);
  });
  metrics::Gauge fresh = app.metrics().AddGauge(
      "bangfu_copies_fresh",
      "1: the copies are young enough to write by; 0: writes are refused with REFERENCE_STALE.",
      {{"source", std::string(grants::kOwner)}});
  app.jobs().Add("reference_age", [&guard, fresh](mysql::Session& session, Loop& loop) mutable {
    loop.Run([&]() -> absl::Duration {
      if (absl::Status status = guard.Refresh(session); !status.ok()) {
        log::Warning("the age of copies was not read", {{"error", status}});
      }
      fresh.Set(guard.Check().ok() ? 1 : 0);
      // After a start the consumers are level in no time, and writes wait for this look.
      return guard.Check().ok() ? absl::Seconds(1) : absl::Milliseconds(100);
    });
  });
  return &guard;
}

// Who may do what, and whether the service takes writes: in memory for every call, looked up anew
// by jobs.
identity::FreezeState& AddGuards(App& app, const StandardOptions& standard) {
  auto& book = app.Make<grants::GrantBook>();
  auto& freeze = app.Make<identity::FreezeState>(app.clock(), app.frozen_by_operator());
  const feed::CopyGuard* copies = AddCopyGuard(app, standard);
  app.GuardCalls(&book, [&freeze, copies]() -> absl::Status {
    RETURN_IF_ERROR(freeze.Check());
    return copies == nullptr ? absl::OkStatus() : copies->Check();
  });
  identity::ServiceOptions options;
  options.service = app.service();
  options.server = app.server_options();
  options.region_names = standard.region_names;
  identity::RegisterIdentity(app.router(), std::move(options), freeze);
  const auto look = [&app, &book, &freeze](mysql::Session& session) -> absl::Status {
    RETURN_IF_ERROR(freeze.Refresh(session));
    return book.Refresh(session, app.clock().Now());
  };
  // Nobody is served before both are known.
  app.readiness().Add("grants", [&book, look](mysql::Session& session) {
    return book.version() != 0 ? absl::OkStatus() : look(session);
  });
  app.jobs().Add("guards", [look](mysql::Session& session, Loop& loop) {
    loop.Run([&]() -> absl::Duration {
      if (absl::Status status = look(session); !status.ok()) {
        log::Warning("grants and freeze not read", {{"error", status}});
      }
      return grants::kLook;
    });
  });
  return freeze;
}

// Repeats a sweep of small steps until nothing is left.
template <typename Step>
std::function<absl::Status(mysql::Session&)> UntilDone(Step step) {
  return [step](mysql::Session& session) -> absl::Status {
    while (true) {
      absl::StatusOr<int64_t> swept = step(session);
      if (!swept.ok()) return swept.status();
      if (*swept == 0) return absl::OkStatus();
    }
  };
}

}  // namespace

std::vector<std::string> StandardServices() {
  return {"bangfu.audit.v1.AuditService",
          "bangfu.audit.v1.RecordFlagService",
          "bangfu.operation.v1.OperationService",
          "bangfu.feed.v1.ChangeFeed",
          "bangfu.identity.v1.IdentityService",
          "bangfu.identity.v1.FreezeService",
          "bangfu.dictionary.v1.DictionaryService",
          "bangfu.inbox.v1.InboxService",
          "bangfu.blob.v1.BlobService",
          "bangfu.draft.v1.DraftService"};
}

migrate::Migrations StandardMigrations() {
  return migrate::Concat(idempotency::Schema(), audit::Schema(), feed::Schema(),
                         operation::Schema(), seal::CanarySchema(), grants::Schema(),
                         identity::Schema(), inbox::Schema(), blob::Schema(), draft::Schema(),
                         recode::Schema(), flag::Schema());
}

recode::Parts StandardRegionParts() {
  return {audit::RegionPart(), feed::RegionPart(),   operation::RegionPart(), inbox::RegionPart(),
          blob::RegionPart(),  recode::RegionPart(), flag::RegionPart()};
}

std::vector<inbox::Kind> StandardWorkKinds() { return flag::WorkKinds(); }

operation::OperationRunner& InstallStandardParts(App& app, StandardOptions options) {
  // Keys of another installation would seal what nobody opens again: not ready until they fit.
  app.readiness().Add("seal_keys", seal::CheckCanary);
  audit::RegisterAuditService(app.router(), std::move(options.sensitive));
  flag::RegisterRecordFlagService(app.router(), {options.inbox.calendar, options.parameter});
  for (inbox::Kind& kind : StandardWorkKinds()) options.inbox.kinds.push_back(std::move(kind));
  options.work.push_back(flag::WorkSource());
  dictionary::RegisterDictionaryService(app.router(), std::move(options.dictionary));
  AddAuditRetention(app, options.parameter);
  draft::RegisterDraftService(app.router(), {.parameter = std::move(options.parameter)});
  if (app.has_peer(grants::kOwner)) {
    // A revocation is not to wait for the lease of a process that was killed.
    options.following.push_back({grants::kOwner,
                                 app.service() + ".grants",
                                 {grants::kAggregate},
                                 grants::NewCopies(),
                                 absl::Seconds(3)});
  }
  const identity::FreezeState& freeze = AddGuards(app, options);

  operation::RunnerOptions runner_options;
  runner_options.holder = app.instance();
  runner_options.workers = options.operation_workers;
  runner_options.may_write = [&freeze] { return freeze.CheckWork(); };
  auto& runner = app.Make<operation::OperationRunner>(app.clock(), runner_options);
  operation::RegisterOperationService(
      app.router(), [&runner] { runner.Wake(); },
      [&runner](mysql::Tx& tx, const operation::v1::Operation& operation, absl::Time now) {
        return runner.TellStand(tx, operation, now);
      });
  app.jobs().Add("operations", [&app, &runner](mysql::Session&, Loop& loop) {
    runner.Run(app.sessions(), [](const absl::Status& status) {
      log::Warning("operation failed", {{"error", status}});
    });
    loop.Run([] { return absl::Hours(1); });
    runner.Stop();
  });

  feed::ChangeFeedOptions feed_options;
  feed_options.source = app.service();
  // What the rooms keep is in the snapshot too.
  std::vector<std::shared_ptr<feed::SnapshotSource>> states = {inbox::UrgeStates()};
  if (options.states) states.insert(states.begin(), options.states);
  feed_options.states = std::make_shared<feed::CombinedSnapshot>(std::move(states));
  for (const Following& following : options.following) {
    feed_options.consumers.push_back({following.consumer, following.peer, following.handler});
    AddConsumer(app, following);
  }
  feed::RegisterChangeFeed(app.router(), std::move(feed_options));
  AddSequencer(app);
  AddInbox(app, std::move(options.inbox), std::move(options.work));

  const Clock& clock = app.clock();
  blob::ServiceOptions blob_options;
  blob_options.region_path = options.region_path;
  auto& blobs = app.Make<blob::BlobService>(app.evidence(), std::move(blob_options), app.metrics());
  blobs.Register(app.router());
  app.jobs().AddPeriodic("sweep_blobs", absl::Minutes(10),
                         [&blobs, sweep = UntilDone([&blobs, &clock](mysql::Session& session) {
                                    return blobs.Sweep(session, clock.Now());
                                  })](mysql::Session& session) -> absl::Status {
                           const absl::Status swept = sweep(session);
                           // Also when the store refuses to remove: that is when what it holds is
                           // to be seen.
                           RETURN_IF_ERROR(blobs.RefreshFigures(session));
                           return swept;
                         });
  app.jobs().AddPeriodic("sweep_idempotency", absl::Hours(1),
                         UntilDone([&clock](mysql::Session& session) {
                           return idempotency::Sweep(session, clock.Now());
                         }));
  app.jobs().AddPeriodic(
      "sweep_drafts", absl::Hours(1),
      UntilDone([&clock](mysql::Session& session) { return draft::Sweep(session, clock.Now()); }));
  app.jobs().AddPeriodic("sweep_feed", absl::Hours(6), UntilDone([&clock](mysql::Session& session) {
                           return feed::SweepRetention(session, clock.Now());
                         }));
  app.jobs().AddPeriodic("sweep_operations", absl::Hours(6),
                         UntilDone([&clock](mysql::Session& session) {
                           return operation::SweepRetention(session, clock.Now());
                         }));
  app.jobs().AddPeriodic("sweep_read_marks", absl::Hours(6), UntilDone([](mysql::Session& session) {
                           return inbox::SweepReadMarks(session);
                         }));
  app.jobs().AddPeriodic(
      "sweep_moved_regions", absl::Hours(1),
      [&clock, parts = std::move(options.region_parts), swept = std::move(options.region_swept),
       borne = options.region_path ? recode::BorneBy(options.region_path)
                                   : recode::Borne()](mysql::Session& session) {
        const absl::Time now = clock.Now();
        return recode::SweepStragglers(
            session, parts, now,
            [&](mysql::Tx& tx, const recode::Move& move, int64_t rows) {
              return swept ? swept(tx, move, rows, now) : absl::OkStatus();
            },
            borne);
      });
  app.jobs().AddPeriodic("audit_anchor", absl::Hours(24), [&clock](mysql::Session& session) {
    return audit::WriteAnchor(session, clock.Now()).status();
  });
  return runner;
}

}  // namespace bangfu::runtime
