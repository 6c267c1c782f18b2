// OFPT_METER_MOD (OpenFlow 1.5 §7.3.4.5). Open vSwitch refuses it inside bundles, so it travels beside them.
#pragma once

#include <cstdint>

#include "core/openflow/header.h"
#include "core/status.h"

namespace sluice::openflow {

enum class MeterCommand : std::uint16_t { add = 0, modify = 1, remove = 2 };

struct MeterMod {
  MeterCommand command = MeterCommand::add;
  std::uint16_t flags = 0;
  std::uint32_t meter_id = 0;
  Bytes bands;
};

inline constexpr std::size_t kMeterModFixed = 16;

[[nodiscard]] inline std::size_t meter_mod_size(const MeterMod& m) { return kMeterModFixed + m.bands.size(); }

Status decode_meter_mod(Bytes message, MeterMod& out);
void encode_meter_mod(Writer& w, const MeterMod& m, std::uint32_t xid);

}  // namespace sluice::openflow
