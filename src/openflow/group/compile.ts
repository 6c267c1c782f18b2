// An OpenFlow group in text to an OFPT_GROUP_MOD.
// Neighbours: selection.ts writes how a bucket is chosen, actions/ what it does; batch.ts and parse.ts are the callers.
// Invariant: buckets and properties are byte for byte those of an OpenFlow 1.5 group description.

import type { ActionContext } from '../actions/action.js';
import { integerArgument } from '../actions/action.js';
import { compileActions } from '../actions/compile.js';
import { FlowError } from '../errors.js';
import { anyPacket } from '../match/facts.js';
import { Assembler, type Compiled } from '../template/assembler.js';
import { type Expanded, leafOf, Token } from '../template/shape.js';
import { Sites } from '../template/site.js';
import { type Numbers, parsePort } from '../text/port.js';
import { parseCall, splitList } from '../text/split.js';
import { parseInteger } from '../text/value.js';
import { type Selection, writeSelection } from './selection.js';
import { PatchOp } from '../template/patch.js';

const groupModType = 15;
export const groupTypes = ['all', 'select', 'indirect', 'ff'] as const;
type GroupType = (typeof groupTypes)[number];

/** Offsets in an OFPT_GROUP_MOD of OpenFlow 1.5. */
export const groupMod = {
  command: 8,
  type: 10,
  groupId: 12,
  bucketsLength: 16,
  commandBucketId: 20,
  buckets: 24,
} as const;
export const bucketProperty = { weight: 0, watchPort: 1, watchGroup: 2 } as const;

const allBuckets = 0xffffffff;

interface GroupText {
  readonly header: readonly string[];
  readonly buckets: readonly string[];
}

/** Cuts a group at its `bucket=`s. */
function splitGroup(text: string): GroupText {
  const [header = '', ...buckets] = text.split(/(?:^|[\s,]+)buckets?=/);
  return { header: splitList(header), buckets };
}

export function compileGroup(expanded: Expanded, numbers?: Numbers): Compiled {
  const { header, buckets } = splitGroup(expanded.text);
  const context: ActionContext = { expanded, numbers, facts: anyPacket, exec: false };
  const out = new Assembler();
  out.sized(2, () => {
    out.u8(6).u8(groupModType).zero(6).u16(0);
    const { type, lists, chosen } = writeHeader(out, header, context);
    if (type === 'indirect' && (buckets.length !== 1 || lists.length > 0)) {
      throw new FlowError('an indirect group has exactly one bucket', { field: 'type' });
    }
    out.sizedFrom(groupMod.bucketsLength, () => {
      for (const [i, text] of buckets.entries()) compileBucket(out, text, type, i, context);
      for (const leaf of lists) out.insert(leaf, bucketSites(type, numbers));
    });
    if (chosen.method !== undefined) writeSelection(out, chosen.method, chosen);
  });
  return out.finish();
}

function writeHeader(out: Assembler, header: readonly string[], context: ActionContext) {
  let type: GroupType = 'all';
  let id: ReturnType<typeof integerArgument> | undefined;
  const chosen: Selection = { method: undefined, param: 0n, fields: undefined };
  const lists = [];
  for (const text of header) {
    const leaf = leafOf(context.expanded, text);
    if (leaf?.token === Token.list) {
      lists.push(leaf);
      continue;
    }
    const { name, inner, value = '' } = parseCall(text);
    if (name === 'group_id') id = integerArgument(context, value, name);
    else if (name === 'type') type = groupType(value);
    else if (name === 'selection_method') chosen.method = value;
    else if (name === 'selection_method_param') chosen.param = parseInteger(value);
    else if (name === 'fields') chosen.fields = inner ?? value;
    else throw new FlowError(`there is no group property "${name}"`, { field: name });
  }
  if (id === undefined) throw new FlowError('a group needs group_id=…', { field: 'group_id' });
  if (chosen.method !== undefined && type !== 'select')
    throw new FlowError('selection_method is for type=select', { field: 'selection_method' });
  out.u8(groupTypes.indexOf(type)).zero(1).integer(id, 4, 'group_id', { max: 0xffffff00 });
  out.u16(0).zero(2).u32(allBuckets);
  return { type, lists, chosen };
}

