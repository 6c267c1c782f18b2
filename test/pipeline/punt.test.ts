/** The actions that hand a packet to the daemon say why by the numbers of the layout. */
import { expect, test } from 'vitest';
import { flow, formatFlow } from '../../src/openflow/index.js';
import { punt } from '../../src/pipeline/layout.js';
import { toDaemon } from '../../src/pipeline/punt.js';

test.each(Object.entries(punt))('%s is told by its number in the first byte', (name, number) => {
  const action = toDaemon[name as keyof typeof toDaemon];
  const text = formatFlow(flow`table=0, actions=${action}`);
  expect(text).toContain(`userdata=0${number}`);
});
