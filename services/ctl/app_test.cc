#include "services/ctl/app.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/base/strings.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace bangfu::ctl {
namespace {

using Words = std::vector<std::string>;

// Calls `each` with every command below `app` and the names that lead to it.
void Walk(CLI::App& app, const Words& above,
          const std::function<void(CLI::App&, const Words&)>& each) {
  for (CLI::App* sub : app.get_subcommands([](const CLI::App*) { return true; })) {
    Words path = above;
    path.push_back(sub->get_name());
    each(*sub, path);
    Walk(*sub, path, each);
  }
}

// The words of a line as a shell takes them; ends where the shell goes on by itself: > | ).
Words WordsOf(std::string_view line) {
  Words words;
  std::string word;
  bool in_word = false;
  bool quoted = false;
  for (const char c : line) {
    if (c == '\'') {
      quoted = !quoted;
      in_word = true;
    } else if (quoted) {
      word += c;
    } else if (c == '>' || c == '|' || c == ')') {
      break;
    } else if (c != ' ') {
      word += c;
      in_word = true;
    } else if (in_word) {
      words.push_back(std::exchange(word, ""));
      in_word = false;
    }
  }
  if (in_word) words.push_back(word);
  return words;
}

// The examples in a command's help, without the program's name.
std::vector<Words> ExamplesOf(const CLI::App& app) {
  std::vector<Words> examples;
  const std::vector<std::string> lines = absl::StrSplit(app.get_footer(), '\n');
  for (const std::string_view line : lines) {
    const size_t at = line.find("bangfuctl ");
    if (at == std::string_view::npos) continue;
    Words words = WordsOf(line.substr(at));
    words.erase(words.begin());
    examples.push_back(std::move(words));
  }
  return examples;
}

// The command that a line names, by the names that lead to it; empty when it is a usage error.
Words Parsed(Words words, std::string* error) {
  CommandLine line;
  CLI::App& app = line.commands();
  // When the line is known to be right, and before a command runs.
  app.parse_complete_callback([] { throw CLI::Success(); });
  std::reverse(words.begin(), words.end());  // as the library takes them
  try {
    app.parse(words);
  } catch (const CLI::Success&) {
  } catch (const CLI::ParseError& e) {
    *error = e.what();
    return {};
  }
  Words path;
  for (const CLI::App* at = &app; !at->get_subcommands().empty();) {
    at = at->get_subcommands().front();
    path.push_back(at->get_name());
  }
  return path;
}

TEST(AppTest, EveryCommandHasAnExampleThatIsRight) {
  CommandLine line;
  std::set<std::string> commands;
  std::set<std::string> shown;
  const auto look = [&](CLI::App& app, const Words& path) {
    const bool is_group = !app.get_subcommands([](const CLI::App*) { return true; }).empty();
    if (!is_group) commands.insert(absl::StrJoin(path, " "));
    // A group without a footer of its own has that of the one above.
    if (app.get_parent() != nullptr && app.get_footer() == app.get_parent()->get_footer()) return;
    for (const Words& example : ExamplesOf(app)) {
      std::string error;
      const Words named = Parsed(example, &error);
      EXPECT_FALSE(named.empty()) << absl::StrJoin(example, " ") << ": " << error;
      // The help of a command is about that command.
      EXPECT_EQ(Words(named.begin(),
                      named.begin() + static_cast<long>(std::min(path.size(), named.size()))),
                path)
          << absl::StrJoin(example, " ");
      shown.insert(absl::StrJoin(named, " "));
    }
  };
  look(line.commands(), {});
  Walk(line.commands(), {}, look);
  for (const std::string& command : commands) {
    EXPECT_TRUE(shown.contains(command)) << command << " has no example";
  }
}

TEST(AppTest, AUsageErrorIsToldInJsonWhenThatIsAskedFor) {
  const char* wrong[] = {"bangfuctl", "evaluate", "--no-such-option", "--json"};
  testing::internal::CaptureStderr();
  EXPECT_EQ(CommandLine().Run(4, wrong), kExitUsage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("\"reason\":\"USAGE\""));
  testing::internal::CaptureStderr();
  EXPECT_EQ(CommandLine().Run(3, wrong), kExitUsage);
  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              testing::Not(testing::HasSubstr("\"reason\"")));
}

}  // namespace
}  // namespace bangfu::ctl
