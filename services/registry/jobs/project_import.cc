#include "services/registry/jobs/project_import.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/base/digest.h"
#include "common/base/strings.h"
#include "common/base/text.h"
#include "common/printed/chinese.h"
#include "common/printed/region_matcher.h"
#include "common/printed/vocabulary.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "common/workflow/proto.h"
#include "services/registry/api/convert.h"
#include "services/registry/api/grant_scope.h"
#include "services/registry/api/project_writer.h"
#include "services/registry/api/region_index.h"
#include "services/registry/domain/intake/project_table.h"
#include "services/registry/domain/project.h"
#include "services/registry/jobs/project_record.h"
#include "services/registry/store/code_list_store.h"
#include "services/registry/store/import_store.h"
#include "services/registry/store/project_store.h"
#include "services/registry/store/taxonomy_store.h"

namespace bangfu::registry {
namespace {

using ::bangfu::intake::CommittedRow;
using ::bangfu::intake::Issue;
using ::bangfu::intake::Job;
using ::bangfu::intake::MakeIssue;
using ::bangfu::intake::StagedRow;
namespace outcome = ::bangfu::intake::v1;
using F = intake::ProjectField;

// Rows at the head of a file among which the header is looked for.
constexpr size_t kHeaderRows = 20;
// One long-form project at most; a longer run of one key is cut there.
constexpr size_t kLongestRun = 2000;
// Tables with a row per source are folded over so many rows at a time: sorted by source, the rows
// of one project stand far apart.
constexpr size_t kLongWindow = 4000;
// Texts beside the fields of one project at most, as the contract has it.
constexpr int kMostRawTexts = 100;

// Who registers projects one by one registers them by a table, too. The province's administrator
// keeps the reference data and edits no county's records (domain.md §2.0).
const std::vector<auth::Role>& Roles() {
  static const auto* roles = new std::vector<auth::Role>{
      options::v1::ROLE_VILLAGE_REPORTER, options::v1::ROLE_TOWNSHIP_REVIEWER,
      options::v1::ROLE_COUNTY_OPERATOR, options::v1::ROLE_SYSTEM_INTEGRATOR};
  return *roles;
}

// --- What a batch needs to know

struct Known {
  ProjectReferences references;
  std::map<std::string, Ulid> codes;
  std::map<ProjectName, Ulid> names;
};

ProjectName NameOf(const v1::Project& p, const std::string& path) {
  return {path, NameHash(p.year(), p.name())};
}

absl::StatusOr<Known> Learn(mysql::Executor& db, const std::vector<v1::Project*>& projects,
                            absl::Time now) {
  Known known;
  const std::vector<const v1::Project*> read(projects.begin(), projects.end());
  ASSIGN_OR_RETURN(known.references, LoadProjectReferences(db, read, now));
  std::vector<std::string> codes;
  std::vector<ProjectName> names;
  for (const v1::Project* p : read) {
    if (!p->project_code().empty()) codes.push_back(p->project_code());
    if (std::string path = PathOf(known.references, p->region_code()); !path.empty()) {
      names.push_back(NameOf(*p, path));
    }
  }
  ASSIGN_OR_RETURN(known.codes, FindProjectCodes(db, codes));
  ASSIGN_OR_RETURN(known.names, FindProjectNames(db, names));
  return known;
}

// What a row does not say stays as it is stored, and is checked with the row: codes, villages and
// records that only the stored project names are read, too.
absl::Status LearnOfStored(mysql::Executor& db, const std::vector<v1::Project*>& projects,
                           const std::vector<v1::Project>& stored, absl::Time now, Known* known) {
  std::vector<const v1::Project*> all(projects.begin(), projects.end());
  if (stored.empty()) return absl::OkStatus();
  for (const v1::Project& p : stored) all.push_back(&p);
  ASSIGN_OR_RETURN(known->references, LoadProjectReferences(db, all, now));
  return absl::OkStatus();
}

// The project that a row speaks of: by its number elsewhere, by our code, by place, year and name.
std::optional<Ulid> Find(const Known& known, const v1::Project& p) {
  for (const type::v1::ExternalId& e : p.external_ids()) {
    const auto found = known.references.external_ids.find({e.system(), e.id()});
    if (found != known.references.external_ids.end()) return found->second;
  }
  if (!p.project_code().empty()) {
    const auto found = known.codes.find(p.project_code());
    if (found != known.codes.end()) return found->second;
  }
  // A number elsewhere that is new is another project, whatever its name.
  if (p.external_ids_size() > 0) return std::nullopt;
  const auto found = known.names.find(NameOf(p, PathOf(known.references, p.region_code())));
  if (found == known.names.end()) return std::nullopt;
  return found->second;
}

// --- One row against what is stored

struct Verdict {
  outcome::RowOutcome result = outcome::ROW_OUTCOME_CREATED;
  std::vector<Issue> issues;
  v1::Project project;                // checked
  std::optional<v1::Project> before;  // of a change
  int editor_level = 5;
};

// Whether the row is written, or need not be.
bool Stands(const Verdict& v) {
  return v.result != outcome::ROW_OUTCOME_HELD && v.result != outcome::ROW_OUTCOME_REFUSED;
}

void Refuse(const absl::Status& status, Verdict* v) {
  const ErrorDetail detail = GetErrorDetail(status);
  static const std::set<std::string, std::less<>> kRefused = {
      "OUT_OF_SCOPE", "SCOPE_EXCLUDES", "REPORT_LOCKED", "CAMPAIGN_NOT_OPEN", "RESOURCE_NOT_FOUND"};
  v->result =
      kRefused.count(detail.reason) > 0 ? outcome::ROW_OUTCOME_REFUSED : outcome::ROW_OUTCOME_HELD;
  if (detail.violations.empty()) {
    v->issues.push_back(MakeIssue("", detail.reason, "", "", detail.message_zh));
    return;
  }
  for (const FieldViolation& violation : detail.violations) {
    std::string_view field = violation.field;
    ConsumePrefix(&field, "project.");
    v->issues.push_back(MakeIssue(field, detail.reason, "", "", violation.description));
  }
}

// `stored`: what Find gave, read; null: a new project.
Verdict Decide(const Job& job, const ProjectReferences& references, UlidGenerator& ids,
               const v1::Project& row, const v1::Project* stored) {
  Verdict v;
  const std::string path =
      stored != nullptr ? stored->region_path() : PathOf(references, row.region_code());
  if (!path.empty() && !auth::InScope(job.scope, path)) {
    v.result = outcome::ROW_OUTCOME_REFUSED;
    v.issues.push_back(MakeIssue("region", "REGION_FOREIGN", row.region_text(), row.region_code(),
                                 "不在您负责的区域内"));
    return v;
  }
  v.editor_level = EditorLevelAt(job.caller, Roles(), path, {});
  // What is written lies in the scope of the importer's grants, before and after.
  const auto in_scope = [&](const v1::Project& project) {
    const absl::Status status =
        workflow::CheckScope(job.caller, Roles(), path, FacetsOf(project, references.categories),
                             "写入该资金来源或产业的项目");
    if (status.ok()) return true;
    Refuse(status, &v);
    return false;
  };
  // Said of the row that it is about, before the rows are written together.
  const auto taken_in = [&] {
    const absl::Status status =
        CheckCoveredVillages(references, job.caller, Roles(), stored, v.project);
    if (status.ok()) return true;
    Refuse(status, &v);
    return false;
  };
  // All of them are kept, or the row waits: none is left out unseen.
  const auto texts_fit = [&] {
    if (v.project.raw_texts_size() <= kMostRawTexts) return true;
    v.result = outcome::ROW_OUTCOME_HELD;
    v.issues.push_back(MakeIssue(
        "raw_texts", "RAW_TEXTS_TOO_MANY", "", absl::StrCat(v.project.raw_texts_size()),
        Cat("一个项目最多保存", kMostRawTexts, "项原文，请删去表中与项目无关的列后重新导入")));
    return false;
  };
  ProjectCheckOptions options;
  options.scope = job.scope;
  options.editor_level = v.editor_level;
  options.data_quality = v1::DATA_QUALITY_IMPORTED;
  if (stored == nullptr) {
    v.project = row;
    v.project.clear_project_code();
    if (!texts_fit()) return v;
    if (const absl::Status status = CheckProject(references, options, ids, &v.project);
        !status.ok()) {
      Refuse(status, &v);
      return v;
    }
    if (in_scope(v.project)) (void)taken_in();
    return v;
  }
  v.before = *stored;
  v.project = MergeProject(*stored, row);
  // The department's cell was once taken for the implementing unit: the same table says nothing
  // new.
  if (stored->supervising_dept().empty() && row.implementing_org().empty() &&
      row.supervising_dept() == stored->implementing_org()) {
    v.project.clear_supervising_dept();
  }
  options.registering = false;
  options.own_id = OptionalId(stored->id());
  for (const v1::ContentItem& item : stored->content_items())
    options.own_items.insert(item.item_id());
  // Unchanged is unchanged, whoever may change it now.
  if (ToBytes(v.project) == ToBytes(*stored)) {
    v.result = outcome::ROW_OUTCOME_UNCHANGED;
    return v;
  }
  if (!texts_fit()) return v;
  if (const absl::Status status = CheckProject(references, options, ids, &v.project);
      !status.ok()) {
    Refuse(status, &v);
    return v;
  }
  if (ToBytes(v.project) == ToBytes(*stored)) {
    v.result = outcome::ROW_OUTCOME_UNCHANGED;
    return v;
  }
  if (!in_scope(*stored) || !in_scope(v.project)) return v;
  const auto only_texts = [&] {
    v1::Project before = *stored, after = v.project;
    before.clear_raw_texts();
    after.clear_raw_texts();
    return ToBytes(before) == ToBytes(after);
  };
  if ((stored->verification_state() == v1::VERIFICATION_STATE_DISPUTED && !only_texts()) ||
      (stored->verification_state() == v1::VERIFICATION_STATE_COUNTY_VERIFIED &&
       VerifiedFieldChanged(*stored, v.project))) {
    v.result = outcome::ROW_OUTCOME_HELD;
    v.issues.push_back(MakeIssue("", "VERIFIED_RECORD", "", stored->project_code(),
                                 "项目已经县级核实，表格与核实内容不一致，请逐项更正"));
    return v;
  }
  if (!taken_in()) return v;
  v.result = outcome::ROW_OUTCOME_UPDATED;
  return v;
}

absl::StatusOr<ImportWords> LoadWords(mysql::Session& db, absl::CivilDay today) {
  ImportWords words;
  ASSIGN_OR_RETURN(const std::vector<CodeRow> codes, LoadCodes(db));
  const auto name = [](const CodeRow& code, std::map<std::string, std::string>* into) {
    (*into)[code.name_zh] = code.code;
    (*into)[code.code] = code.code;
  };
  for (const CodeRow& code : codes) {
    if (code.list == "PROJECT_TYPE") {
      name(code, &words.types);
    } else if (code.list == "PROJECT_NATURE") {
      name(code, &words.natures);
    } else if (code.list == "CLASS_SYNONYM" && code.ValidOn(today)) {
      words.classes.push_back({code.name_zh, code.Attribute("class")});
    } else if (code.list == "LINKAGE_MODE") {
      name(code, &words.modes);
    } else if (code.list == "CONTENT_CATEGORY" && code.code != "OTHER") {
      words.content.emplace_back(code.name_zh, code.code);
    }
  }
  ASSIGN_OR_RETURN(const std::string version, CurrentTaxonomy(db));
  ASSIGN_OR_RETURN(const std::vector<CategoryRow> categories, LoadCategories(db, version));
  for (const CategoryRow& category : categories) {
    std::map<std::string, std::string>& into = category.level == 3 ? words.links : words.industries;
    into[category.name] = category.code;
    into[category.code] = category.code;
  }
  return words;
}

// --- The reader

class Reader final : public ::bangfu::intake::RowReader {
 public:
  Reader(const Job& job, mysql::Session& db, UlidGenerator& ids,
         std::shared_ptr<const printed::RegionMatcher> matcher, ImportWords words)
      : job_(job), db_(db), ids_(ids), matcher_(std::move(matcher)), words_(std::move(words)) {}

