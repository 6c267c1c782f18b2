/**
 * Says problems about one object after another, in the caller's own names for the fields.
 * Neighbours: read.ts and checks.ts speak with it; judge.ts and restore.ts decide who hears it.
 * Invariant: one voice serves a whole request: a closure for each of a hundred thousand objects would cost more than judging them.
 */
import { pointerToken, type ProblemCode, type Say } from './problems.js';

/** Our name of a field → the name the caller wrote. */
export type Written = ReadonlyMap<string, string>;

/** Hears a problem of the object with that place in the request. */
export type Hear = (
  place: number,
  field: string,
  code: ProblemCode,
  message: string,
  suggestion: string | undefined,
) => void;

export class Voice {
  /** Whether nothing was said since turn(). */
  clean = true;
  #place = 0;
  #written: Written | undefined;
  readonly #hear: Hear;

  constructor(hear: Hear) {
    this.#hear = hear;
  }

  /** From now on about the object at this place. */
  turn(place: number, written?: Written): Say {
    this.#place = place;
    this.#written = written;
    this.clean = true;
    return this.say;
  }

  /** How the caller wrote the fields of the object now read. */
  set written(written: Written) {
    this.#written = written;
  }

  readonly say: Say = (field, code, message, suggestion) => {
    this.clean = false;
    this.#hear(
      this.#place,
      this.#written === undefined ? field : writtenAs(this.#written, field),
      code,
      message,
      suggestion,
    );
  };
}

/** `peer/cidrs/0` as the caller wrote it: `fromIpAddress`. The longest known beginning is replaced. */
function writtenAs(written: Written, field: string): string {
  for (let end = field.length; end > 0; end = field.lastIndexOf('/', end - 1)) {
    const theirs = written.get(field.slice(0, end));
    if (theirs !== undefined) return pointerToken(theirs) + field.slice(end);
  }
  return field;
}
