// The parts of a workbook that say what its sheets are made of, read piece by piece. Inside this
// folder only.
#pragma once

#include <expat.h>

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "common/table/table.h"
#include "common/table/xlsx_reader.h"

namespace bangfu::table {

inline constexpr int64_t kMaxRow = 1'048'576;

std::string_view Attribute(const char** attributes, std::string_view name);
// "BC12" -> column 54 (0-based), row 12.
bool ParseReference(std::string_view text, int64_t* row, int* column);

// Parses one part, piece by piece. Subclasses see local names only.
class PartParser {
 public:
  PartParser();
  virtual ~PartParser();
  PartParser(const PartParser&) = delete;
  PartParser& operator=(const PartParser&) = delete;

  absl::Status Feed(std::string_view bytes, bool last);
  bool done() const { return done_; }

 protected:
  virtual void Start(std::string_view name, const char** attributes) = 0;
  virtual void End(std::string_view name) = 0;
  virtual void Text(std::string_view) {}
  void Fail(absl::Status status);
  // What follows concerns nobody.
  void Done();

 private:
  XML_Parser parser_;
  absl::Status status_;
  int depth_ = 0;
  bool done_ = false;
};

struct SheetEntry {
  std::string name;
  std::string relation_id;
  bool visible = true;
};

class WorkbookParser : public PartParser {
 public:
  std::vector<SheetEntry> sheets;
  bool date1904 = false;

 protected:
  void Start(std::string_view name, const char** attributes) override;
  void End(std::string_view) override {}
};

class RelationsParser : public PartParser {
 public:
  std::map<std::string, std::string, std::less<>> targets;  // id -> target, internal ones only

 protected:
  void Start(std::string_view name, const char** attributes) override;
  void End(std::string_view) override {}
};

class SharedStringsParser : public PartParser {
 public:
  SharedStringsParser(std::vector<std::string>* strings, const ReadLimits& limits)
      : strings_(strings), limits_(limits) {}

 protected:
  void Start(std::string_view name, const char**) override;
  void End(std::string_view name) override;
  void Text(std::string_view text) override;

 private:
  std::vector<std::string>* strings_;
  const ReadLimits& limits_;
  std::string current_;
  int64_t bytes_ = 0;
  int phonetic_ = 0;
  bool in_text_ = false;
};

class StylesParser : public PartParser {
 public:
  explicit StylesParser(std::vector<bool>* date_style) : date_style_(date_style) {}

 protected:
  void Start(std::string_view name, const char** attributes) override;
  void End(std::string_view name) override;

 private:
  std::vector<bool>* date_style_;
  std::map<int, bool> custom_;
  bool in_cell_formats_ = false;
};

class MergeParser : public PartParser {
 public:
  MergeParser(std::vector<MergedRange>* merges, int64_t max) : merges_(merges), max_(max) {}

 protected:
  void Start(std::string_view name, const char** attributes) override;
  void End(std::string_view name) override;

 private:
  std::vector<MergedRange>* merges_;
  int64_t max_;
};

}  // namespace bangfu::table
