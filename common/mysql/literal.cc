// Values written into statements. Safe because every session fixes its sql_mode (no
// NO_BACKSLASH_ESCAPES, no ANSI_QUOTES) and its character set (utf8mb4, no multi-byte character
// holds a byte of ASCII).
#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/mysql/session.h"
#include "common/status/error.h"

namespace bangfu::mysql {
namespace {

void AppendLiteral(const Param& value, std::string* out) {
  if (const int64_t* n = std::get_if<int64_t>(&value.storage())) {
    absl::StrAppend(out, *n);
    return;
  }
  const std::string* s = std::get_if<std::string>(&value.storage());
  if (s == nullptr) {
    out->append("NULL");
    return;
  }
  if (!IsValidUtf8(*s)) {  // BINARY: a quoted literal must be well-formed text
    out->append("x'").append(HexEncode(*s)).append("'");
    return;
  }
  out->push_back('\'');
  for (char c : *s) {
    switch (c) {
      case '\0': out->append("\\0"); break;
      case '\'': out->append("\\'"); break;
      case '"': out->append("\\\""); break;
      case '\\': out->append("\\\\"); break;
      case '\n': out->append("\\n"); break;
      case '\r': out->append("\\r"); break;
      case '\x1a': out->append("\\Z"); break;
      default: out->push_back(c);
    }
  }
  out->push_back('\'');
}

// The position after the quoted text, comment or single character that starts at `i`.
size_t SkipToken(std::string_view sql, size_t i) {
  const char c = sql[i];
  if (c == '\'' || c == '"' || c == '`') {
    for (size_t j = i + 1; j < sql.size(); ++j) {
      if (sql[j] == '\\' && c != '`') {
        ++j;
      } else if (sql[j] == c) {
        return j + 1;  // a doubled quote just starts the next quoted text
      }
    }
    return sql.size();
  }
  const std::string_view rest = sql.substr(i);
  size_t end = std::string_view::npos;
  if (rest.starts_with("-- ") || rest.starts_with("--\n") || c == '#') {
    end = sql.find('\n', i);
    return end == std::string_view::npos ? sql.size() : end + 1;
  }
  if (rest.starts_with("/*")) {
    end = sql.find("*/", i + 2);
    return end == std::string_view::npos ? sql.size() : end + 2;
  }
  return i + 1;
}

}  // namespace

std::string Literal(const Param& value) {
  std::string out;
  AppendLiteral(value, &out);
  return out;
}

absl::StatusOr<std::string> Interpolate(std::string_view sql, const Params& params) {
  if (params.empty()) return std::string(sql);
  std::string out;
  out.reserve(sql.size() + params.size() * 24);
  size_t used = 0;
  for (size_t i = 0; i < sql.size();) {
    if (sql[i] == '?') {
      if (used < params.size()) AppendLiteral(params[used], &out);
      ++used;
      ++i;
      continue;
    }
    const size_t end = SkipToken(sql, i);
    out.append(sql.substr(i, end - i));
    i = end;
  }
  if (used != params.size()) {
    return Error(absl::StatusCode::kInternal, "DATABASE_ERROR")
        .Message(absl::StrCat("statement has ", used, " placeholders, given ", params.size(),
                              " values"));
  }
  return out;
}

std::vector<std::string> SplitStatements(std::string_view sql) {
  std::vector<std::string> out;
  auto add = [&](std::string_view text) {
    // Comments alone are no statement.
    size_t i = 0;
    while (i < text.size()) {
      if (text[i] == ' ' || text[i] == '\n' || text[i] == '\r' || text[i] == '\t') {
        ++i;
      } else if (text.substr(i).starts_with("--") || text[i] == '#' ||
                 text.substr(i).starts_with("/*")) {
        i = std::max(SkipToken(text, i), i + 1);
      } else {
        break;
      }
    }
    if (i < text.size()) out.emplace_back(text.substr(i));
  };
  size_t begin = 0;
  for (size_t i = 0; i < sql.size();) {
    if (sql[i] == ';') {
      size_t end = i + 1;
      while (end < sql.size() && (sql[end] == ' ' || sql[end] == '\r' || sql[end] == '\t')) ++end;
      if (end == sql.size() || sql[end] == '\n' || sql.substr(end).starts_with("--")) {
        add(sql.substr(begin, i - begin));
        begin = end;
      }
      i = end;
      continue;
    }
    i = SkipToken(sql, i);
  }
  add(sql.substr(begin));
  return out;
}

std::string Placeholders(size_t n) {
  std::string out;
  for (size_t i = 0; i < n; ++i) out.append(i == 0 ? "?" : ", ?");
  return out;
}

std::string RegionClause(const std::vector<std::string>& prefixes, std::string_view column,
                         Params* params) {
  if (prefixes.empty()) return "FALSE";
  std::string out = "(";
  for (const std::string& prefix : prefixes) {
    if (out.size() > 1) out.append(" OR ");
    absl::StrAppend(&out, "(", AbslView(column), " >= ? AND ", AbslView(column), " < ?)");
    params->emplace_back(prefix);
    // After every digit and letter that could follow the prefix in a path.
    params->emplace_back(absl::StrCat(prefix, "~"));
  }
  out.push_back(')');
  return out;
}

absl::StatusOr<int64_t> BulkInsert(Executor& db, std::string_view table, std::string_view columns,
                                   const std::vector<Params>& rows, std::string_view suffix,
                                   std::string_view verb) {
  const bool bare = columns.empty() || columns.front() != '(';
  const std::string head = absl::StrCat(AbslView(verb), " ", AbslView(table), bare ? " (" : " ", AbslView(columns),
                                        bare ? ") VALUES " : " VALUES ");
  const size_t limit = db.max_statement_bytes();
  int64_t affected = 0;
  std::string sql;
  auto flush = [&]() -> absl::Status {
    if (!suffix.empty()) absl::StrAppend(&sql, " ", AbslView(suffix));
    absl::StatusOr<int64_t> n = db.ExecuteOnce(sql);
    sql.clear();
    if (!n.ok()) return n.status();
    affected += *n;
    return absl::OkStatus();
  };
  std::string tuple;
  for (const Params& row : rows) {
    if (row.size() != rows.front().size()) {
      return Error(absl::StatusCode::kInternal, "DATABASE_ERROR")
          .Message("rows of a bulk insert differ in width");
    }
    tuple.assign("(");
    for (size_t i = 0; i < row.size(); ++i) {
      if (i > 0) tuple.push_back(',');
      AppendLiteral(row[i], &tuple);
    }
    tuple.push_back(')');
    if (!sql.empty() && sql.size() + tuple.size() + suffix.size() + 2 > limit) {
      absl::Status status = flush();
      if (!status.ok()) return status;
    }
    sql.append(sql.empty() ? head : ",").append(tuple);
  }
  if (!sql.empty()) {
    absl::Status status = flush();
    if (!status.ok()) return status;
  }
  return affected;
}

}  // namespace bangfu::mysql
