/** What Atlas publishes of its API. */
import { AtlasHttp, headerOf, type Answer } from './http.js';
import type { AtlasClientOptions } from './options.js';
import { parseJson } from './refusal.js';

export type ApiDescription =
  | { kind: 'document'; address: string; document: unknown }
  /** Nothing is published, as far as can be seen: the status of the last place. */
  | { kind: 'missing'; status: number }
  | { kind: 'unreadable'; address: string; why: string };

/** The clock of the other side, as an answer told it. */
export interface ToldTime {
  /** The other side's, ours when the call began and when the answer was there: milliseconds since 1970. */
  theirs: number;
  asked: number;
  answered: number;
}

/** Both places at which one was seen (Atlas notes 1 and 22). */
const PLACES = ['openapi.json', 'api/openapi.json'];
const LONGEST = 16 * 1024 * 1024;
const ERRAND = { what: 'GET the OpenAPI document' };

/** Asks at each place in turn, at most 16 MiB. Throws `AtlasError` when Atlas does not answer. */
export async function fetchApiDescription(
  options: AtlasClientOptions,
): Promise<{ description: ApiDescription; time: ToldTime | null }> {
  const http = new AtlasHttp(options);
  try {
    let status = 404;
    let time: ToldTime | null = null;
    for (const place of PLACES) {
      const url = new URL(place, http.base);
      const asked = Date.now();
      const answer = await http.open(ERRAND, url, {
        method: 'GET',
        headers: { accept: 'application/json' },
        withKey: true,
        heavy: false,
      });
      time ??= timeIn(answer, asked, Date.now());
      ({ status } = answer);
      if (status >= 200 && status <= 299) return { description: await read(http, answer, url.pathname), time };
      await http.discard(answer);
    }
    return { description: { kind: 'missing', status }, time };
  } finally {
    await http.close();
  }
}

async function read(http: AtlasHttp, answer: Answer, address: string): Promise<ApiDescription> {
  const { bytes, whole } = await http.read(ERRAND, answer, LONGEST);
  if (!whole) return { kind: 'unreadable', address, why: `it is larger than ${LONGEST / 1024 / 1024} MiB` };
  const document = parseJson(bytes.toString('utf8'));
  return document === undefined
    ? { kind: 'unreadable', address, why: 'it is no JSON' }
    : { kind: 'document', address, document };
}

/** `Date` has whole seconds, and an answer from a cache is older by its `Age`. */
function timeIn(answer: Answer, asked: number, answered: number): ToldTime | null {
  const date = Date.parse(headerOf(answer, 'date') ?? '');
  const age = Number(headerOf(answer, 'age') ?? 0);
  if (Number.isNaN(date) || Number.isNaN(age)) return null;
  return { theirs: date + 500 + age * 1000, asked, answered };
}
