/** One value of a JSON text put in place of another, with every other character left as it is. */

interface Span {
  start: number;
  end: number;
}

/**
 * Sets `key` of the object that `name` holds at the top of `text` to `value`, which is JSON. A key that is missing is put first. Undefined where
 * `name` holds no object. `text` must be valid JSON; of several members of one name the last counts, as for every reader.
 */
export function setIn(text: string, name: string, key: string, value: string): string | undefined {
  const object = memberOf(text, skip(text, 0), name);
  if (!object || text[object.start] !== '{') return undefined;
  const present = memberOf(text, object.start, key);
  if (present) return text.slice(0, present.start) + value + text.slice(present.end);
  const inside = skip(text, object.start + 1);
  const first = text[inside] === '}' ? '' : `,${between(text, object.start + 1, inside)}`;
  const lead = text[inside] === '}' ? ' ' : between(text, object.start + 1, inside);
  const member = `${lead}${JSON.stringify(key)}: ${value}${first || ' '}`;
  return text.slice(0, object.start + 1) + member + text.slice(inside);
}

/** White space as it stands there, so that a new member is laid out like its neighbours. */
function between(text: string, start: number, end: number): string {
  return text.slice(start, end) || ' ';
}

/** Where the value of a member of the object at `at` stands. */
function memberOf(text: string, at: number, name: string): Span | undefined {
  if (text[at] !== '{') return undefined;
  let found: Span | undefined;
  let next = skip(text, at + 1);
  while (text[next] === '"') {
    const keyEnd = endOf(text, next);
    const start = skip(text, skip(text, keyEnd) + 1);
    const end = endOf(text, start);
    if (JSON.parse(text.slice(next, keyEnd)) === name) found = { start, end };
    next = skip(text, end);
    if (text[next] === ',') next = skip(text, next + 1);
  }
  return found;
}

function skip(text: string, at: number): number {
  while (/[ \t\r\n]/.test(text[at] ?? '')) at += 1;
  return at;
}

/** Where the value that begins at `at` ends. */
function endOf(text: string, at: number): number {
  const first = text[at];
  if (first === '"') {
    let end = at + 1;
    while (text[end] !== '"') end += text[end] === '\\' ? 2 : 1;
    return end + 1;
  }
  if (first === '{' || first === '[') {
    let end = at + 1;
    let depth = 1;
    while (depth > 0) {
      const character = text[end];
      if (character === undefined) throw new SyntaxError('the JSON ends too early');
      if (character === '"') {
        end = endOf(text, end);
        continue;
      }
      if (character === '{' || character === '[') depth += 1;
      if (character === '}' || character === ']') depth -= 1;
      end += 1;
    }
    return end;
  }
  let end = at;
  while (/[^\s,\]}]/.test(text[end] ?? ' ')) end += 1;
  return end;
}
