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

v1::AssetDetails Merge(const v1::Asset& stored, const v1::Asset& table) {
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
  const bool said_before = before.value_state() == type::v1::AMOUNT_PARSE_STATE_EXACT &&
                           given.value_state() != type::v1::AMOUNT_PARSE_STATE_EXACT &&
                           before.original_value_text() == given.original_value_text();
  const v1::AssetDetails& value = said_before ? before : given;
  out.set_original_value_fen(value.original_value_fen());
  out.set_value_state(value.value_state());
  out.set_expensed_fen(value.expensed_fen());
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
