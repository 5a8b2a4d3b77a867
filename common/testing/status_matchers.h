// gmock matchers for absl::Status and absl::StatusOr.
//
//   EXPECT_THAT(status, IsOk());
//   EXPECT_THAT(Find(id), IsOkAndHolds(Field(&Project::state, kDraft)));
//   EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound, "RESOURCE_NOT_FOUND"));
//   EXPECT_THAT(status, HasViolation("project.name"));
//   ASSERT_OK_AND_ASSIGN(auto row, Find(id));
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/status/error.h"

namespace bangfu::testing {
namespace internal {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& value) {
  return value.status();
}

// Status, reason, metadata and violations in one line.
inline std::string Explain(const absl::Status& status) {
  std::string out = status.ToString(absl::StatusToStringMode::kWithNoExtraData);
  const ErrorDetail detail = GetErrorDetail(status);
  if (!detail.reason.empty()) absl::StrAppend(&out, " [", detail.reason, "]");
  for (const auto& [key, value] : detail.metadata) absl::StrAppend(&out, " ", key, "=", value);
  for (const FieldViolation& v : detail.violations) {
    absl::StrAppend(&out, " {", v.field, ": ", v.description, "}");
  }
  return out;
}

template <typename Inner>
class IsOkAndHoldsMatcher {
 public:
  explicit IsOkAndHoldsMatcher(Inner inner) : inner_(std::move(inner)) {}
  template <typename StatusOrType>
  operator ::testing::Matcher<StatusOrType>() const {  // NOLINT(google-explicit-constructor)
    return ::testing::Matcher<StatusOrType>(new Impl<StatusOrType>(inner_));
  }

 private:
  template <typename StatusOrType>
  class Impl : public ::testing::MatcherInterface<StatusOrType> {
   public:
    using Value = typename std::decay_t<StatusOrType>::value_type;
    explicit Impl(const Inner& inner) : matcher_(::testing::SafeMatcherCast<const Value&>(inner)) {}
    void DescribeTo(std::ostream* os) const override {
      *os << "is OK and has a value that ";
      matcher_.DescribeTo(os);
    }
    bool MatchAndExplain(StatusOrType value,
                         ::testing::MatchResultListener* listener) const override {
      if (!value.ok()) {
        *listener << "which is " << Explain(value.status());
        return false;
      }
      return matcher_.MatchAndExplain(*value, listener);
    }

   private:
    ::testing::Matcher<const Value&> matcher_;
  };
  Inner inner_;
};

}  // namespace internal

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  const absl::Status& status = internal::StatusOf(arg);
  if (!status.ok()) *result_listener << "which is " << internal::Explain(status);
  return status.ok();
}

template <typename Inner>
internal::IsOkAndHoldsMatcher<std::decay_t<Inner>> IsOkAndHolds(Inner&& inner) {
  return internal::IsOkAndHoldsMatcher<std::decay_t<Inner>>(std::forward<Inner>(inner));
}

// The code, and the reason unless it is empty.
MATCHER_P2(StatusIsImpl, code, reason,
           absl::StrCat("has code ", absl::StatusCodeToString(code), " and reason ", reason)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << "which is " << internal::Explain(status);
  return status.code() == code && (reason.empty() || ReasonOf(status) == reason);
}
inline auto StatusIs(absl::StatusCode code, std::string reason = "") {
  return StatusIsImpl(code, std::move(reason));
}

// One of the violations names `field`.
MATCHER_P(HasViolationImpl, field, absl::StrCat("has a violation of ", field)) {
  const absl::Status& status = internal::StatusOf(arg);
  *result_listener << "which is " << internal::Explain(status);
  for (const FieldViolation& v : GetErrorDetail(status).violations) {
    if (v.field == field) return true;
  }
  return false;
}
inline auto HasViolation(std::string field) { return HasViolationImpl(std::move(field)); }

}  // namespace bangfu::testing

#define BANGFU_TESTING_CONCAT_INNER_(a, b) a##b
#define BANGFU_TESTING_CONCAT_(a, b) BANGFU_TESTING_CONCAT_INNER_(a, b)
#define BANGFU_ASSERT_OK_AND_ASSIGN_(tmp, lhs, expr)                           \
  auto tmp = (expr);                                                           \
  ASSERT_TRUE(tmp.ok()) << ::bangfu::testing::internal::Explain(tmp.status()); \
  lhs = *std::move(tmp)
// Declares or assigns `lhs` from a StatusOr that must be OK.
#define ASSERT_OK_AND_ASSIGN(lhs, expr) \
  BANGFU_ASSERT_OK_AND_ASSIGN_(BANGFU_TESTING_CONCAT_(bangfu_value_, __LINE__), lhs, expr)
#define ASSERT_OK(expr) ASSERT_THAT((expr), ::bangfu::testing::IsOk())
#define EXPECT_OK(expr) EXPECT_THAT((expr), ::bangfu::testing::IsOk())
