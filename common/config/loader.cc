#include "common/config/loader.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "common/status/macros.h"

namespace bangfu::config {
namespace {

constexpr size_t kMaxSecretSize = 1 << 20;
constexpr std::string_view kFileSuffix = "-file";

std::string VariableName(std::string_view option) {
  std::string name = Cat("BANGFU_", absl::AsciiStrToUpper(AbslView(option)));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

bool IsName(std::string_view name) {
  return !name.empty() && absl::ascii_islower(name.front()) && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-';
         });
}

absl::StatusOr<bool> ParseSwitch(std::string_view text) {
  bool value = false;
  const std::string lower = absl::AsciiStrToLower(AbslView(text));
  if (lower == "on") return true;
  if (lower == "off") return false;
  if (!absl::SimpleAtob(lower, &value)) return absl::InvalidArgumentError("expected true or false");
  return value;
}

absl::StatusOr<std::string> ReadSecret(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(Cat("cannot read the file ", path));
  std::string content;
  content.resize(kMaxSecretSize + 1);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return absl::NotFoundError(Cat("cannot read the file ", path));
  content.resize(static_cast<size_t>(file.gcount()));
  if (content.size() > kMaxSecretSize) return absl::OutOfRangeError(Cat(path, " is over 1 MiB"));
  if (!content.empty() && content.back() == '\n') content.pop_back();
  if (!content.empty() && content.back() == '\r') content.pop_back();
  if (content.empty()) return absl::InvalidArgumentError(Cat("the file ", path, " is empty"));
  return content;
}

std::vector<std::string> SplitList(std::string_view text) {
  std::vector<std::string> items;
  for (const absl::string_view item : absl::StrSplit(AbslView(text), ',')) {
    const absl::string_view stripped = absl::StripAsciiWhitespace(item);
    if (!stripped.empty()) items.emplace_back(stripped);
  }
  return items;
}

}  // namespace

Environment SystemEnvironment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

Option& Option::Required() {
  required = true;
  return *this;
}

Option& Option::DefaultWhere(std::string_view an_other, std::string_view value_there,
                             std::string_view default_instead) {
  other = an_other;
  other_value = value_there;
  instead = default_instead;
  return *this;
}

Loader::Loader(std::string program, std::string summary)
    : program_(std::move(program)), summary_(std::move(summary)) {}
Loader::~Loader() = default;

Option* Loader::Find(std::string_view name) const {
  for (const auto& option : options_) {
    if (option->name == name) return option.get();
  }
  return nullptr;
}

Option& Loader::Add(std::string_view name, std::string_view help, std::string shown_default) {
  if (!IsName(name) || name == "help") {
    declaration_errors_.push_back(Cat("an option cannot be called \"", name, "\""));
  }
  if (Find(name) != nullptr) declaration_errors_.push_back(Cat("--", name, " is declared twice"));
  auto option = std::make_unique<Option>();
  option->name = name;
  option->help = help;
  option->value = shown_default;
  option->shown_default = std::move(shown_default);
  return *options_.emplace_back(std::move(option));
}

