// Values written into statements. Safe because every session fixes its sql_mode (no
// NO_BACKSLASH_ESCAPES, no ANSI_QUOTES) and its character set (utf8mb4, no multi-byte character
// holds a byte of ASCII).
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/mysql/session.h"
#include "common/status/error.h"

namespace bangfu::mysql {
namespace {

constexpr size_t kMaxPreparedBytes = 64 << 10;

// Well-formed UTF-8 (no overlong forms, no surrogates), text in runs of ASCII eight bytes at a
// time.
bool IsText(std::string_view s) {
  size_t i = 0;
  while (i < s.size()) {
    uint64_t word;
    while (i + sizeof(word) <= s.size()) {
      std::memcpy(&word, s.data() + i, sizeof(word));
      if ((word & 0x8080808080808080u) != 0) break;
      i += sizeof(word);
    }
    if (i == s.size()) break;
    const auto lead = static_cast<unsigned char>(s[i]);
    if (lead < 0x80) {
      ++i;
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || i + length > s.size()) return false;
    const auto second = static_cast<unsigned char>(s[i + 1]);
    const unsigned low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return false;
    for (size_t k = 2; k < length; ++k) {
      if ((static_cast<unsigned char>(s[i + k]) & 0xc0) != 0x80) return false;
    }
    i += length;
  }
  return true;
}

// What stands after a backslash for a byte that must not stand bare; 0 for all others.
char EscapeOf(char c) {
  switch (c) {
    case '\0':
      return '0';
    case '\'':
      return '\'';
    case '"':
      return '"';
    case '\\':
      return '\\';
    case '\n':
      return 'n';
    case '\r':
      return 'r';
    case '\x1a':
      return 'Z';
    default:
      return 0;
  }
}

constexpr std::array<bool, 256> MakeNeedsEscape() {
  std::array<bool, 256> out{};
  for (unsigned char c : {0x00, 0x27, 0x22, 0x5c, 0x0a, 0x0d, 0x1a}) out[c] = true;
  return out;
}
constexpr std::array<bool, 256> kNeedsEscape = MakeNeedsEscape();

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
  if (!IsText(*s)) {  // BINARY: a quoted literal must be well-formed text
    out->append("x'").append(HexEncode(*s)).append("'");
    return;
  }
  out->push_back('\'');
  size_t begin = 0;
  for (size_t i = 0; i < s->size(); ++i) {
    if (!kNeedsEscape[static_cast<unsigned char>((*s)[i])]) continue;
    out->append(*s, begin, i - begin);
    out->push_back('\\');
    out->push_back(EscapeOf((*s)[i]));
    begin = i + 1;
  }
  out->append(*s, begin, s->size() - begin);
  out->push_back('\'');
}

// Whether a row is worth a prepared statement: of long values the server is spared little reading,
// and the driver copies each once more.
bool IsShort(const Params& row) {
  size_t bytes = 0;
  for (const Param& value : row) {
    if (const auto* text = std::get_if<std::string>(&value.storage())) bytes += text->size();
  }
  return bytes <= kMaxPreparedBytes;
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
  const std::string head = absl::StrCat(AbslView(verb), " ", AbslView(table), bare ? " (" : " ",
                                        AbslView(columns), bare ? ") VALUES " : " VALUES ");
  if (rows.size() == 1 && rows[0].size() <= kMaxPreparedParams && IsShort(rows[0])) {
    return db.Execute(absl::StrCat(head, "(", Placeholders(rows[0].size()), ")",
                                   suffix.empty() ? "" : " ", AbslView(suffix)),
                      rows[0]);
  }
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
