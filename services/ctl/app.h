// The command line as a whole: the tree of commands and what they share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "services/ctl/context.h"

namespace bangfu::ctl {

class CommandLine {
 public:
  CommandLine();
  // The commands hold on to what is in here.
  CommandLine(const CommandLine&) = delete;
  CommandLine& operator=(const CommandLine&) = delete;

  // Runs the command of the line; gives its exit code.
  int Run(int argc, const char* const* argv);

  CLI::App& commands() { return app_; }

 private:
  // Before the callback of a command runs.
  void ReadGlobalOptions();

  CLI::App app_{"bangfuctl: 帮扶产业监管平台命令行"};
  Context context_;
  std::string endpoints_file_, token_file_, clock_offset_;
  double timeout_seconds_ = 30;
  int exit_code_ = kExitOk;
};

}  // namespace bangfu::ctl
