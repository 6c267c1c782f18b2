// The one error this room throws: a flow that cannot be written as asked.
// Neighbours: every file here throws it; src/pipeline and tests read `field`, `hole` and `site`.
// Invariant: the message alone tells what is wrong and where; nothing has been added to a batch when it is thrown.

/** Details that a caller may want apart from the message. */
export interface FlowErrorDetails {
  /** Field, action or header key at fault, in ovs-fields(7) spelling. */
  readonly field?: string | undefined;
  /** 1-based position of the `${…}` at fault among the holes of its template. */
  readonly hole?: number | undefined;
  /** The template's text with holes written `${1}`, `${2}`, … */
  readonly template?: string | undefined;
}

/** A flow, group or fragment that Open vSwitch would refuse or that says something else than its author meant. */
export class FlowError extends Error {
  readonly field: string | undefined;
  readonly hole: number | undefined;
  readonly template: string | undefined;
  /** `file:line:column` of the template's call, when the stack tells. */
  readonly site: string | undefined;

  constructor(problem: string, details: FlowErrorDetails = {}) {
    const site = callSite();
    super(compose(problem, details, site));
    this.name = 'FlowError';
    this.field = details.field;
    this.hole = details.hole;
    this.template = details.template;
    this.site = site;
    this.problem = problem;
  }

  /** The message without its position: what `at` builds on. */
  readonly problem: string;

  /** The same problem, placed in a template. */
  in(details: FlowErrorDetails): FlowError {
    return new FlowError(this.problem, {
      field: this.field ?? details.field,
      hole: this.hole ?? details.hole,
      template: this.template ?? details.template,
    });
  }
}

function compose(problem: string, details: FlowErrorDetails, site: string | undefined): string {
  let text = problem;
  if (details.field !== undefined && !problem.includes(details.field)) text = `${details.field}: ${text}`;
  if (details.hole !== undefined) text += ` (hole ${details.hole})`;
  if (details.template !== undefined) text += ` in \`${details.template}\``;
  if (site !== undefined) text += ` at ${site}`;
  return text;
}

const ownFolder = new URL('.', import.meta.url).pathname;

function callSite(): string | undefined {
  const holder: { stack?: string } = {};
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  Error.captureStackTrace(holder);
  Error.stackTraceLimit = limit;
  for (const line of (holder.stack ?? '').split('\n').slice(1)) {
    if (line.includes(ownFolder) || line.includes('node:') || line.includes('<anonymous>')) continue;
    return /\(?((?:file:\/\/)?[^()\s]+:\d+:\d+)\)?$/.exec(line)?.[1];
  }
  return undefined;
}
