// bangfuctl completion: for the shell.
#include <cstdio>
#include <memory>

#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "common/base/strings.h"
#include "services/ctl/commands.h"

namespace bangfu::ctl {
namespace {

// One command of the tree: "" is bangfuctl itself, "/import/regions" a nested one.
struct Level {
  std::string path;
  std::string words;  // what may come here: subcommands and long options
};

// What a script must know to find the command that a line has come to.
struct Tree {
  std::vector<Level> levels;
  std::vector<std::string> commands;  // "/import/regions"
  std::vector<std::string> valued;    // "/import/regions/--history": the next word is its value
};

std::vector<std::string> NamesOf(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const auto& name : option.get_lnames()) names.push_back(Cat("--", name));
  for (const auto& name : option.get_snames()) names.push_back(Cat("-", name));
  return names;
}

void Walk(const CLI::App& app, const std::string& path, Tree& tree) {
  std::vector<std::string> words;
  const auto subs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* sub : subs) words.push_back(sub->get_name());
  for (const CLI::Option* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back(Cat("--", name));
    if (option->get_items_expected_max() == 0) continue;  // a flag
    for (const auto& name : NamesOf(*option)) tree.valued.push_back(Cat(path, "/", name));
  }
  tree.levels.push_back({path, absl::StrJoin(words, " ")});
  for (const CLI::App* sub : subs) {
    const std::string below = Cat(path, "/", sub->get_name());
    tree.commands.push_back(below);
    Walk(*sub, below, tree);
  }
}

// Walks over the words before the cursor to the command that they name (`at`): subcommands lead
// down, options with a value take the next word with them, and all else is passed over. bash makes
// words of their own of the equals signs.
constexpr char kPosix[] = R"(_bangfuctl() {
  local at= skip= word= known= i
  for ((i = $FIRST; i < $CURSOR; ++i)); do
    word=$WORD
    if [[ -n $skip ]]; then
      [[ $word == "=" ]] || skip=
      continue
    fi
    case $at/$word in
      $COMMANDS) at=$at/$word ;;
      $VALUED) skip=1 ;;
    esac
  done
  if [[ -z $skip ]]; then
    case $at in
$LEVELS    esac
  fi
$ANSWER}
$REGISTER
)";

constexpr char kFish[] = R"(function __bangfuctl_at
  set -l at ""
  set -l skip 0
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$at/$word"
      case $COMMANDS
        set at "$at/$word"
      case $VALUED
        set skip 1
    end
  end
  test $skip = 0 -a "$at" = "$argv[1]"
end
)";

std::string Posix(const Tree& tree, bool zsh) {
  std::string levels;
  for (const Level& level : tree.levels) {
    levels += Cat("      \"", level.path, "\") known=\"", level.words, "\" ;;\n");
  }
  return absl::StrReplaceAll(
      kPosix,
      {{"$FIRST", zsh ? "2" : "1"},
       {"$CURSOR", zsh ? "CURRENT" : "COMP_CWORD"},
       {"$WORD", zsh ? "${words[i]}" : "${COMP_WORDS[i]}"},
       {"$COMMANDS", absl::StrJoin(tree.commands, "|")},
       {"$VALUED", absl::StrJoin(tree.valued, "|")},
       {"$LEVELS", levels},
       {"$ANSWER", zsh ? "  compadd -- ${=known}\n  _files\n"
                       : "  word=${COMP_WORDS[COMP_CWORD]}\n  [[ $word == \"=\" ]] && word=\n"
                         "  COMPREPLY=($(compgen -W \"$known\" -- \"$word\") $(compgen -f -- "
                         "\"$word\"))\n"},
       {"$REGISTER", zsh ? "compdef _bangfuctl bangfuctl" : "complete -F _bangfuctl bangfuctl"}});
}

std::string Fish(const Tree& tree) {
  std::string script = absl::StrReplaceAll(kFish, {{"$COMMANDS", absl::StrJoin(tree.commands, " ")},
                                                   {"$VALUED", absl::StrJoin(tree.valued, " ")}});
  for (const Level& level : tree.levels) {
    script += Cat("complete -c bangfuctl -n \"__bangfuctl_at '", level.path, "'\" -a \"",
                  level.words, "\"\n");
  }
  return script;
}

}  // namespace

void AddCompletionCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("completion", "输出 bash、zsh 或 fish 的补全脚本");
  command->footer(
      "例: source <(bangfuctl completion)\n"
      "    source <(bangfuctl completion zsh)\n"
      "    bangfuctl completion fish | source");
  auto shell = std::make_shared<std::string>("bash");
  command->add_option("shell", *shell, "命令行解释器")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}))
      ->capture_default_str();
  command->callback([&app, shell] {
    Tree tree;
    Walk(app, "", tree);
    std::fputs((*shell == "fish" ? Fish(tree) : Posix(tree, *shell == "zsh")).c_str(), stdout);
  });
}

}  // namespace bangfu::ctl
