/**
 * The one table of error codes. Only these cross a room's border; the cause is kept.
 * Neighbours: src/api turns them into RFC 9457 problems, src/cli into exit codes.
 * Invariant: codes are public names and never change silently (pinned by test/model/errors.test.ts).
 */
export interface Problem {
  /** JSON pointer (RFC 6901) into the request, e.g. `/objects/3/vlan`; empty for the request as a whole. */
  readonly pointer: string;
  readonly code: string;
  readonly message: string;
  readonly suggestion?: string;
}

interface ErrorKind {
  readonly status: number;
  readonly retryable: boolean;
  readonly title: string;
  readonly todo: string;
}

export const errorCodes = {
  invalid_request: {
    status: 422,
    retryable: false,
    title: 'The request was refused as a whole; nothing changed.',
    todo: 'Mend every problem listed and send it again.',
  },
  malformed: {
    status: 400,
    retryable: false,
    title: 'The request could not be read.',
    todo: 'Send JSON (or NDJSON, one object a line) as /docs describes.',
  },
  not_found: {
    status: 404,
    retryable: false,
    title: 'There is no such object.',
    todo: 'List the kind to see its keys.',
  },
  in_use: {
    status: 409,
    retryable: false,
    title: 'Other objects refer to it; nothing changed.',
    todo: 'Delete them first, or repeat with cascade=true.',
  },
  conflict: { status: 409, retryable: false, title: 'The object has changed meanwhile.', todo: 'Read it again.' },
  taken: {
    status: 409,
    retryable: false,
    title: 'Another daemon keeps this.',
    todo: 'Stop that one, or give this one a bridge and a state directory of its own.',
  },
  not_confirmed: {
    status: 504,
    retryable: true,
    title: 'Stored, but the switch has not confirmed it in time.',
    todo: 'It is kept and will be committed when the switch answers; see /readyz.',
  },
  quarantined: {
    status: 200,
    retryable: true,
    title: 'The switch refused a flow of this object.',
    todo: 'Change the object; everything else is in place.',
  },
  switch_unavailable: {
    status: 503,
    retryable: true,
    title: 'The switch cannot be reached.',
    todo: 'Start Open vSwitch, e.g. `systemctl start openvswitch-switch`.',
  },
  store_unavailable: {
    status: 507,
    retryable: true,
    title: 'The change could not be made durable; nothing changed.',
    todo: 'Free space on, or repair, the state directory.',
  },
  internal: { status: 500, retryable: false, title: 'A fault in Sluice.', todo: 'Report it with the log line.' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorCodes;

/** An error a caller may see. `detail` is one sentence about this occurrence. */
export class SluiceError extends Error {
  readonly code: ErrorCode;
  readonly problems: readonly Problem[];

  constructor(code: ErrorCode, detail: string, options: { problems?: readonly Problem[]; cause?: unknown } = {}) {
    super(detail, { cause: options.cause });
    this.name = 'SluiceError';
    this.code = code;
    this.problems = options.problems ?? [];
  }
}