  absl::Status AddRows(const std::vector<table::InputRow>& rows,
                       std::vector<StagedRow>* out) override {
    size_t begin = 0;
    if (!parser_) {
      ASSIGN_OR_RETURN(begin, FindColumns(rows));
    }
    for (size_t i = begin; i < rows.size(); ++i) Take(rows[i]);
    return Flush(/*all=*/false, out);
  }

  absl::Status Finish(std::vector<StagedRow>* out) override {
    if (!parser_) {
      return Error(absl::StatusCode::kInvalidArgument, "TABLE_HEADER_NOT_FOUND").Zh("没有找到表头");
    }
    return Flush(/*all=*/true, out);
  }

 private:
  absl::StatusOr<size_t> FindColumns(const std::vector<table::InputRow>& rows) {
    std::vector<std::vector<std::string>> first;
    for (size_t i = 0; i < rows.size() && i < kHeaderRows; ++i) first.push_back(Cells(rows[i]));
    int header_rows = 0;
    ASSIGN_OR_RETURN(intake::ColumnMap columns, intake::FindHeader(first, &header_rows));
    if (!job_.default_money_unit.empty() && !StrContains(columns.title, "单位")) {
      columns.title += Cat("（单位：", job_.default_money_unit, "）");
    }
    for (size_t i = 0; i < columns.columns.size(); ++i) {
      const ExtraField extra = ExtraFieldOf(columns.columns[i].header);
      if (extra == ExtraField::kNone) continue;
      extras_[i] = extra;
      // 种植时间 is no year and 设计产能 no money, whatever the synonyms make of them.
      columns.columns[i].field = F::kElsewhere;
    }
    intake::ProjectTableParser::Options options;
    options.class_synonyms = words_.classes;
    long_ = columns.Has(F::kFundSource) && !columns.wide();
    ASSIGN_OR_RETURN(options.fill_down, intake::FillDownFields(columns, job_.fill_down));
    parser_ = std::make_unique<intake::ProjectTableParser>(std::move(columns), std::move(options));
    return static_cast<size_t>(header_rows);
  }

