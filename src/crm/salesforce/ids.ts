/**
 * Ids of Salesforce records: 15 characters of which case matters, or the same with 3 more that tell the case again (Salesforce docs, Object
 * Reference, "ID Field Type"). Only what has passed here may stand in a query or an address.
 */
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345';

/** What the ids of a kind of record begin with (Salesforce help, "Standard Field Record ID Prefix Decoder"). */
export const PREFIXES = { opportunity: '006', organization: '00D' } as const;

/** The 18 characters of an id of this kind; undefined when `text` is none. */
export function idOf(kind: keyof typeof PREFIXES, text: string): string | undefined {
  if (!/^[a-zA-Z0-9]{15}(?:[a-zA-Z0-5]{3})?$/.test(text) || !text.startsWith(PREFIXES[kind])) return undefined;
  const id = text.slice(0, 15);
  const suffix = suffixOf(id);
  const given = text.slice(15).toUpperCase();
  return given === '' || given === suffix ? id + suffix : undefined;
}

/** One letter for each five characters: its bits say which of them are capitals. */
function suffixOf(id: string): string {
  return [0, 5, 10]
    .map((start) => {
      const capitals = [0, 1, 2, 3, 4].filter((at) => /[A-Z]/.test(id.charAt(start + at)));
      return LETTERS.charAt(capitals.reduce((bits, at) => bits + 2 ** at, 0));
    })
    .join('');
}
