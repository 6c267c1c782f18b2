// A group mod as one line of `ovs-ofctl -O OpenFlow15 --names dump-groups`.
// Neighbours: compile.ts is the way in; actions/compile.ts prints what a bucket does.
// Invariant: letter for letter what ovs-ofctl prints, without its leading space.

import { formatActions } from '../actions/compile.js';
import { FlowError } from '../errors.js';
import { formatPort, type Names } from '../text/port.js';
import { Reader } from '../text/reader.js';
import { bucketProperty, groupMod, groupTypes } from './compile.js';
import { formatSelection } from './selection.js';

const experimenter = 0xffff;

export function formatGroup(message: Uint8Array, names?: Names): string {
  if (message[1] !== 15 || message.length < groupMod.buckets)
    throw new FlowError('these bytes are not an OpenFlow 1.5 group mod');
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const type = groupTypes[view.getUint8(groupMod.type)] ?? 'unknown';
  const properties = groupMod.buckets + view.getUint16(groupMod.bucketsLength);
  const buckets = new Reader(message.subarray(groupMod.buckets, properties));
  const parts = [`group_id=${view.getUint32(groupMod.groupId)}`, `type=${type}`];
  parts.push(...formatProperties(new Reader(message.subarray(properties, view.getUint16(2)))));
  while (buckets.left > 0) parts.push(formatBucket(buckets, type, names));
  return parts.join(',');
}

function formatProperties(reader: Reader): string[] {
  const parts: string[] = [];
  eachProperty(reader, (code, body) => {
    if (code === experimenter) parts.push(...formatSelection(body));
  });
  return parts;
}

function eachProperty(reader: Reader, take: (code: number, body: Reader) => void): void {
  while (reader.left >= 4) {
    const code = reader.u16();
    const length = reader.u16();
    if (length < 4) throw new FlowError(`a property of ${length} bytes`);
    const body = new Reader(reader.take(length - 4));
    reader.skip(Math.min(reader.left, (8 - (length % 8)) % 8));
    take(code, body);
  }
}

function formatBucket(reader: Reader, type: string, names: Names | undefined): string {
  const length = reader.u16();
  const actionsLength = reader.u16();
  const keys = [`bucket_id:${reader.u32()}`];
  const actions = formatActions(reader.take(actionsLength), names).join(',');
  eachProperty(new Reader(reader.take(length - 8 - actionsLength)), (code, body) => {
    if (code === bucketProperty.weight) {
      const weight = body.u16();
      // 1 is what a bucket of a select group has anyway.
      if (type === 'select' && weight !== 1) keys.push(`weight:${weight}`);
    } else if (code === bucketProperty.watchPort) keys.push(`watch_port:${formatPort(body.u32(), names)}`);
    else if (code === bucketProperty.watchGroup) keys.push(`watch_group:${body.u32()}`);
  });
  return `bucket=${keys.join(',')},actions=${actions === '' ? 'drop' : actions}`;
}
