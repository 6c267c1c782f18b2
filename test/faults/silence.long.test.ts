/** Patience that takes its time: what is never answered ends with a reason, and the next connection mends it. */
import { expect } from 'vitest';
import { until } from '../../src/sandbox/index.js';
import { batchOf } from './desired.js';
import { isControl } from './faults.js';
import { Rig, test } from './rig.js';
import { control, multipart, type, type Message } from './wire.js';

const minutes = { timeout: 120_000 };

const silences: [string, (message: Message) => boolean, RegExp][] = [
  ['hello', (message) => message.type === type.hello && message.xid === 1, /^the switch did not answer for 3\d s$/],
  ['features', (message) => message.type === type.featuresRequest, /^the switch did not answer for 3\d s$/],
  ['barrier', (message) => message.type === type.barrierRequest, /^the switch did not answer a bundle for 60 s$/],
  ['COMMIT', (message) => isControl(message, control.commit), /^the switch did not answer a bundle for 60 s$/],
  [
    'dump',
    (message) => message.type === type.multipartRequest && message.bytes.readUInt16BE(8) === multipart.flowDesc,
    /^the switch did not go on with a dump$/,
  ],
];

test('never answered: hello, features, barrier, COMMIT, dump; each ends with its reason', minutes, async () => {
  await Promise.all(
    silences.map(async ([, fits, reason]) => {
      const rig = await Rig.start();
      rig.fake.script = { onMessage: fits };
      const bytes = batchOf({ owners: 50 });
      const pending = rig.ready(bytes);
      await until('it is left', () => rig.downReasons.length > 0, { timeoutMs: 100_000, everyMs: 200 });
      expect(rig.downReasons).toEqual([expect.stringMatching(reason)]);
      rig.fake.script = {};
      await pending;
      await rig.expectTables(bytes);
      await rig.engine.close();
      await rig.fake.stop();
    }),
  );
});
