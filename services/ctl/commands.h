// The commands, one file a group. Each adds its subcommands to the application; the chosen one runs
// when the line is parsed and leaves its exit code in `exit_code`.
#pragma once

#include <CLI/CLI.hpp>

#include "services/ctl/context.h"

namespace bangfu::ctl {

void AddTokenCommand(CLI::App& app, Context& context, int& exit_code);
void AddIdentityCommands(CLI::App& app, Context& context, int& exit_code);
void AddGrantCommands(CLI::App& app, Context& context, int& exit_code);
void AddArgumentCommands(CLI::App& app, Context& context, int& exit_code);
void AddImportCommands(CLI::App& app, Context& context, int& exit_code);
void AddInboxCommands(CLI::App& app, Context& context, int& exit_code);
void AddInventoryCommands(CLI::App& app, Context& context, int& exit_code);
void AddEvaluateCommands(CLI::App& app, Context& context, int& exit_code);
void AddEvidenceCommands(CLI::App& app, Context& context, int& exit_code);
void AddLedgerCommands(CLI::App& app, Context& context, int& exit_code);
void AddPeriodCommands(CLI::App& app, Context& context, int& exit_code);
void AddFeedCommands(CLI::App& app, Context& context, int& exit_code);
void AddAuditCommands(CLI::App& app, Context& context, int& exit_code);
void AddFlagCommands(CLI::App& app, Context& context, int& exit_code);
void AddNoticeCommands(CLI::App& app, Context& context, int& exit_code);
void AddOperationCommands(CLI::App& app, Context& context, int& exit_code);
void AddDashboardCommand(CLI::App& app, Context& context, int& exit_code);
void AddDictionaryCommands(CLI::App& app, Context& context, int& exit_code);
void AddDoctorCommand(CLI::App& app, Context& context, int& exit_code);
void AddCallCommand(CLI::App& app, Context& context, int& exit_code);
void AddCompletionCommand(CLI::App& app);
void AddWalkthroughCommand(CLI::App& app, Context& context, int& exit_code);

}  // namespace bangfu::ctl
