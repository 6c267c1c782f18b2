/** What is refused of services. */
import { areRefused, endpoint, type Row } from './rows.js';
import type { Json } from '../support.js';

const service = (fields: Json): Json => ({
  kind: 'service',
  tenant: 'blue',
  name: 's',
  network: 'front',
  ips: ['10.1.1.100'],
  ports: [{ port: 80 }],
  ...fields,
});

const rows: readonly Row[] = [
  [
    'a service of an unknown network',
    service({ network: 'frnt' }),
    '/objects/0/network no_such_object: no network `frnt` in tenant `blue` (did you mean `front`?)',
  ],
  [
    'an unknown provider',
    service({ providers: ['web-1', 'web-9'] }),
    '/objects/0/providers no_such_object: no endpoint `web-9` (did you mean `web-1`?)',
  ],
  [
    'a provider of another tenant',
    [
      service({ providers: ['red-1'] }),
      endpoint({ id: 'red-1', tenant: 'red', mac: '02:00:00:00:00:77', ipv4: '10.1.1.1' }),
    ],
    '/objects/0/providers contradiction: endpoint `red-1` is of tenant `red`, not `blue`',
  ],
  [
    'a VIP that an endpoint has',
    service({ ips: ['10.1.1.100', '10.1.1.1'] }),
    '/objects/0/ips/0 duplicate: IP 10.1.1.1 in tenant `blue` is taken by `web-1`',
  ],
  [
    'a VIP that is a gateway',
    service({ ips: ['10.1.1.254'] }),
    '/objects/0/ips/0 duplicate: `10.1.1.254` is the gateway of network `blue/front`',
  ],
  [
    'a VIP that is a broadcast address',
    service({ ips: ['10.1.1.255'] }),
    '/objects/0/ips/0 bad_address: `10.1.1.255` is the broadcast address of 10.1.1.0/24',
  ],
  [
    'a VIP that is link-local',
    service({ ips: ['fe80::1'] }),
    '/objects/0/ips/0 bad_address: `fe80::1` is link-local; a service is reached from other links',
  ],
  [
    'a VIP twice, however it is written',
    service({ ips: ['fd00:1::64', 'FD00:1:0::64'] }),
    '/objects/0/ips/1 duplicate: `fd00:1::64` is listed twice',
  ],
  [
    'a service without an address',
    service({ ips: [] }),
    '/objects/0/ips missing_field: a service needs an address of its own',
  ],
  ['a service without a port', service({ ports: [] }), '/objects/0/ports missing_field: a service needs a port'],
  [
    'a port and protocol twice',
    service({ ports: [{ port: 80 }, '80:8081:TCP', { port: 80, protocol: 'udp' }] }),
    '/objects/0/ports/1 duplicate: tcp port 80 is listed twice',
  ],
  [
    'a service of SCTP',
    service({ ports: [{ port: 80, protocol: 'sctp' }] }),
    '/objects/0/ports/0/protocol not_supported: there are no services of sctp: connection tracking does not see the ports of SCTP, so it cannot be translated (use tcp or udp)',
  ],
  [
    'a port outside the range',
    service({ ports: [{ port: 80, targetPort: 0 }] }),
    '/objects/0/ports/0/targetPort out_of_range: targetPort `0` is outside 1–65535',
  ],
  [
    'more ports and providers than one service has groups for',
    service({
      ports: Array.from({ length: 50 }, (_, i) => i + 1),
      providers: Array.from({ length: 1000 }, (_, i) => `10.9.${i >> 8}.${i & 255}`),
    }),
    '/objects/0/ports limit: 50 ports for 1000 providers are more than one service can have (split it into services of fewer ports)',
  ],
  [
    'more providers than one message has room for',
    service({ providers: Array.from({ length: 2501 }, (_, i) => `10.9.${i >> 8}.${i & 255}`) }),
    '/objects/0/providers limit: 2501 providers are more than one service can have: 2500 (split it into several services)',
  ],
  [
    'selectors, which only Contiv’s master can resolve',
    service({ selectors: ['app=web'] }),
    '/objects/0/selectors unknown_field: a service has no field `selectors`',
  ],
];

areRefused(rows);
