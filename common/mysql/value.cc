#include "common/mysql/value.h"

#include <charconv>
#include <system_error>

namespace bangfu::mysql {
namespace {

constexpr char kLastInstant[] = "9999-12-31 23:59:59.999999";

// Instants stand in every row that is written, so no format string is read for them.
void PutDigits(int64_t value, size_t pos, size_t digits, std::string* out) {
  for (size_t i = pos + digits; i > pos; value /= 10) {
    (*out)[--i] = static_cast<char>('0' + value % 10);
  }
}

std::string FormatDay(absl::CivilDay day) {
  // No column takes other years: the server refuses them as they are.
  if (day.year() < 0 || day.year() > 9999) return absl::FormatCivilTime(day);
  std::string out = "0000-00-00";
  PutDigits(day.year(), 0, 4, &out);
  PutDigits(day.month(), 5, 2, &out);
  PutDigits(day.day(), 8, 2, &out);
  return out;
}

std::string FormatInstant(absl::Time t) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  const absl::CivilSecond second = absl::ToCivilSecond(t, utc);
  const int64_t micros = absl::ToInt64Microseconds(
      absl::Floor(t - absl::FromCivil(second, utc), absl::Microseconds(1)));
  std::string time = " 00:00:00.000000";
  PutDigits(second.hour(), 1, 2, &time);
  PutDigits(second.minute(), 4, 2, &time);
  PutDigits(second.second(), 7, 2, &time);
  PutDigits(micros, 10, 6, &time);
  return FormatDay(absl::CivilDay(second)) + time;
}

// Reads up to `digits` digits at `pos`; false when there is none.
bool Digits(std::string_view text, size_t pos, size_t digits, int* out) {
  if (pos + digits > text.size()) return false;
  const char* begin = text.data() + pos;
  auto [end, error] = std::from_chars(begin, begin + digits, *out);
  return error == std::errc() && end == begin + digits;
}

bool ParseDay(std::string_view text, absl::CivilDay* day) {
  int y = 0, m = 0, d = 0;
  if (!Digits(text, 0, 4, &y) || !Digits(text, 5, 2, &m) || !Digits(text, 8, 2, &d)) return false;
  *day = absl::CivilDay(y, m, d);
  return true;
}

}  // namespace

Param::Param(absl::Time v) {
  if (v == absl::InfinitePast()) {
    v_ = nullptr;
  } else if (v == absl::InfiniteFuture()) {
    v_ = std::string(kLastInstant);
  } else {
    v_ = FormatInstant(v);
  }
}

Param::Param(absl::CivilDay v) : v_(FormatDay(v)) {}

int64_t Row::Int(size_t i) const {
  const Cell& cell = cells_[i];
  if (const int64_t* n = std::get_if<int64_t>(&cell)) return *n;
  if (const std::string* s = std::get_if<std::string>(&cell)) {
    // SUM() of integers comes as a DECIMAL without fraction.
    int64_t n = 0;
    std::from_chars(s->data(), s->data() + s->size(), n);
    return n;
  }
  return 0;
}

std::string Row::String(size_t i) const {
  const Cell& cell = cells_[i];
  if (const std::string* s = std::get_if<std::string>(&cell)) return *s;
  if (const int64_t* n = std::get_if<int64_t>(&cell)) return std::to_string(*n);
  return std::string();
}

Ulid Row::Id(size_t i) const {
  const std::string* s = std::get_if<std::string>(&cells_[i]);
  if (s == nullptr) return Ulid();
  absl::StatusOr<Ulid> id = Ulid::FromBytes(*s);
  return id.ok() ? *id : Ulid();
}

absl::Time Row::Time(size_t i) const {
  const std::string* s = std::get_if<std::string>(&cells_[i]);
  if (s == nullptr) return absl::InfinitePast();
  absl::CivilDay day;
  int hour = 0, minute = 0, second = 0;
  if (!ParseDay(*s, &day)) return absl::InfinitePast();
  if (*s == kLastInstant) return absl::InfiniteFuture();
  if (s->size() >= 19 &&
      (!Digits(*s, 11, 2, &hour) || !Digits(*s, 14, 2, &minute) || !Digits(*s, 17, 2, &second))) {
    return absl::InfinitePast();
  }
  int64_t micros = 0;
  if (s->size() > 20 && (*s)[19] == '.') {
    int64_t scale = 100000;
    for (size_t p = 20; p < s->size() && scale > 0; ++p, scale /= 10) {
      micros += ((*s)[p] - '0') * scale;
    }
  }
  return absl::FromCivil(
             absl::CivilSecond(day.year(), day.month(), day.day(), hour, minute, second),
             absl::UTCTimeZone()) +
         absl::Microseconds(micros);
}

absl::CivilDay Row::Day(size_t i) const {
  absl::CivilDay day;
  const std::string* s = std::get_if<std::string>(&cells_[i]);
  if (s != nullptr) ParseDay(*s, &day);
  return day;
}

std::optional<int64_t> Row::OptInt(size_t i) const {
  return IsNull(i) ? std::nullopt : std::optional<int64_t>(Int(i));
}
std::optional<std::string> Row::OptString(size_t i) const {
  return IsNull(i) ? std::nullopt : std::optional<std::string>(String(i));
}
std::optional<absl::CivilDay> Row::OptDay(size_t i) const {
  return IsNull(i) ? std::nullopt : std::optional<absl::CivilDay>(Day(i));
}
std::optional<absl::Time> Row::OptTime(size_t i) const {
  return IsNull(i) ? std::nullopt : std::optional<absl::Time>(Time(i));
}

}  // namespace bangfu::mysql
