#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "common/status/error.h"
#include "google/protobuf/message.h"
#include "services/asset/api/convert.h"
#include "services/asset/jobs/asset_import_internal.h"

namespace bangfu::asset::imports {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Whether the message has a value at the path of a raw text: owners, maintenance.rules.
bool Has(const Message& message, std::string_view path) {
  const size_t dot = path.find('.');
  const FieldDescriptor* field =
      message.GetDescriptor()->FindFieldByName(std::string(path.substr(0, dot)));
  if (field == nullptr) return false;
  const Reflection& of = *message.GetReflection();
  if (field->is_repeated()) return of.FieldSize(message, field) > 0;
  if (!of.HasField(message, field)) return false;
  if (dot == std::string_view::npos) return true;
  return field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE &&
         Has(of.GetMessage(message, field), path.substr(dot + 1));
}

bool Has(const v1::Asset& asset, std::string_view path) {
  return Has(asset.details(), path) || Has(asset.use(), path) ||
         Has(static_cast<const Message&>(asset), path);
}

const v1::AssetRawText* TextOf(const v1::AssetDetails& details, std::string_view field) {
  for (const v1::AssetRawText& raw : details.raw_texts()) {
    if (raw.field() == field) return &raw;
  }
  return nullptr;
}

bool Exact(const v1::AssetRawText& raw) {
  return raw.parse_state() == type::v1::AMOUNT_PARSE_STATE_EXACT;
}

// The table's own words for the field, not what was made of others.
bool States(const v1::AssetDetails& table, std::string_view field) {
  const v1::AssetRawText* raw = TextOf(table, field);
  return raw != nullptr && Exact(*raw);
}

// The fields of which a table may give less than is known by now.
constexpr std::string_view kPartly[] = {"formed_date", "planting_date", "owners",
                                        "income_right_holders"};

bool DayBegins(const google::type::Date& date, const std::string& understood) {
  std::vector<FieldViolation> ignored;
  const std::optional<absl::CivilDay> day = api::DayFrom(date, "", &ignored);
  return day && !understood.empty() && HasPrefix(absl::FormatCivilTime(*day), understood);
}

template <typename Shares>
bool AllShared(const Shares& all) {
  return !all.empty() &&
         std::all_of(all.begin(), all.end(), [](const auto& one) { return one.share_bp() > 0; });
}

// Somebody has filled in the whole day, or all shares, of which the table still prints a part.
bool KnownBetter(const v1::AssetDetails& before, const v1::AssetDetails& table,
                 std::string_view field) {
  const v1::AssetRawText* raw = TextOf(table, field);
  if (raw == nullptr || Exact(*raw) || TextOf(before, field) != nullptr) return false;
  if (field == "formed_date") return DayBegins(before.formed_date(), raw->understood());
  if (field == "planting_date") return DayBegins(before.planting_date(), raw->understood());
  if (field == "owners") return AllShared(before.owners());
  if (field == "income_right_holders") return AllShared(before.income_right_holders());
  return false;
}

bool SameOwners(const v1::AssetDetails& a, const v1::AssetDetails& b, bool shares) {
  return std::equal(a.owners().begin(), a.owners().end(), b.owners().begin(), b.owners().end(),
                    [&](const v1::AssetOwner& one, const v1::AssetOwner& other) {
                      return one.name() == other.name() && one.level() == other.level() &&
                             (!shares || one.share_bp() == other.share_bp());
                    });
}

bool ExactValue(const v1::AssetDetails& details) {
  return details.value_state() == type::v1::AMOUNT_PARSE_STATE_EXACT ||
         details.value_state() == type::v1::AMOUNT_PARSE_STATE_UNSPECIFIED;
}

// What the sources of the table are beside a value that is known better than the table prints it.
void FundsOfKnownValue(const v1::AssetDetails& before, const v1::AssetDetails& table,
                       v1::AssetDetails* out) {
  if (table.fund_sources_size() == 0) return;
  const auto funded = [&](const v1::AssetFunding& one) {
    return std::any_of(
        before.fund_sources().begin(), before.fund_sources().end(),
        [&](const v1::AssetFunding& known) { return known.source_code() == one.source_code(); });
  };
  if (FundingAddsUp(before) &&
      std::all_of(table.fund_sources().begin(), table.fund_sources().end(), funded)) {
    *out->mutable_fund_sources() = before.fund_sources();
  } else if (table.fund_sources_size() == 1 &&
             table.fund_sources(0).amount_fen() == table.original_value_fen()) {
    out->mutable_fund_sources(0)->set_amount_fen(out->original_value_fen());
  }
}

// The table's texts first, then those of fields that it is silent on.
void MergeTexts(const v1::Asset& stored, const v1::Asset& table, v1::AssetDetails* out) {
  const v1::AssetDetails& before = stored.details();
  const v1::AssetDetails& said = table.details();
  out->clear_raw_texts();
  for (const v1::AssetRawText& raw : said.raw_texts()) {
    // What was asked for and has been filled in is not asked for again.
    const bool answered = !Exact(raw) && TextOf(before, raw.field()) == nullptr &&
                          Has(stored, raw.field()) && !Has(said, raw.field());
    const bool known = KnownBetter(before, said, raw.field());
    if (!answered && !known) *out->add_raw_texts() = raw;
  }
  for (const v1::AssetRawText& raw : before.raw_texts()) {
    if (out->raw_texts_size() >= kMostRawTexts) break;
    const bool given = Has(said, raw.field()) || Has(table.use(), raw.field());
    if (TextOf(said, raw.field()) == nullptr && !given) *out->add_raw_texts() = raw;
  }
}

}  // namespace

