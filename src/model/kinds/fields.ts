/**
 * Field schemas and readers that several kinds share: names, addresses, prefixes.
 * Neighbours: the kinds beside this; src/api shows the descriptions.
 * Invariant: a reader reports what is wrong and answers undefined, or answers the binary form.
 */
import { Type } from 'typebox';
import * as addr from '../addr.js';
import { coverRange, parseRange } from '../address-range.js';
import { portRangePattern } from '../ports.js';
import { article, type Say } from '../problems.js';

/** RFC 1123 labels joined by dots, as Contiv has them. */
const namePattern = '^[A-Za-z0-9]+(?:(?:-+|\\.)[A-Za-z0-9]+)*$';
/** Ids that callers make up from other ids, hence more letters than a name has. */
const idPattern = '^[A-Za-z0-9][A-Za-z0-9._:-]*$';
/** Linux takes 15 bytes for an interface name, and none of these characters. */
const interfacePattern = '^[^\\s/:]{1,15}$';

/** What a pattern asks for, in words that fit "… is not". */
export const patternWords: ReadonlyMap<string, string> = new Map([
  [namePattern, 'a name: letters, digits, - and . between them, 64 at most'],
  [idPattern, 'an id: letters, digits, and . _ : - after the first, 128 at most'],
  [interfacePattern, 'an interface name: 1 to 15 characters without spaces, / and :'],
  [portRangePattern, 'a range such as 8000-8010'],
]);

export const name = (description: string, example: string) =>
  Type.String({ description, pattern: namePattern, minLength: 1, maxLength: 64, examples: [example] });

export const id = (description: string, example: string) =>
  Type.String({ description, pattern: idPattern, minLength: 1, maxLength: 128, examples: [example] });

export const interfaceName = (description: string, example: string) =>
  Type.String({ description, pattern: interfacePattern, examples: [example] });

export const text = (description: string, ...examples: string[]) => Type.String({ description, examples });

export const tenantName = name('The tenant it belongs to.', 'blue');

export const vlanTag = (description: string) =>
  Type.Integer({ description, minimum: 1, maximum: 4094, examples: [100] });

export const vni = (description: string) =>
  Type.Integer({ description, minimum: 1, maximum: 16_777_215, examples: [5001] });

/** An address of a host: unicast, without a prefix length. */
export function readHost(say: Say, field: string, input: string, family: 4): number | undefined;
export function readHost(say: Say, field: string, input: string, family: 6): Uint8Array | undefined;
export function readHost(say: Say, field: string, input: string, family?: 4 | 6): addr.Address | undefined;
export function readHost(say: Say, field: string, input: string, family?: 4 | 6): addr.Address | undefined {
  const what = family === undefined ? 'an IP address' : `an IPv${family} address`;
  const address = addr.parseAddress(input);
  if (address === undefined || (family !== undefined && (typeof address === 'number' ? 4 : 6) !== family)) {
    say(field, 'bad_address', `\`${input}\` is not ${what}`, hostHint(input, address));
    return undefined;
  }
  const why = addr.unusableAddress(address);
  if (why === undefined) return address;
  say(field, 'bad_address', `\`${input}\` is ${article(why)} address; no host can have it`);
  return undefined;
}

function hostHint(input: string, address: addr.Address | undefined): string | undefined {
  if (address !== undefined) return typeof address === 'number' ? 'put it under ipv4' : 'put it under ipv6';
  const slash = input.indexOf('/');
  if (slash > 0 && addr.parseAddress(input.slice(0, slash)) !== undefined)
    return `did you mean \`${input.slice(0, slash)}\`?`;
  return octalHint(input);
}

function octalHint(input: string): string | undefined {
  if (!/^[0-9]+(\.[0-9]+){3}(\/[0-9]+)?$/.test(input)) return undefined;
  const plain = input.replaceAll(/(^|[./])0+(?=[0-9])/g, '$1');
  return plain !== input && addr.parseCidr(plain) !== undefined
    ? `leading zeros are read as octal by some; write \`${plain}\``
    : undefined;
}

/** A prefix; host bits are cleared. */
export function readCidr(say: Say, field: string, input: string, family?: 4 | 6): addr.Cidr | undefined {
  const cidr = addr.parseCidr(input);
  if (cidr !== undefined && (family === undefined || cidr.family === family)) return cidr;
  if (cidr === undefined && isRange(input)) {
    say(field, 'bad_address', `\`${input}\` is a range of addresses where one prefix is meant`, 'write it as a CIDR');
    return undefined;
  }
  const what = family === undefined ? 'an IP prefix' : `an IPv${family} prefix`;
  const example = family === 6 ? 'fd00:1::/64' : '10.1.1.0/24';
  say(field, 'bad_address', `\`${input}\` is not ${what} such as ${example}`, octalHint(input));
  return undefined;
}

/** Prefixes and ranges, each as prefixes. */
export function readPrefixes(say: Say, field: string, input: string): addr.Cidr[] {
  const range = parseRange(input);
  if (range !== undefined) return coverRange(range);
  if (isRange(input)) {
    const form = 'a range of addresses such as 10.1.1.5-10.1.1.9, the lower one first';
    say(field, 'bad_address', `\`${input}\` is not ${form}`);
    return [];
  }
  const cidr = readCidr(say, field, input);
  return cidr === undefined ? [] : [cidr];
}

/** `10.1.1.5-9`, `10.1.1.5-10.1.1.9`, each perhaps with a length, as Contiv writes them. */
const isRange = (input: string): boolean => /^[0-9a-fA-F.:]+-[0-9a-fA-F.:]+(\/[0-9]+)?$/.test(input);

/** A station's own MAC: unicast. */
export function readMac(say: Say, field: string, input: string): Uint8Array | undefined {
  const mac = addr.parseMac(input);
  if (mac === undefined) {
    const plain = input.replaceAll(/[-.:]/g, '');
    const hint = /^[0-9a-fA-F]{12}$/.test(plain) ? plain.toLowerCase().replaceAll(/(..)(?!$)/g, '$1:') : undefined;
    say(field, 'bad_address', `\`${input}\` is not a MAC address`, hint && `did you mean \`${hint}\`?`);
    return undefined;
  }
  const why = addr.unusableMac(mac);
  if (why === undefined) return mac;
  say(field, 'bad_address', `\`${input}\` is ${article(why)} MAC; no station can have it`);
  return undefined;
}
