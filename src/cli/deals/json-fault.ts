/**
 * Where a text stops being JSON. `JSON.parse` does not always tell, and quotes the text where it does, which may hold addresses of
 * signers; so the fault is looked for once more.
 */
export interface JsonFault {
  /** Both count from 1. */
  line: number;
  column: number;
  /** What stands there, or should. */
  what: string;
}

const SPACE = /[ \t\r\n]*/y;
const WORD = /true|false|null/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const CHARACTERS = /(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*/y;

class Fault extends Error {
  constructor(
    readonly at: number,
    readonly what: string,
  ) {
    super(what);
  }
}

/** Null for a text that is JSON. */
export function jsonFault(text: string): JsonFault | null {
  try {
    const end = skip(text, SPACE, value(text, 0));
    if (end === text.length) return null;
    throw new Fault(end, 'nothing more should follow');
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const before = text.slice(0, error.at).split('\n');
    const what = error.at >= text.length ? `the text ends, but ${error.what}` : error.what;
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, what };
  }
}

/** Answers where the match of a sticky pattern at `at` ends: at `at` itself where there is none. */
function skip(text: string, pattern: RegExp, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function value(text: string, from: number): number {
  const at = skip(text, SPACE, from);
  if (text[at] === '{') return sequence(text, at, '}', member);
  if (text[at] === '[') return sequence(text, at, ']', value);
  if (text[at] === '"') return string(text, at);
  const end = skip(text, WORD, at) === at ? skip(text, NUMBER, at) : skip(text, WORD, at);
  if (end === at)
    throw new Fault(at, 'a value should stand here: an object, a list, text in double quotes or a number');
  return end;
}

function sequence(
  text: string,
  opening: number,
  closing: string,
  item: (text: string, from: number) => number,
): number {
  let at = skip(text, SPACE, opening + 1);
  if (text[at] === closing) return at + 1;
  for (;;) {
    at = skip(text, SPACE, item(text, at));
    if (text[at] === closing) return at + 1;
    if (text[at] !== ',') throw new Fault(at, `a comma or ${closing} should stand here`);
    at += 1;
  }
}

function member(text: string, from: number): number {
  const at = skip(text, SPACE, from);
  if (text[at] !== '"') throw new Fault(at, 'a name in double quotes should stand here');
  const colon = skip(text, SPACE, string(text, at));
  if (text[colon] !== ':') throw new Fault(colon, 'a colon should stand here');
  return value(text, colon + 1);
}

function string(text: string, opening: number): number {
  const end = skip(text, CHARACTERS, opening + 1);
  if (text[end] === '"') return end + 1;
  throw new Fault(
    end,
    text[end] === '\\' ? 'this escape is none of JSON' : 'the text in quotes should end on its line',
  );
}
