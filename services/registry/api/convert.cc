#include "services/registry/api/convert.h"

#include <algorithm>
#include <memory>

#include "absl/strings/numbers.h"
#include "absl/strings/str_join.h"
#include "bangfu/options/v1/access.pb.h"
#include "bangfu/registry/v1/inventory.pb.h"
#include "bangfu/registry/v1/project.pb.h"
#include "common/auth/caller.h"
#include "common/base/clock.h"
#include "common/base/region.h"
#include "common/log/log.h"
#include "common/seal/seal.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "google/protobuf/util/field_mask_util.h"
#include "services/registry/domain/inventory.h"
#include "services/registry/domain/project.h"
#include "services/registry/domain/roles.h"
#include "services/registry/store/region_store.h"

namespace bangfu::registry {

// The domain names states and roles by the contract's numbers.
static_assert(kVillageReporter == options::v1::ROLE_VILLAGE_REPORTER);
static_assert(kTownshipReviewer == options::v1::ROLE_TOWNSHIP_REVIEWER);
static_assert(kCountyOperator == options::v1::ROLE_COUNTY_OPERATOR);
static_assert(kCountyApprover == options::v1::ROLE_COUNTY_APPROVER);
static_assert(kSectorVerifier == options::v1::ROLE_SECTOR_VERIFIER);
static_assert(kFinanceOfficer == options::v1::ROLE_FINANCE_OFFICER);
static_assert(kCitySupervisor == options::v1::ROLE_CITY_SUPERVISOR);
static_assert(kProvOffice == options::v1::ROLE_PROV_OFFICE);
static_assert(kProvAdmin == options::v1::ROLE_PROV_ADMIN);
static_assert(kSystemIntegrator == options::v1::ROLE_SYSTEM_INTEGRATOR);
static_assert(static_cast<int>(ProjectState::kIdle) == v1::PROJECT_STATE_IDLE);
static_assert(static_cast<int>(ProjectState::kSuperseded) == v1::PROJECT_STATE_SUPERSEDED);
static_assert(static_cast<int>(UnitReportState::kReturned) == v1::UNIT_REPORT_STATE_RETURNED);

absl::StatusOr<Ulid> ParseId(std::string_view text, std::string_view field) {
  absl::StatusOr<Ulid> id = Ulid::Parse(text);
  if (!id.ok()) return InvalidField(field, "不是有效的编号").Build();
  return id;
}

std::optional<Ulid> OptionalId(const std::string& text) {
  const absl::StatusOr<Ulid> id = Ulid::Parse(text);
  if (!id.ok()) return std::nullopt;
  return *id;
}

std::string EtagOf(int64_t version) { return absl::StrCat(version); }

absl::Status CheckEtag(const std::string& etag, int64_t version) {
  if (etag == EtagOf(version)) return absl::OkStatus();
  return EtagMismatch();
}

namespace {

std::string Serialized(const google::protobuf::Message& message) {
  std::string bytes(message.ByteSizeLong(), '\0');
  {
    google::protobuf::io::ArrayOutputStream stream(bytes.data(), static_cast<int>(bytes.size()));
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeWithCachedSizes(&coded);
  }  // the last bytes are there when `coded` has gone
  return bytes;
}

}  // namespace

std::string ToBytes(const google::protobuf::Message& message) {
  if (seal::HasSensitive(*message.GetDescriptor())) {
    std::unique_ptr<google::protobuf::Message> sealed(message.New());
    sealed->CopyFrom(message);
    return TakeBytes(sealed.get());
  }
  return Serialized(message);
}

std::string TakeBytes(google::protobuf::Message* message) {
  seal::SealSensitive(message);
  return Serialized(*message);
}

bool SameContent(const google::protobuf::Message& a, const google::protobuf::Message& b) {
  return a.ByteSizeLong() == b.ByteSizeLong() && Serialized(a) == Serialized(b);
}

void OpenSealed(google::protobuf::Message* message) {
  if (absl::Status status = seal::OpenSensitive(message); !status.ok()) {
    log::Error("a stored record does not open", {{"error", status}});
  }
}

absl::Status RegionUnknown(std::string_view field, std::string_view code) {
  return Error(absl::StatusCode::kInvalidArgument, "REGION_UNKNOWN")
      .Zh("区划代码不存在")
      .Field(field, "区划代码不存在")
      .With("code", code);
}

absl::Status RegionAmbiguous(std::string_view field, const std::vector<std::string>& candidates) {
  return Error(absl::StatusCode::kInvalidArgument, "REGION_AMBIGUOUS")
      .Zh("原区划对应多个现行区划，请填写到乡镇")
      .Field(field, "原区划对应多个现行区划")
      .With("candidates", absl::StrJoin(candidates, ","));
}

absl::StatusOr<std::string> ResolvePath(mysql::Executor& db, const std::string& code,
                                        std::string_view field) {
  if (code.empty()) return std::string();
  const absl::StatusOr<std::string> normal = NormalizeRegionCode(code);
  if (!normal.ok()) return RegionUnknown(field, code);
  ASSIGN_OR_RETURN(const auto hits, LookupRegions(db, {*normal}));
  const auto found = hits.find(*normal);
  if (found == hits.end()) return RegionUnknown(field, code);
  if (found->second.path.empty()) return RegionAmbiguous(field, found->second.candidates);
  return found->second.path;
}

absl::StatusOr<RegionScope> ScopeAt(Context& context, const std::string& region_code) {
  ASSIGN_OR_RETURN(const std::string path, ResolvePath(context.db, region_code, "region_code"));
  return Narrow(context.scope, path);
}

absl::Status CheckInScope(const Context& context, const std::string& region_path,
                          std::string_view code) {
  if (auth::InScope(context.scope, region_path)) return absl::OkStatus();
  return NotFound("region", code);
}

std::optional<After> Page::after() const {
  if (key.size() != 2) return std::nullopt;
  const absl::StatusOr<Ulid> id = Ulid::Parse(key[1]);
  if (!id.ok()) return std::nullopt;
  return After{key[0], *id};
}

absl::Status ApplyMask(const google::protobuf::FieldMask& mask,
                       const google::protobuf::Message& from,
                       const std::vector<std::string_view>& fixed, google::protobuf::Message* to) {
  Error unknown = Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID").Zh("更新字段不存在");
  Error immutable =
      Error(absl::StatusCode::kInvalidArgument, "IMMUTABLE_FIELD").Zh("该字段不能修改");
  bool any_unknown = false;
  bool any_immutable = false;
  for (const std::string& path : mask.paths()) {
    const std::string first = path.substr(0, path.find('.'));
    if (from.GetDescriptor()->FindFieldByName(first) == nullptr ||
        !google::protobuf::util::FieldMaskUtil::GetFieldDescriptors(from.GetDescriptor(), path,
                                                                    nullptr)) {
      unknown.Field(Cat("update_mask.", path), "没有此字段");
      any_unknown = true;
    } else if (std::find(fixed.begin(), fixed.end(), first) != fixed.end()) {
      immutable.Field(Cat("update_mask.", path), "该字段不能修改");
      any_immutable = true;
    }
  }
  if (any_unknown) return unknown;
  if (any_immutable) return immutable;
  google::protobuf::util::FieldMaskUtil::MergeOptions options;
  options.set_replace_message_fields(true);
  options.set_replace_repeated_fields(true);
  google::protobuf::util::FieldMaskUtil::MergeMessageTo(from, mask, options, to);
  return absl::OkStatus();
}

void CodeCheck::Want(std::string_view list, const std::string& code, std::string_view field) {
  if (!code.empty()) wanted_.push_back({{std::string(list), code}, std::string(field)});
}

absl::Status CodeCheck::Run(mysql::Executor& db, absl::CivilDay today) const {
  ASSIGN_OR_RETURN(const auto bad, Unknown(db, today));
  return CodesUnknown(bad);
}

absl::StatusOr<std::vector<std::pair<std::string, std::string>>> CodeCheck::Unknown(
    mysql::Executor& db, absl::CivilDay today) const {
  std::vector<CodeKey> keys;
  for (const Wanted& w : wanted_) keys.push_back(w.key);
  ASSIGN_OR_RETURN(const auto codes, LookupCodes(db, keys));
  std::vector<std::pair<std::string, std::string>> bad;
  for (const Wanted& w : wanted_) {
    const auto found = codes.find(w.key);
    if (found == codes.end() || !found->second.ValidOn(today))
      bad.emplace_back(w.field, w.key.second);
  }
  return bad;
}

absl::Status CodesUnknown(const std::vector<std::pair<std::string, std::string>>& field_and_code) {
  if (field_and_code.empty()) return absl::OkStatus();
  Error error = Error(absl::StatusCode::kInvalidArgument, "CODE_UNKNOWN").Zh("代码不存在或已停用");
  for (const auto& [field, code] : field_and_code)
    error.Field(field, Cat("代码不存在或已停用：", code));
  return error;
}

}  // namespace bangfu::registry