bool OwnersStand(const v1::Asset& stored, const v1::Asset& table) {
  if (stored.title_status() != v1::TITLE_STATUS_REGISTERED &&
      stored.title_status() != v1::TITLE_STATUS_DISPUTED) {
    return false;
  }
  const v1::AssetDetails& before = stored.details();
  const v1::AssetDetails& said = table.details();
  if (before.owners().empty() || said.owners().empty() || KnownBetter(before, said, "owners")) {
    return false;
  }
  // The shares that were missing are no other owners.
  return !SameOwners(before, said, /*shares=*/AllShared(before.owners()));
}

bool ValueInDoubt(const v1::Asset& stored, const v1::Asset& table) {
  return ExactValue(stored.details()) && !ExactValue(table.details()) &&
         stored.details().original_value_text() != table.details().original_value_text();
}

v1::AssetDetails Merge(const v1::Asset& stored, const v1::Asset& table) {
  if (OwnersStand(stored, table)) {
    v1::Asset others = table;
    v1::AssetDetails& said = *others.mutable_details();
    said.clear_owners();
    auto& texts = *said.mutable_raw_texts();
    texts.erase(std::remove_if(texts.begin(), texts.end(),
                               [](const v1::AssetRawText& raw) { return raw.field() == "owners"; }),
                texts.end());
    return Merge(stored, others);
  }
  const v1::AssetDetails& before = stored.details();
  v1::AssetDetails given = table.details();
  given.clear_raw_texts();
  given.clear_region_code();  // as filed, never changed
  // What was concluded from other cells takes no place of what is there.
  if (before.asset_class() != v1::ASSET_CLASS_UNSPECIFIED &&
      !States(table.details(), "asset_class")) {
    given.clear_asset_class();
  }
  if (before.asset_form() != v1::ASSET_FORM_UNSPECIFIED && !States(table.details(), "asset_form")) {
    given.clear_asset_form();
  }
  const Reflection& of = *given.GetReflection();
  for (const std::string_view field : kPartly) {
    if (!KnownBetter(before, table.details(), field)) continue;
    of.ClearField(&given, given.GetDescriptor()->FindFieldByName(std::string(field)));
  }

  // A table names one project; the shares of several were entered by hand.
  if (given.source_projects_size() == 1 &&
      std::any_of(before.source_projects().begin(), before.source_projects().end(),
                  [&](const v1::SourceProject& known) {
                    return known.project_id() == given.source_projects(0).project_id();
                  })) {
    given.clear_source_projects();
  }

  v1::AssetDetails out = before;
  std::vector<const FieldDescriptor*> fields;
  of.ListFields(given, &fields);
  for (const FieldDescriptor* field : fields) {
    // Of the upkeep, the table may give a part.
    if (field->name() != "maintenance") of.ClearField(&out, field);
  }
  out.MergeFrom(given);
  // A zero and a no that the table states are not among the fields that are set.
  if (States(table.details(), "insured")) out.set_insured(given.insured());
  // The value is always stated, and what was split off belongs to it.
  // An exact one makes room for an exact one only.
  const bool known = ExactValue(before) && !ExactValue(given);
  const v1::AssetDetails& value = known ? before : given;
  out.set_original_value_fen(value.original_value_fen());
  out.set_value_state(value.value_state());
  out.set_expensed_fen(value.expensed_fen());
  if (known) FundsOfKnownValue(before, given, &out);
  // The one source that has paid all has paid what the value is now.
  if (given.fund_sources_size() == 0 && out.fund_sources_size() == 1 &&
      out.fund_sources(0).amount_fen() == before.original_value_fen()) {
    out.mutable_fund_sources(0)->set_amount_fen(out.original_value_fen());
  }
  MergeTexts(stored, table, &out);
  return out;
}

bool FundingAddsUp(const v1::AssetDetails& details) {
  int64_t sum = 0;
  for (const v1::AssetFunding& funding : details.fund_sources()) sum += funding.amount_fen();
  return details.fund_sources().empty() || sum == details.original_value_fen();
}

}  // namespace bangfu::asset::imports
