/**
 * The room's door for src/main.ts. Callers of the API use client.ts, which loads none of this.
 */
export { buildApi } from './app.js';
export type { ApiOptions } from './app.js';
export { listen } from './listen.js';
export type { Listening } from './listen.js';
