// Early return on a status that is not OK.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

#define BANGFU_CONCAT_INNER_(a, b) a##b
#define BANGFU_CONCAT_(a, b) BANGFU_CONCAT_INNER_(a, b)

// RETURN_IF_ERROR(Check(x));
#define RETURN_IF_ERROR(expr)                                                              \
  do {                                                                                     \
    if (absl::Status bangfu_status_ = (expr); !bangfu_status_.ok()) return bangfu_status_; \
  } while (false)

// ASSIGN_OR_RETURN(auto row, Find(id));
#define ASSIGN_OR_RETURN(lhs, expr) \
  BANGFU_ASSIGN_OR_RETURN_(BANGFU_CONCAT_(bangfu_or_, __LINE__), lhs, expr)
#define BANGFU_ASSIGN_OR_RETURN_(tmp, lhs, expr) \
  auto tmp = (expr);                             \
  if (!tmp.ok()) return std::move(tmp).status(); \
  lhs = *std::move(tmp)
