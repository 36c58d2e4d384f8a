/** Words of people and of other systems, fit for a terminal: without e-mail addresses, links and control characters. */

const EMAIL = /[^\s@<>"'(),;:]+@[^\s@<>"'(),;:]+\.[^\s@<>"'(),;:]+/g;
const LINK = /\bhttps?:\/\/[^\s<>"']+/gi;

/** What people wrote, or what another system said. */
export function discreet(text: string): string {
  return printable(text).replaceAll(LINK, '[link]').replaceAll(EMAIL, '[e-mail]');
}

/** Who did something: of an address, the part that tells one colleague from another. */
export function discreetName(name: string): string {
  return printable(name).replaceAll(/@\S+/g, '@…');
}

/** On one line: an escape sequence could rewrite what stands above it. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}
