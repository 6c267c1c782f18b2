/**
 * Peer: another host's VTEP. Frames from the tunnel count only when they come from one.
 * Neighbours: endpoint.ts refers to it; src/pipeline replicates to it and checks tun_src against it.
 * Invariant: a peer is never this host.
 */
import { Type, type Static } from 'typebox';
import { formatAddress, type Address } from '../addr.js';
import { shared } from '../names.js';
import type { KindRules } from './kind.js';
import { readHost, text } from './fields.js';

export const peerSchema = Type.Object(
  { kind: Type.Literal('peer'), vtepIp: text("Address of the other host's VTEP, IPv4 or IPv6.", '172.31.0.2') },
  { $id: 'Peer', description: "Another host's VTEP.", additionalProperties: false },
);

export type PeerSpec = Static<typeof peerSchema>;

export interface Peer {
  readonly kind: 'peer';
  readonly key: string;
  readonly id: number;
  readonly spec: PeerSpec;
  readonly address: Address;
}

export const peerRules: KindRules<'peer'> = {
  kind: 'peer',
  schema: peerSchema,
  identity: ['vtepIp'],
  aliases: { vtepIP: 'vtepIp' },
  read(input: PeerSpec, say) {
    const address = readHost(say, 'vtepIp', input.vtepIp) ?? 0;
    const vtepIp = formatAddress(address);
    return { kind: 'peer', key: shared(vtepIp), id: 0, spec: { kind: 'peer', vtepIp }, address };
  },
  references: () => [],
  check(peer, state, say) {
    if (peer.key === state.settings.spec.vtepIp) {
      say('vtepIp', 'contradiction', `\`${peer.key}\` is this host's own VTEP (settings.vtepIp)`);
    }
  },
};
