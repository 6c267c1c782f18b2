/** docs/pipeline.md is the layout, written out; this test writes it (vitest -u) and notices when it is old. */
import { expect, test } from 'vitest';
import { contracts, prio, reg, rulePriority } from '../../src/pipeline/layout.js';
import { compileText, exampleState, readLine, worldOf } from './support.js';

function tableSections(lines: readonly string[]): string[] {
  return contracts.map(({ ref, purpose, matches, next, asks, miss }) => {
    const flows = lines.filter((line) => readLine(line).table === ref.name);
    return [
      `### ${ref.id} ${ref.name}`,
      '',
      purpose,
      '',
      `- matches: ${matches.length > 0 ? matches.map((name) => `\`${name}\``).join(', ') : 'nothing'}`,
      `- goes on to: ${next.length > 0 ? next.map((name) => `\`${name}\``).join(', ') : 'a port'}`,
      ...(asks ? [`- asks before: ${asks.map((name) => `\`${name}\``).join(', ')}`] : []),
      `- otherwise: ${'to' in miss ? `on to \`${miss.to}\`` : `dropped and counted: ${miss.drop}`}`,
      `- flows of the example host: ${flows.length}`,
      '',
    ].join('\n');
  });
}

test('docs/pipeline.md says what the layout says', async () => {
  const lines = compileText(worldOf(exampleState()));
  const registers = Object.entries(reg).map(
    ([name, { register, start, end }]) => `| \`${name}\` | \`reg${register}[${start}..${end}]\` |`,
  );
  const bands = Object.entries(prio).map(([name, value]) => `| \`${name}\` | ${value} |`);
  const text = `# The pipeline

Written from \`src/pipeline/contracts.ts\` and \`layout.ts\`; do not edit (\`npx vitest run -u --config test/vitest.config.ts test/pipeline/document.test.ts\`).
The switch knows the tables by these names, so \`ovs-ofctl --names\` prints them too.

A cookie is the owner of its flow: 8 bits of kind, 32 bits of object id, 24 spare. \`sluice flows --owner kind/key\` shows an
object's flows; \`sluice trace\` the way of a packet through these tables, with the owner of every flow it meets.

## Tables, in packet order

${tableSections(lines).join('\n')}
## Registers

| name | bits |
| --- | --- |
${registers.join('\n')}

\`network\`, the groups and \`target\` (towards a peer) hold object ids; the sets hold policy-set numbers; \`zone\` the tenant's ct zone.

## Priorities

| name | priority |
| --- | --- |
${bands.join('\n')}
| rule of priority p, deny | ${rulePriority(0, 'deny')} + 8 p |
| rule of priority p, allow | ${rulePriority(0, 'allow')} + 8 p |

A group's default of deny is a rule of priority 0. Where a rule's ports and addresses are matched apart (\`conjunction\`), because that costs less than
half of the flows that match both, its priority is one higher: a conjunctive flow would replace a plain one with the same match.
`;
  await expect(text).toMatchFileSnapshot('../../docs/pipeline.md');
});