function groupType(text: string): GroupType {
  const name = text === 'fast_failover' ? 'ff' : text;
  if (!(groupTypes as readonly string[]).includes(name)) {
    throw new FlowError(`there is no group type "${text}" (${groupTypes.join(', ')})`, { field: 'type' });
  }
  return name as GroupType;
}

function bucketSites(type: GroupType, numbers: Numbers | undefined): Sites {
  return new Sites((expanded) => {
    const { header, buckets } = splitGroup(expanded.text);
    if (header.length > 0) throw new FlowError('a bucket fragment starts with bucket=');
    const out = new Assembler();
    for (const text of buckets)
      compileBucket(out, text, type, undefined, { expanded, numbers, facts: anyPacket, exec: false });
    return out.finish();
  });
}

interface Bucket {
  id: string | undefined;
  weight: string | undefined;
  watchPort: string | undefined;
  watchGroup: string | undefined;
  actions: string;
}

/** A bucket's keys stand first; its actions follow, with or without `actions=`. */
function parseBucket(text: string): Bucket {
  const bucket: Bucket = { id: undefined, weight: undefined, watchPort: undefined, watchGroup: undefined, actions: '' };
  const rest: string[] = [];
  for (const piece of splitList(text)) {
    const { name, value } = parseCall(piece.replace(/^actions?=/, ''));
    if (name === 'bucket_id') bucket.id = value;
    else if (name === 'weight') bucket.weight = value;
    else if (name === 'watch_port') bucket.watchPort = value;
    else if (name === 'watch_group') bucket.watchGroup = value;
    else rest.push(piece.replace(/^actions?=/, ''));
  }
  bucket.actions = rest.join(',');
  return bucket;
}

function compileBucket(
  out: Assembler,
  text: string,
  type: GroupType,
  place: number | undefined,
  context: ActionContext,
): void {
  const bucket = parseBucket(text);
  if (bucket.id === undefined && place === undefined) {
    throw new FlowError('a bucket in a list needs its bucket_id, because sessions follow it', { field: 'bucket_id' });
  }
  if (bucket.weight !== undefined && type !== 'select')
    throw new FlowError('weight is for type=select', { field: 'weight' });
  const watches = bucket.watchPort !== undefined || bucket.watchGroup !== undefined;
  if (type === 'ff' && !watches)
    throw new FlowError('a bucket of a fast failover group needs watch_port or watch_group', { field: 'bucket' });
  if (watches && type !== 'ff' && type !== 'select')
    throw new FlowError('watching is for type=ff and select', { field: 'bucket' });
  out.sized(0, () => {
    out.u16(0);
    const actionsLength = out.at;
    out
      .u16(0)
      .integer(bucket.id === undefined ? place! : integerArgument(context, bucket.id, 'bucket_id'), 4, 'bucket_id');
    out.sizedFrom(actionsLength, () => compileActions(bucket.actions, out, { ...context }));
    if (type === 'select') {
      out.u16(bucketProperty.weight).u16(8);
      out
        .integer(bucket.weight === undefined ? 1 : integerArgument(context, bucket.weight, 'weight'), 2, 'weight')
        .zero(2);
    }
    if (bucket.watchPort !== undefined) writeWatchPort(out, bucket.watchPort, context);
    if (bucket.watchGroup !== undefined) {
      out
        .u16(bucketProperty.watchGroup)
        .u16(8)
        .integer(integerArgument(context, bucket.watchGroup, 'watch_group'), 4, 'watch_group');
    }
  });
}

function writeWatchPort(out: Assembler, text: string, context: ActionContext): void {
  out.u16(bucketProperty.watchPort).u16(8);
  const leaf = leafOf(context.expanded, text);
  if (leaf === undefined) out.u32(parsePort(text, context.numbers));
  else {
    out.patch(leaf, { op: PatchOp.port, at: out.at, name: 'watch_port', max: 0xffffffff });
    out.zero(4);
  }
}