  static std::vector<std::string> Cells(const table::InputRow& row) {
    std::vector<std::string> cells;
    cells.reserve(row.cells.size());
    for (const table::InputCell& cell : row.cells) cells.push_back(cell.text);
    return cells;
  }

  void Take(const table::InputRow& row) {
    pending_.push_back(parser_->Parse(row.row_no, Cells(row)));
    std::map<ExtraField, std::string> extra;
    std::map<ExtraField, size_t> from;
    for (const auto& [column, field] : extras_) {
      if (column >= row.cells.size() || row.cells[column].text.empty()) continue;
      const std::string& text = row.cells[column].text;
      const auto [taken, first] = extra.emplace(field, text);
      if (first) {
        from[field] = column;
      } else if (taken->second != text) {
        parser_->KeepOther(column, text, parser_->ColumnName(from[field]), &pending_.back());
      }
    }
    if (!extra.empty()) extra_[row.row_no] = std::move(extra);
  }

  // Decides what is pending; the last project of a batch waits for rows that may belong to it.
  absl::Status Flush(bool all, std::vector<StagedRow>* out) {
    if (!all && long_ && pending_.size() < kLongWindow) return absl::OkStatus();
    size_t cut = pending_.size();
    if (!all && !pending_.empty()) {
      const std::string& last = pending_.back().key;
      while (cut > 0 && pending_[cut - 1].key == last && pending_.size() - cut < kLongestRun) --cut;
      if (pending_.size() - cut >= kLongestRun) cut = pending_.size();
    }
    std::vector<intake::ParsedProjectRow> rows(std::make_move_iterator(pending_.begin()),
                                               std::make_move_iterator(pending_.begin() + cut));
    pending_.erase(pending_.begin(), pending_.begin() + cut);
    if (rows.empty()) return absl::OkStatus();
    intake::FoldLongRows(&rows);
    intake::MarkProgrammeSources(&rows);
    // What is asked of the database is asked of a batch.
    for (size_t begin = 0; begin < rows.size(); begin += ::bangfu::intake::kBatchRows) {
      const size_t end = std::min(begin + ::bangfu::intake::kBatchRows, rows.size());
      std::vector<intake::ParsedProjectRow> batch(std::make_move_iterator(rows.begin() + begin),
                                                  std::make_move_iterator(rows.begin() + end));
      RETURN_IF_ERROR(Stage(&batch, out));
    }
    return absl::OkStatus();
  }

