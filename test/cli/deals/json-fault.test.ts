import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonFault } from '../../../src/cli/deals/json-fault.js';

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('the fault of a text that is no JSON', () => {
  it.each([
    ['{"a": 1,\n "b": x}', 2, 7, /a value should stand here/],
    ['{"a": 1\n "b": 2}', 2, 2, /a comma or } should stand here/],
    ['{"a": [1, 2}', 1, 12, /a comma or ] should stand here/],
    ['{a: 1}', 1, 2, /a name in double quotes/],
    ['{"a": 1,}', 1, 9, /a name in double quotes/],
    ['{"a" 1}', 1, 6, /a colon/],
    ['{"a": "x', 1, 9, /^the text ends, but/],
    ['{"a": "x\n"}', 1, 9, /should end on its line/],
    ['{"a": "\\x"}', 1, 8, /escape/],
    ['{} {}', 1, 4, /nothing more/],
    ['', 1, 1, /^the text ends/],
  ])('%j is found at line %i, column %i', (text, line, column, what) => {
    expect(jsonFault(text)).toEqual({ line, column, what: expect.stringMatching(what) as unknown });
  });

  it('is found in exactly the texts that JSON.parse refuses', () => {
    const broken = fc
      .tuple(fc.json(), fc.nat(), fc.constantFrom('', '{', ']', '"', ',', '\\', '1', ' ', '-', 'e', '.', '\n', 'tr'))
      .map(([json, at, put]) => {
        const cut = at % (json.length + 1);
        return json.slice(0, cut) + put + json.slice(cut + 1);
      });
    fc.assert(
      fc.property(broken, (text) => (jsonFault(text) === null) === isJson(text)),
      { numRuns: 2000 },
    );
  });
});
