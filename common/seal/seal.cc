#include "common/seal/seal.h"

#include <cstring>
#include <mutex>

#include "absl/strings/escaping.h"
#include "common/base/random.h"
#include "common/base/strings.h"
#include "common/contract/sensitive_plan.h"
#include "common/status/error.h"
#include "common/status/macros.h"
#include "google/protobuf/descriptor.h"

namespace bangfu::seal {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::Message;

constexpr std::string_view kTextMark = "sealed:";
// No protobuf message and no text in UTF-8 begins with these bytes.
constexpr std::string_view kBytesMark = "\xff\xfesealed:";

std::mutex ring_mutex;
std::shared_ptr<const Keyring>& RingSlot() {
  static auto* slot = new std::shared_ptr<const Keyring>;
  return *slot;
}

std::shared_ptr<const Keyring> OwnRing() {
  std::string key(32, '\0');
  for (size_t i = 0; i < key.size(); i += sizeof(uint64_t)) {
    const uint64_t random = SystemRandom();
    std::memcpy(key.data() + i, &random, sizeof(random));
  }
  return *Keyring::Parse(Cat(R"({"current":"own","keys":[{"kid":"own","alg":"A256GCM","key":")",
                             absl::Base64Escape(key), R"("}]})"));
}

// Calls `change` (absl::Status(std::string& text, const std::string& context)) on each sensitive
// text.
template <typename F>
absl::Status Visit(Message* message, const F& change) {
  const auto* reflection = message->GetReflection();
  for (const auto& [field, is_text] : contract::SensitivePlanOf(*message->GetDescriptor()).places) {
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        if (is_text) {
          std::string text = reflection->GetRepeatedString(*message, field, i);
          RETURN_IF_ERROR(change(text, field->full_name()));
          reflection->SetRepeatedString(message, field, i, std::move(text));
        } else {
          RETURN_IF_ERROR(Visit(reflection->MutableRepeatedMessage(message, field, i), change));
        }
      }
    } else if (!reflection->HasField(*message, field)) {
      continue;
    } else if (is_text) {
      std::string text = reflection->GetString(*message, field);
      if (text.empty()) continue;
      RETURN_IF_ERROR(change(text, field->full_name()));
      reflection->SetString(message, field, std::move(text));
    } else {
      RETURN_IF_ERROR(Visit(reflection->MutableMessage(message, field), change));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void Use(std::shared_ptr<const Keyring> ring) {
  std::lock_guard lock(ring_mutex);
  RingSlot() = std::move(ring);
}

const Keyring& Ring() {
  std::lock_guard lock(ring_mutex);
  if (RingSlot() == nullptr) RingSlot() = OwnRing();
  return *RingSlot();  // set once: it stays
}

std::string SealText(std::string_view plain, std::string_view context) {
  if (plain.empty()) return "";
  return Cat(kTextMark, absl::Base64Escape(Ring().Seal(plain, context)));
}

absl::StatusOr<std::string> OpenText(std::string_view stored, std::string_view context) {
  if (!HasPrefix(stored, kTextMark)) return std::string(stored);
  std::string sealed;
  if (!absl::Base64Unescape(AbslView(stored.substr(kTextMark.size())), &sealed)) {
    return Error(absl::StatusCode::kDataLoss, "SEAL_BROKEN")
        .Message("a sealed text is no base64")
        .Zh("加密保存的内容无法读取，请联系运维人员");
  }
  return Ring().Open(sealed, context);
}

std::string SealBytes(std::string_view plain, std::string_view context) {
  if (plain.empty()) return "";
  return Cat(kBytesMark, Ring().Seal(plain, context));
}

absl::StatusOr<std::string> OpenBytes(std::string_view stored, std::string_view context) {
  if (!HasPrefix(stored, kBytesMark)) return std::string(stored);
  return Ring().Open(stored.substr(kBytesMark.size()), context);
}

bool HasSensitive(const Descriptor& type) { return !contract::SensitivePlanOf(type).empty(); }

void SealSensitive(Message* message) {
  // Sealing does not fail.
  (void)Visit(message, [](std::string& text, const std::string& context) {
    text = SealText(text, context);
    return absl::OkStatus();
  });
}

absl::Status OpenSensitive(Message* message) {
  return Visit(message, [](std::string& text, const std::string& context) -> absl::Status {
    ASSIGN_OR_RETURN(text, OpenText(text, context));
    return absl::OkStatus();
  });
}

}  // namespace bangfu::seal
