/** A row a rule of validation: what is put into the small world, and the problems named, pointer first. */
import { expect, test } from 'vitest';
import { refuse, worldState, type Json } from '../support.js';

export const state = worldState();

export const network = (fields: Json): Json => ({ kind: 'network', tenant: 'blue', name: 'n', vni: 7000, ...fields });
export const group = (fields: Json): Json => ({ kind: 'group', tenant: 'blue', name: 'g', ...fields });
export const endpoint = (fields: Json): Json => ({
  kind: 'endpoint',
  id: 'e',
  tenant: 'blue',
  network: 'front',
  mac: '02:00:00:00:00:99',
  ...fields,
});
export const rule = (fields: Json): Json => ({
  kind: 'rule',
  tenant: 'blue',
  policy: 'web-policy',
  id: 'r',
  direction: 'in',
  action: 'deny',
  ...fields,
});
export const settings = (fields: Json): Json => ({ kind: 'settings', ...fields });

export type Row = [behaviour: string, put: unknown, ...problems: string[]];

export function areRefused(rows: readonly Row[]): void {
  test.each(rows)('%s is refused', (_behaviour, put, ...expected) => {
    const said = refuse(state, { put: Array.isArray(put) ? put : [put] }).map(
      ({ pointer, code, message, suggestion }) =>
        `${pointer} ${code}: ${message}${suggestion ? ` (${suggestion})` : ''}`,
    );
    expect(said).toEqual(expected);
  });
}