  absl::Status Stage(std::vector<intake::ParsedProjectRow>* rows, std::vector<StagedRow>* out) {
    std::vector<v1::Project> projects(rows->size());
    std::vector<v1::Project*> open;
    std::vector<std::string> wanted;
    for (size_t i = 0; i < rows->size(); ++i) {
      intake::ParsedProjectRow& row = (*rows)[i];
      intake::MatchRegion(*matcher_, &row);
      if (row.report.outcome == intake::RowOutcome::kRefused) continue;
      const auto extra = extra_.find(row.row_no);
      projects[i] = ProjectFromRow(
          extra == extra_.end() ? std::map<ExtraField, std::string>() : extra->second, words_,
          &row);
      if (!job_.campaign_id.is_zero()) projects[i].set_campaign_id(job_.campaign_id.ToString());
      projects[i].set_is_sample(job_.sample);
      if (const std::string_view code = Trim(row.Text(F::kProjectCode));
          !printed::IsDamagedCode(code)) {
        projects[i].set_project_code(printed::Normalize(code));
      }
      if (!row.operator_uscc.empty()) wanted.push_back(row.operator_uscc);
      if (row.report.outcome != intake::RowOutcome::kHeld) open.push_back(&projects[i]);
    }
    std::sort(wanted.begin(), wanted.end());
    wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
    ASSIGN_OR_RETURN(const auto operators, FindOperatorsByUscc(db_, wanted));
    for (size_t i = 0; i < rows->size(); ++i) {
      intake::ParsedProjectRow& row = (*rows)[i];
      if (row.operator_uscc.empty() || row.report.outcome == intake::RowOutcome::kRefused) continue;
      if (const auto found = operators.find(row.operator_uscc); found != operators.end()) {
        projects[i].set_operator_id(found->second.ToString());
        continue;
      }
      const std::string key(intake::ProjectFieldKey(F::kOperatorUscc));
      v1::RawText* raw = projects[i].add_raw_texts();
      raw->set_field(key);
      raw->set_text(row.operator_uscc);
      row.report.Add({key, "OPERATOR_UNKNOWN", row.operator_uscc, "",
                      Cat("该信用代码的运营主体尚未登记，未关联；请先登记",
                          row.operator_name.empty() ? "该主体" : Cat("“", row.operator_name, "”"),
                          "后重新导入"),
                      intake::IssueSeverity::kWarn});
    }
    ASSIGN_OR_RETURN(Known known, Learn(db_, open, job_.now));
    std::vector<std::optional<Ulid>> found(rows->size());
    std::vector<Ulid> stored_ids;
    for (size_t i = 0; i < rows->size(); ++i) {
      if ((*rows)[i].report.outcome >= intake::RowOutcome::kHeld) continue;
      found[i] = Find(known, projects[i]);
      if (found[i]) stored_ids.push_back(*found[i]);
    }
    ASSIGN_OR_RETURN(const std::vector<ProjectRow> stored_rows,
                     GetProjects(db_, stored_ids, {"36"}));
    std::map<Ulid, v1::Project> stored;
    std::vector<v1::Project> as_stored;
    for (const ProjectRow& row : stored_rows) {
      as_stored.push_back(ProjectOf(row));
      stored.emplace(row.id, as_stored.back());
    }
    RETURN_IF_ERROR(LearnOfStored(db_, open, as_stored, job_.now, &known));

    for (size_t i = 0; i < rows->size(); ++i) {
      intake::ParsedProjectRow& row = (*rows)[i];
      StagedRow staged;
      staged.row_no = row.row_no;
      const std::string_view name = row.Text(F::kProjectName);
      staged.key = Utf8Truncate(!projects[i].project_code().empty()
                                    ? projects[i].project_code()
                                    : Cat(name, " ", row.Text(F::kTownship), row.Text(F::kVillage),
                                          " ", row.Text(F::kYear)),
                                300);
      staged.outcome = outcome::ROW_OUTCOME_CREATED;
      if (row.report.outcome < intake::RowOutcome::kHeld) {
        Judge(known, found[i], stored, row, projects[i], &staged);
      }
      for (const intake::RowIssue& issue : row.report.issues) {
        staged.issues.push_back(
            MakeIssue(issue.field, issue.reason, issue.raw, issue.understood, issue.proposal_zh));
      }
      if (row.report.outcome == intake::RowOutcome::kHeld)
        staged.outcome = outcome::ROW_OUTCOME_HELD;
      if (row.report.outcome == intake::RowOutcome::kRefused)
        staged.outcome = outcome::ROW_OUTCOME_REFUSED;
      if (staged.outcome == outcome::ROW_OUTCOME_CREATED &&
          row.report.outcome == intake::RowOutcome::kWarned) {
        staged.outcome = outcome::ROW_OUTCOME_WARNED;
      }
      for (const int64_t folded : row.folded_rows) {
        StagedRow line;
        line.row_no = folded;
        line.key = staged.key;
        line.outcome = outcome::ROW_OUTCOME_UNCHANGED;
        line.issues.push_back(MakeIssue("", "FOLDED", "", absl::StrCat(row.row_no),
                                        Cat("与第", row.row_no, "行为同一项目，已合并")));
        out->push_back(std::move(line));
      }
      extra_.erase(row.row_no);
      out->push_back(std::move(staged));
    }
    return absl::OkStatus();
  }

