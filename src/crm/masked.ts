/** Words of another system, fit for an error: without links, e-mail addresses and line breaks, and not too many. */
const SHOWN_CHARACTERS = 200;

export function masked(text: string): string {
  return text
    .replace(/https?:\/\/\S+/gi, '[link]')
    .replace(/[^\s@"'<>(),;:]+@[^\s@"'<>(),;:]+/g, '[e-mail]')
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim()
    .slice(0, SHOWN_CHARACTERS);
}
