// Inside this room only: one description per type (`Fields`) serves both directions. Canonical
// means keys in ascending order, integers only, no white space, UTF-8 as it is; a field without
// content (empty text, empty list, no value) is left out.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/civil_time.h"
#include "common/base/strings.h"
#include "nlohmann/json.hpp"
#include "services/evaluation/domain/facts.h"
#include "services/evaluation/domain/types.h"

namespace bangfu::evaluation {

template <typename Archive>
void Fields(Archive& ar, ClassCount& x) {
  ar.Field("projects", x.projects);
  ar.Field("result", x.result);
  ar.Field("value_fen", x.value_fen);
}

}  // namespace bangfu::evaluation

namespace bangfu::evaluation::json {

void AppendString(std::string& out, std::string_view text);
void AppendDay(std::string& out, absl::CivilDay day);  // 2026-09-30
bool ParseDay(std::string_view text, absl::CivilDay& day);

template <typename T>
concept Enumeration = std::is_enum_v<T>;

// Writes. The caller lists the fields in ascending order of their keys.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  template <typename T>
  void Field(std::string_view key, const T& value) {
    if (IsEmpty(value)) return;
    char* at = Extend(key.size() + 4);
    *at++ = first_ ? '{' : ',';
    *at++ = '"';
    std::memcpy(at, key.data(), key.size());
    at += key.size();
    *at++ = '"';
    *at = ':';
    first_ = false;
    Value(value);
  }

  template <typename T>
  void Value(const T& value) {
    if constexpr (std::is_same_v<T, bool>) {
      out_ += value ? "true" : "false";
    } else if constexpr (std::is_integral_v<T>) {
      char buffer[24];
      auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
      out_.append(buffer, end);
    } else if constexpr (Enumeration<T>) {
      AppendString(out_, EnumName(value));
    } else if constexpr (std::is_same_v<T, std::string>) {
      AppendString(out_, value);
    } else if constexpr (std::is_same_v<T, absl::CivilDay>) {
      out_ += '"';
      AppendDay(out_, value);
      out_ += '"';
    } else {
      Object(value);
    }
  }

  template <typename T>
  void Value(const std::optional<T>& value) {
    Value(*value);  // Field leaves out what has no value
  }

  template <typename T>
  void Value(const std::vector<T>& list) {
    out_ += '[';
    for (size_t i = 0; i < list.size(); ++i) {
      if (i > 0) out_ += ',';
      Value(list[i]);
    }
    out_ += ']';
  }

 private:
  template <typename T>
  static bool IsEmpty(const T&) {
    return false;
  }
  template <typename T>
  static bool IsEmpty(const std::optional<T>& value) {
    return !value.has_value();
  }
  template <typename T>
  static bool IsEmpty(const std::vector<T>& list) {
    return list.empty();
  }
  static bool IsEmpty(const std::string& text) { return text.empty(); }

  char* Extend(size_t more) {
    size_t size = out_.size();
    out_.resize(size + more);
    return out_.data() + size;
  }

  template <typename T>
  void Object(const T& value) {
    bool outer = first_;
    first_ = true;
    // Fields() takes its object by reference in both directions; writing changes nothing.
    Fields(*this, const_cast<T&>(value));
    if (first_) out_ += '{';
    out_ += '}';
    first_ = outer;
  }

  std::string& out_;
  bool first_ = true;
};

// Reads exactly what Writer writes: no key missing but of what may be empty, no other key.
class Reader {
 public:
  explicit Reader(const nlohmann::json& node) : node_(&node) {}

  template <typename T>
  void Field(std::string_view key, T& value) {
    if (failed()) return;
    auto it = node_->find(std::string(key));
    if (it == node_->end()) {
      if (!MayBeEmpty(value)) Fail(Cat("缺少 ", key));
      return;
    }
    ++fields_;
    const nlohmann::json* outer = node_;
    node_ = &*it;
    Value(value);
    node_ = outer;
    if (failed()) error_ = Cat(key, ": ", error_);
  }

  template <typename T>
  void Value(T& value) {
    if (failed()) return;
    if constexpr (std::is_same_v<T, bool>) {
      if (!node_->is_boolean()) return Fail("应为布尔值");
      value = node_->get<bool>();
    } else if constexpr (std::is_integral_v<T>) {
      if (!node_->is_number_integer()) return Fail("应为整数");
      if (node_->is_number_unsigned() &&
          node_->get<uint64_t>() > static_cast<uint64_t>(std::numeric_limits<T>::max())) {
        return Fail("整数超出范围");
      }
      int64_t number = node_->get<int64_t>();
      if (number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max()) {
        return Fail("整数超出范围");
      }
      value = static_cast<T>(number);
    } else if constexpr (Enumeration<T>) {
      if (!node_->is_string()) return Fail("应为代码");
      std::optional<T> parsed = ParseEnum<T>(node_->get_ref<const std::string&>());
      if (!parsed) return Fail("未知代码");
      value = *parsed;
    } else if constexpr (std::is_same_v<T, std::string>) {
      if (!node_->is_string()) return Fail("应为文本");
      value = node_->get_ref<const std::string&>();
    } else if constexpr (std::is_same_v<T, absl::CivilDay>) {
      if (!node_->is_string() || !ParseDay(node_->get_ref<const std::string&>(), value)) {
        return Fail("应为日期");
      }
    } else {
      if (!node_->is_object()) return Fail("应为对象");
      size_t outer = fields_;
      fields_ = 0;
      Fields(*this, value);
      if (!failed() && fields_ != node_->size()) Fail("含有未知字段");
      fields_ = outer;
    }
  }

  template <typename T>
  void Value(std::optional<T>& value) {
    if (failed()) return;
    Value(value.emplace());
  }

  template <typename T>
  void Value(std::vector<T>& list) {
    if (failed()) return;
    if (!node_->is_array()) return Fail("应为列表");
    const nlohmann::json* outer = node_;
    list.clear();
    for (const nlohmann::json& item : *outer) {
      node_ = &item;
      Value(list.emplace_back());
    }
    node_ = outer;
  }

  void Fail(std::string_view why) {
    if (error_.empty()) error_ = std::string(why);
  }
  bool failed() const { return !error_.empty(); }
  const std::string& error() const { return error_; }

 private:
  template <typename T>
  static bool MayBeEmpty(const T&) {
    return false;
  }
  template <typename T>
  static bool MayBeEmpty(const std::optional<T>&) {
    return true;
  }
  template <typename T>
  static bool MayBeEmpty(const std::vector<T>&) {
    return true;
  }
  static bool MayBeEmpty(const std::string&) { return true; }

  const nlohmann::json* node_;
  size_t fields_ = 0;
  std::string error_;
};

// INVALID_ARGUMENT `reason` when the text is not what Writer writes for T.
absl::Status Malformed(std::string_view reason, std::string_view detail);

template <typename T>
absl::Status Parse(std::string_view text, std::string_view reason, T& value) {
  nlohmann::json root = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded()) return Malformed(reason, "不是 JSON");
  Reader reader(root);
  reader.Value(value);
  if (reader.failed()) return Malformed(reason, reader.error());
  return absl::OkStatus();
}

}  // namespace bangfu::evaluation::json