  void Judge(const Known& known, const std::optional<Ulid>& found,
             const std::map<Ulid, v1::Project>& stored, const intake::ParsedProjectRow& row,
             v1::Project& project, StagedRow* staged) {
    // The same project twice in a file, wherever it stands.
    std::string key = found ? found->bytes() : "";
    if (!found && project.external_ids_size() > 0) {
      key = Cat(project.external_ids(0).system(), "|", project.external_ids(0).id());
    } else if (!found) {
      const ProjectName name = NameOf(project, PathOf(known.references, project.region_code()));
      key = Cat(name.region_path, name.name_hash);
    }
    const std::string digest = Sha256(key).substr(0, 8);
    const auto is_new_source = [&](const printed::DeclaredSource& source) {
      return seen_sources_.insert(Sha256(Cat(digest, MatchKey(source.raw))).substr(0, 8)).second;
    };
    const auto [first, is_new] = seen_.emplace(digest, row.row_no);
    if (!is_new) {
      staged->outcome = outcome::ROW_OUTCOME_HELD;
      const std::string where = Cat("第", first->second, "行");
      if (long_ && row.sources.items.size() == 1 && is_new_source(row.sources.items[0])) {
        staged->issues.push_back(
            MakeIssue("fund_source", "FURTHER_SOURCE", row.sources.items[0].raw,
                      Cat(where, "项目的另一笔资金来源"),
                      Cat("与", where, "为同一项目，但相隔过远未能合并，", where,
                          "的项目不含本行资金；请按项目排序后重新导入，或在该项目中补登这笔来源")));
      } else {
        staged->issues.push_back(MakeIssue("name", "DUPLICATE_ROW", project.name(),
                                           Cat("与", where, "相同"),
                                           "同一项目在表中重复出现，请确认"));
      }
      return;
    }
    if (long_) {
      for (const printed::DeclaredSource& source : row.sources.items) (void)is_new_source(source);
    }
    const auto before = found ? stored.find(*found) : stored.end();
    Verdict v = Decide(job_, known.references, ids_, project,
                       before == stored.end() ? nullptr : &before->second);
    staged->outcome = v.result;
    for (Issue& issue : v.issues) staged->issues.push_back(std::move(issue));
    if (!Stands(v)) return;
    staged->record_id = found ? *found : ids_.Next();
    if (!found) project.set_id(staged->record_id.ToString());
    project.set_region_path(PathOf(known.references, project.region_code()));
    staged->payload = ToBytes(project);
  }

