/**
 * What the doctor says: one finding is one thing that is wrong or worth knowing, and how to mend it.
 * Neighbours: every check of this room returns findings; src/cli/doctor.ts prints them.
 * Invariant: a command is complete: it can be pasted as it is, and running it makes the finding go away.
 */
export type Severity = 'ok' | 'note' | 'warning' | 'error';

export interface Finding {
  /** Stable name, for programs. */
  readonly code: string;
  readonly severity: Severity;
  readonly area: 'switch' | 'vtep' | 'uplink' | 'bridge' | 'leftover' | 'daemon';
  readonly what: string;
  /** What it does to packets or people. */
  readonly consequence?: string;
  readonly command?: string;
}

const order: readonly Severity[] = ['ok', 'note', 'warning', 'error'];

export function worst(findings: readonly Finding[]): Severity {
  const index = findings.reduce((most, { severity }) => Math.max(most, order.indexOf(severity)), 0);
  return order[index] ?? 'ok';
}
