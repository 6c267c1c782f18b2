// Flows in the operator's own notation, compiled once and written as OpenFlow 1.5 bytes; and the way back to text.
// Neighbours: src/pipeline writes flows with it, src/datapath and src/api print them; nothing here does I/O or imports another room.
// Invariant: this file is the room's whole public face.

export { Batch, flow, type Flows, group, meter } from './batch.js';
export { cookieOwner, ownerCookie } from './cookie.js';
export { FlowError } from './errors.js';
export type { Field, Notation, Prerequisite } from './fields/field.js';
export { fieldByHeader, fieldByName, fields, matchFields } from './fields/registry.js';
export { flowCookie, flowInstructions, flowMatch, flowPriority, flowTable, formatFlow, messages } from './format.js';
export {
  a,
  b,
  type Fragment,
  type Hole,
  m,
  masked,
  Masked,
  type Pair,
  prefix,
  register,
  RegRange,
  table,
  TableRef,
  type Value,
} from './holes.js';
export { formatGroup } from './group/format.js';
export { formatMeter } from './meter/format.js';
export { parseFlow, parseGroup, parseMeter } from './parse.js';
export { templateStats } from './template/site.js';
export { type Names, type Numbers, portController, portInPort, portLocal } from './text/port.js';
