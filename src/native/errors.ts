/**
 * The errors of this room, each with a code. The caller (src/datapath) turns them into the public table of
 * src/model/errors.ts; the addon throws the same codes (native/addon/errors.h), which `toNativeError` gives their class.
 * Invariant: codes never change silently (pinned by test/native/errors.test.ts).
 */
export const nativeErrorCodes = {
  addon_missing: 'The native addon is not built, or was built for another system.',
  invalid_argument: 'An argument has the wrong type or range.',
  invalid_remote: 'The text is not a remote that can be dialled.',
  malformed_batch: 'The batch does not parse; nothing of it was taken.',
  refused: 'The batch parses but breaks a rule, such as a cookie of another owner; nothing of it was taken.',
  unavailable: 'There is no connection, or it was lost before the answer; whether the request took effect is unknown.',
  incompatible: 'The peer speaks no protocol version of ours.',
  rpc_error: 'The peer answered with an error.',
  timeout: 'The peer did not answer in time.',
  closed: 'The object was closed.',
  internal: 'A fault in the addon.',
} as const;

export type NativeErrorCode = keyof typeof nativeErrorCodes;

/** Thrown and rejected with by everything in src/native. `details` is the peer's own error value for `rpc_error`. */
export class NativeError extends Error {
  readonly code: NativeErrorCode;
  readonly details: unknown;

  constructor(code: NativeErrorCode, message: string, options: { details?: unknown; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = 'NativeError';
    this.code = code;
    this.details = options.details;
  }
}

/** What the addon threw, as a NativeError; anything else is `internal`, with its cause kept. */
export function toNativeError(thrown: unknown): NativeError {
  if (thrown instanceof NativeError) return thrown;
  if (!(thrown instanceof Error)) return new NativeError('internal', String(thrown), { cause: thrown });
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  return new NativeError(isCode(code) ? code : 'internal', thrown.message, { cause: thrown });
}

function isCode(code: string): code is NativeErrorCode {
  return Object.hasOwn(nativeErrorCodes, code);
}
