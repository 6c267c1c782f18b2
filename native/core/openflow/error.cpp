#include "core/openflow/error.h"

#include "core/openflow/error_names.h"

namespace sluice::openflow {

namespace {
constexpr std::uint32_t kNiciraId = 0x00002320;
}

std::optional<Error> decode_error(Bytes message) {
  Reader r(message);
  r.skip(kHeaderSize);
  Error error;
  error.type = r.u16();
  error.code = r.u16();
  if (error.type == kErrorExperimenter) error.experimenter = r.u32();
  if (!r.ok()) return std::nullopt;
  error.data = r.rest();
  return error;
}

std::string error_name(const Error& error) {
  const bool extension = error.type == kErrorExperimenter;
  const char* name = nullptr;
  if (!extension) name = standard_error_name(error.type, error.code);
  if (extension && error.experimenter == kNiciraId) name = nicira_error_name(error.code);
  if (name != nullptr) return name;
  std::string text = "error type " + std::to_string(error.type) + " code " + std::to_string(error.code);
  if (extension) text += " experimenter " + std::to_string(error.experimenter);
  return text;
}

}  // namespace sluice::openflow