  const Job& job_;
  mysql::Session& db_;
  UlidGenerator& ids_;
  const std::shared_ptr<const printed::RegionMatcher> matcher_;
  const ImportWords words_;
  std::unique_ptr<intake::ProjectTableParser> parser_;
  std::map<size_t, ExtraField> extras_;  // by column
  std::vector<intake::ParsedProjectRow> pending_;
  std::map<int64_t, std::map<ExtraField, std::string>> extra_;  // by row, of pending ones
  bool long_ = false;                                           // a row per source
  // By eight bytes of each project its row, and eight bytes of each of its sources.
  std::map<std::string, int64_t> seen_;
  std::set<std::string> seen_sources_;
};

// --- The kind

class ProjectImport final : public ::bangfu::intake::Kind {
 public:
  explicit ProjectImport(UlidGenerator& ids) : ids_(ids) {}

  std::string_view name() const override { return "projects"; }
  std::vector<auth::Role> roles() const override { return Roles(); }

  absl::Status CheckFillDown(const std::vector<std::string>& headers) const override {
    for (const std::string& header : headers) {
      const F field = intake::FieldOfHeader(header);
      // What is not known may be called so in the table, by a header above it.
      if (header.empty() || ExtraFieldOf(header) != ExtraField::kNone ||
          (field != F::kIgnored && !intake::MayFillDown(field))) {
        return intake::FillDownNotAllowed(header);
      }
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<::bangfu::intake::RowReader>> NewReader(
      const Job& job, mysql::Session& db) override {
    ASSIGN_OR_RETURN(auto matcher, regions_.Matcher(db));
    ASSIGN_OR_RETURN(ImportWords words, LoadWords(db, ShanghaiDay(job.now)));
    return std::make_unique<Reader>(job, db, ids_, std::move(matcher), std::move(words));
  }

  absl::StatusOr<std::vector<CommittedRow>> CommitChunk(
      mysql::Tx& tx, const Job& job, const std::vector<StagedRow>& rows) override {
    std::vector<v1::Project> projects(rows.size());
    std::vector<v1::Project*> open;
    std::set<std::string> counties;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].payload.empty()) continue;
      projects[i] = FromBytes<v1::Project>(rows[i].payload);
      counties.insert(projects[i].region_path().substr(0, 6));
      open.push_back(&projects[i]);
    }
    // Imports of one county follow each other: what one has created, the next finds.
    for (const std::string& county : counties) {
      RETURN_IF_ERROR(ClaimSequence(tx, county, /*year=*/0, 1).status());
    }
    ASSIGN_OR_RETURN(Known known, Learn(tx, open, job.now));
    std::vector<std::optional<Ulid>> found(rows.size());
    std::vector<Ulid> stored_ids;
    for (size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].payload.empty()) continue;
      found[i] = Find(known, projects[i]);
      if (found[i]) stored_ids.push_back(*found[i]);
    }
    ASSIGN_OR_RETURN(const auto stored_rows, LockProjects(tx, stored_ids));
    std::vector<v1::Project> as_stored;
    for (const auto& [id, row] : stored_rows) as_stored.push_back(ProjectOf(row));
    RETURN_IF_ERROR(LearnOfStored(tx, open, as_stored, job.now, &known));
    std::vector<CommittedRow> out(rows.size());
    std::vector<ProjectChange> changes;
    const Job checked = job.ByValidator();
    for (size_t i = 0; i < rows.size(); ++i) {
      out[i].outcome = rows[i].outcome;
      out[i].record_id = rows[i].record_id;
      if (rows[i].payload.empty()) continue;
      std::optional<v1::Project> stored;
      if (found[i]) {
        if (const auto row = stored_rows.find(*found[i]); row != stored_rows.end())
          stored = ProjectOf(row->second);
      }
      const v1::Project* const before = stored ? &*stored : nullptr;
      Verdict v = Decide(job, known.references, ids_, projects[i], before);
      if (found[i]) out[i].record_id = *found[i];
      // A warning stays what it is when the row comes out as foreseen.
      if (v.result != outcome::ROW_OUTCOME_CREATED ||
          rows[i].outcome != outcome::ROW_OUTCOME_WARNED) {
        out[i].outcome = v.result;
      }
      if (!Stands(v)) {
        // Nothing is wrong with a row that only the grants of whoever commits leave out.
        if (Stands(Decide(checked, known.references, ids_, projects[i], before))) {
          out[i].not_covered = true;
          return out;
        }
        out[i].more_issues = std::move(v.issues);
        continue;
      }
      if (v.result == outcome::ROW_OUTCOME_UNCHANGED) continue;
      ProjectChange change;
      change.project = std::move(v.project);
      change.before = std::move(v.before);
      change.editor_level = v.editor_level;
      change.reason = Cat("导入 ", job.file_name.empty() ? job.batch_id : job.file_name);
      changes.push_back(std::move(change));
    }
    const Author author{job.caller,   Roles(), "ImportService.CommitImport",
                        job.batch_id, job.now, ids_};
    RETURN_IF_ERROR(WriteProjects(tx, author, known.references, &changes));
    return out;
  }

 private:
  UlidGenerator& ids_;
  RegionIndex regions_;
};

}  // namespace

std::unique_ptr<::bangfu::intake::Kind> MakeProjectImport(UlidGenerator& ids) {
  return std::make_unique<ProjectImport>(ids);
}

}  // namespace bangfu::registry
