// Settings of a process: flags, environment and secret files, declared once with name, default and
// help. Precedence: flag > environment > default.
//
//   config::Loader loader("bangfu-registry", "库: projects and their inventory");
//   loader.Port("rpc-port", &options.rpc_port, "port of the gRPC server");
//   loader.Secret("db-password", &options.db_password, "password of the database user").Required();
//   RETURN_IF_ERROR(loader.Load(argc, argv));
//
// An option "rpc-port" is read from --rpc-port=7001, --rpc-port 7001 or BANGFU_RPC_PORT=7001. A
// secret "db-password" is read only from the file that --db-password-file or
// BANGFU_DB_PASSWORD_FILE names: process lists and environments are seen by too many.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace bangfu::config {

// The value of an environment variable; nullopt when it is not set.
using Environment = std::function<std::optional<std::string>(const std::string& name)>;
Environment SystemEnvironment();

class Option {
 public:
  // Load fails when no source gives a value.
  Option& Required();
  // Another default while the option `other`, declared anywhere, has this value; what is given
  // still rules.
  Option& DefaultWhere(std::string_view other, std::string_view value, std::string_view instead);

 private:
  friend class Loader;
  enum class Kind { kText, kFlag, kSecret };
  std::string name;
  std::string help;
  std::string shown_default;  // for --help
  Kind kind = Kind::kText;
  bool required = false;
  std::string other, other_value, instead;  // see DefaultWhere; no other: none
  // Parses into the caller's variable; the error says what is expected.
  std::function<absl::Status(std::string_view)> set;
  // What was given, and where: "flag", "environment", "file", "default".
  std::string value;
  std::string source = "default";
};

// Declare, then Load once. The variables must outlive the loader; what they hold at declaration is
// the default. Not thread safe.
class Loader {
 public:
  Loader(std::string program, std::string summary);
  ~Loader();
  Loader(const Loader&) = delete;
  Loader& operator=(const Loader&) = delete;

  // `name`: lower-case words joined by hyphens.
  Option& Text(std::string_view name, std::string* variable, std::string_view help);
  // Comma separated; blanks around an item are dropped, empty items too.
  Option& List(std::string_view name, std::vector<std::string>* variable, std::string_view help);
  // --name alone means true; true/false, yes/no, on/off, 1/0.
  Option& Switch(std::string_view name, bool* variable, std::string_view help);
  Option& Number(std::string_view name, int64_t* variable, std::string_view help, int64_t min,
                 int64_t max);
  Option& Number(std::string_view name, int* variable, std::string_view help, int min, int max);
  // 0..65535; 0 lets the system choose.
  Option& Port(std::string_view name, int* variable, std::string_view help);
  // "250ms", "30s", "1h30m" (absl::ParseDuration); not negative.
  Option& Duration(std::string_view name, absl::Duration* variable, std::string_view help);
  // One of `choices`.
  Option& Choice(std::string_view name, std::string* variable, std::string_view help,
                 std::vector<std::string> choices);
  // From a file only; one trailing newline is dropped; at most 1 MiB.
  Option& Secret(std::string_view name, std::string* variable, std::string_view help);

  // Words that are no flags ("migrate") are an error unless allowed; `usage` shows them in --help.
  void AllowArguments(std::string_view usage);

  // INVALID_ARGUMENT names everything that is wrong at once: unknown flags, values that do not
  // parse, missing required options, secrets given openly. Never prints the value of a secret.
  // With --help nothing is checked: see help_requested(). Unknown BANGFU_ variables are ignored
  // (Kubernetes injects its own).
  absl::Status Load(int argc, const char* const* argv,
                    const Environment& environment = SystemEnvironment());

  bool help_requested() const { return help_requested_; }
  std::string Help() const;
  const std::vector<std::string>& arguments() const { return arguments_; }

  struct Setting {
    std::string name;
    std::string value;  // "***" for a secret
    std::string source;
  };
  // What is in force, for the log line at start.
  std::vector<Setting> Settings() const;

 private:
  Option& Add(std::string_view name, std::string_view help, std::string shown_default);
  Option* Find(std::string_view name) const;

  std::string program_;
  std::string summary_;
  std::string arguments_usage_;
  bool arguments_allowed_ = false;
  bool help_requested_ = false;
  std::vector<std::unique_ptr<Option>> options_;  // in order of declaration; addresses stay
  std::vector<std::string> arguments_;
  std::vector<std::string> declaration_errors_;
};

}  // namespace bangfu::config