Option& Loader::Text(std::string_view name, std::string* variable, std::string_view help) {
  Option& option = Add(name, help, *variable);
  option.set = [variable](std::string_view text) {
    *variable = text;
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::List(std::string_view name, std::vector<std::string>* variable,
                     std::string_view help) {
  Option& option = Add(name, help, absl::StrJoin(*variable, ","));
  option.set = [variable](std::string_view text) {
    *variable = SplitList(text);
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Switch(std::string_view name, bool* variable, std::string_view help) {
  Option& option = Add(name, help, *variable ? "true" : "false");
  option.kind = Option::Kind::kFlag;
  option.set = [variable](std::string_view text) -> absl::Status {
    ASSIGN_OR_RETURN(*variable, ParseSwitch(text));
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Number(std::string_view name, int64_t* variable, std::string_view help, int64_t min,
                       int64_t max) {
  Option& option = Add(name, help, absl::StrCat(*variable));
  option.set = [variable, min, max](std::string_view text) -> absl::Status {
    int64_t value = 0;
    if (!absl::SimpleAtoi(AbslView(text), &value) || value < min || value > max) {
      return absl::InvalidArgumentError(Cat("expected a number from ", min, " to ", max));
    }
    *variable = value;
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Number(std::string_view name, int* variable, std::string_view help, int min,
                       int max) {
  Option& option = Add(name, help, absl::StrCat(*variable));
  option.set = [variable, min, max](std::string_view text) -> absl::Status {
    int value = 0;
    if (!absl::SimpleAtoi(AbslView(text), &value) || value < min || value > max) {
      return absl::InvalidArgumentError(Cat("expected a number from ", min, " to ", max));
    }
    *variable = value;
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Port(std::string_view name, int* variable, std::string_view help) {
  return Number(name, variable, help, 0, 65535);
}

Option& Loader::Duration(std::string_view name, absl::Duration* variable, std::string_view help) {
  Option& option = Add(name, help, absl::FormatDuration(*variable));
  option.set = [variable](std::string_view text) -> absl::Status {
    absl::Duration value;
    if (!absl::ParseDuration(AbslView(text), &value) || value < absl::ZeroDuration()) {
      return absl::InvalidArgumentError("expected a duration such as 250ms, 30s or 1h30m");
    }
    *variable = value;
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Choice(std::string_view name, std::string* variable, std::string_view help,
                       std::vector<std::string> choices) {
  const std::string list = absl::StrJoin(choices, ", ");
  Option& option = Add(name, Cat(help, " (", list, ")"), *variable);
  option.set = [variable, list,
                choices = std::move(choices)](std::string_view text) -> absl::Status {
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      return absl::InvalidArgumentError(Cat("expected one of ", list));
    }
    *variable = text;
    return absl::OkStatus();
  };
  return option;
}

Option& Loader::Secret(std::string_view name, std::string* variable, std::string_view help) {
  Option& option = Add(name, help, "");
  option.kind = Option::Kind::kSecret;
  option.set = [variable](std::string_view text) {
    *variable = text;
    return absl::OkStatus();
  };
  return option;
}

void Loader::AllowArguments(std::string_view usage) {
  arguments_allowed_ = true;
  arguments_usage_ = usage;
}

absl::Status Loader::Load(int argc, const char* const* argv, const Environment& environment) {
  std::vector<std::string> errors = declaration_errors_;

  // Flags first: only what they leave open is asked of the environment. A later flag replaces an
  // earlier one, so that a wrapper's flags can be overridden.
  std::map<const Option*, std::string> flags;  // a secret's value is its path
  bool only_arguments = false;
  for (int i = 1; i < argc; ++i) {
    std::string_view word = argv[i];
    if (only_arguments || word.size() < 2 || word.substr(0, 1) != "-") {
      arguments_.emplace_back(word);
      continue;
    }
    if (word == "--") {
      only_arguments = true;
      continue;
    }
    if (word == "--help" || word == "-h") {
      help_requested_ = true;
      return absl::OkStatus();
    }
    const size_t equals = word.find('=');
    const std::string_view flag = word.substr(0, equals);
    std::string_view name = flag.substr(0, 2) == "--" ? flag.substr(2) : std::string_view();
    const Option* option = Find(name);
    if (option != nullptr && option->kind == Option::Kind::kSecret) {
      errors.push_back(
          Cat(flag, " is a secret: it is read from the file that ", flag, kFileSuffix, " names"));
      // Its value, if it is the next word, must not be taken for an argument and printed.
      if (equals == std::string_view::npos && i + 1 < argc && argv[i + 1][0] != '-') ++i;
      continue;
    }
    if (option == nullptr && name.ends_with(kFileSuffix)) {
      option = Find(name.substr(0, name.size() - kFileSuffix.size()));
      if (option != nullptr && option->kind != Option::Kind::kSecret) option = nullptr;
    }
    if (option == nullptr) {
      errors.push_back(Cat("unknown flag ", flag));
      continue;
    }
    if (equals != std::string_view::npos) {
      flags[option] = word.substr(equals + 1);
    } else if (option->kind == Option::Kind::kFlag) {
      flags[option] = "true";
    } else if (i + 1 < argc) {
      flags[option] = argv[++i];
    } else {
      errors.push_back(Cat(flag, " needs a value"));
    }
  }
  if (!arguments_allowed_) {
    for (const std::string& argument : arguments_) {
      errors.push_back(Cat("unexpected argument \"", argument, "\""));
    }
  }

  for (const auto& option : options_) {
    const bool secret = option->kind == Option::Kind::kSecret;
    const std::string variable = VariableName(option->name);
    std::string given_by;
    std::string value;
    if (const auto flag = flags.find(option.get()); flag != flags.end()) {
      given_by = Cat("--", option->name, secret ? kFileSuffix : "");
      value = flag->second;
      option->source = "flag";
    } else if (const auto found = environment(secret ? Cat(variable, "_FILE") : variable)) {
      given_by = secret ? Cat(variable, "_FILE") : variable;
      value = *found;
      option->source = "environment";
    }
    if (secret && environment(variable).has_value()) {
      errors.push_back(Cat(variable, " holds a secret: name its file in ", variable, "_FILE"));
    }
    if (given_by.empty()) {
      if (option->required) {
        errors.push_back(Cat("--", option->name, secret ? kFileSuffix : "", " is required"));
      }
      continue;
    }
    if (secret) {
      option->source = "file";
      auto content = ReadSecret(value);
      if (!content.ok()) {
        errors.push_back(Cat(given_by, ": ", StdView(content.status().message())));
        continue;
      }
      value = *std::move(content);
    }
    if (const absl::Status status = option->set(value); !status.ok()) {
      errors.push_back(Cat(given_by, "=", value, ": ", StdView(status.message())));
      continue;
    }
    option->value = secret ? "" : value;
  }
  // Last, when all that was given is known.
  for (const auto& option : options_) {
    if (option->other.empty()) continue;
    const Option* other = Find(option->other);
    if (other == nullptr) {
      errors.push_back(
          Cat("the default of --", option->name, " hangs on --", option->other, ", which is none"));
    } else if (option->source == "default" && other->value == option->other_value) {
      if (const absl::Status status = option->set(option->instead); !status.ok()) {
        errors.push_back(Cat("the default of --", option->name, ": ", StdView(status.message())));
      }
      option->value = option->instead;
    }
  }
  if (!errors.empty()) {
    return absl::InvalidArgumentError(
        Cat(absl::StrJoin(errors, "\n"), "\n(see ", program_, " --help)"));
  }
  return absl::OkStatus();
}

std::string Loader::Help() const {
  std::string out = Cat(summary_, "\n\nUsage: ", program_, " [flags]",
                        arguments_usage_.empty() ? "" : " ", arguments_usage_, "\n\n");
  for (const auto& option : options_) {
    const bool secret = option->kind == Option::Kind::kSecret;
    out += Cat("  --", option->name, secret ? kFileSuffix : "",
               option->kind == Option::Kind::kFlag ? "[=true]" : "=…", "  (",
               VariableName(option->name), secret ? "_FILE" : "", ")\n      ", option->help);
    if (secret) out += "; the content of this file";
    if (option->required) {
      out += "; required";
    } else if (!option->shown_default.empty()) {
      out += Cat("; default ", option->shown_default);
    }
    if (!option->other.empty()) {
      out += Cat(", with --", option->other, "=", option->other_value, " ", option->instead);
    }
    out += '\n';
  }
  return out + "  --help\n      this text\n";
}

std::vector<Loader::Setting> Loader::Settings() const {
  std::vector<Setting> out;
  for (const auto& option : options_) {
    const bool secret = option->kind == Option::Kind::kSecret;
    out.push_back({option->name,
                   !secret                    ? option->value
                   : option->source == "file" ? "***"
                                              : "",
                   option->source});
  }
  return out;
}

}  // namespace bangfu::config
