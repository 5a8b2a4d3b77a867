// One step of a schema's history. A stream is the history of one owner: a service, or a common room
// whose tables every schema has; streams are versioned apart from each other.
#pragma once

#include <string>
#include <vector>

namespace bangfu::migrate {

struct Migration {
  std::string stream;  // "registry", "audit", "feed" …
  int version = 0;     // from 1, increasing within the stream
  std::string name;    // "create_project"
  std::string sql;     // statements, each ending with ";" at the end of a line
};

using Migrations = std::vector<Migration>;

// One list of several, in the order given.
template <typename... Lists>
Migrations Concat(const Lists&... lists) {
  Migrations out;
  (out.insert(out.end(), lists.begin(), lists.end()), ...);
  return out;
}

}  // namespace bangfu::migrate
