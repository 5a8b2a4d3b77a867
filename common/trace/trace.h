// W3C Trace Context: the `traceparent` header that ties the spans of one request together.
// https://www.w3.org/TR/trace-context/
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/random.h"

namespace bangfu::trace {

struct TraceContext {
  std::string trace_id;  // 32 lower-case hexadecimal digits, not all zero
  std::string span_id;   // 16 of them, not all zero
  uint8_t flags = 0;     // bit 0: sampled

  bool sampled() const { return (flags & 1) != 0; }
  // The same trace, a span of its own.
  TraceContext Child(const Random& random) const;
  // "00-<trace_id>-<span_id>-<flags>"
  std::string ToHeader() const;

  friend bool operator==(const TraceContext&, const TraceContext&) = default;
};

// nullopt when the header is not a valid traceparent. Later versions are read as far as version 00
// defines them, as the standard asks.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

// The caller's context, or a new sampled one when there is none or it is broken. The server's own
// span is a Child() of it.
TraceContext FromHeaderOrNew(std::string_view header, const Random& random);

}  // namespace bangfu::trace
