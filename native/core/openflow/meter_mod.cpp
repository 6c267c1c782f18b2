#include "core/openflow/meter_mod.h"

namespace sluice::openflow {

Status decode_meter_mod(Bytes message, MeterMod& out) {
  Reader r(message);
  r.skip(kHeaderSize);
  out.command = static_cast<MeterCommand>(r.u16());
  out.flags = r.u16();
  out.meter_id = r.u32();
  if (!r.ok()) return {StatusCode::malformed, "meter mod is shorter than its fixed part"};
  out.bands = r.rest();
  return {};
}

void encode_meter_mod(Writer& w, const MeterMod& m, std::uint32_t xid) {
  encode_header(w, Type::meter_mod, meter_mod_size(m), xid);
  w.u16(static_cast<std::uint16_t>(m.command));
  w.u16(m.flags);
  w.u32(m.meter_id);
  w.bytes(m.bands);
}

}  // namespace sluice::openflow
