/** Whether Atlas's API is still what the client uses of it, by what Atlas publishes; and whether Atlas's clock and ours agree. */
import { fetchApiDescription, type ApiDescription } from '../signing/atlas/api-description.js';
import { findDrift } from '../signing/atlas/drift.js';
import type { AtlasClientOptions } from '../signing/atlas/options.js';
import { ok, problem, skipped, warning, wordsOf, type Check } from './check.js';
import { clockCheck } from './clock-check.js';

const NAME = 'Atlas API';
/** A document that is quite another one has more to say than anybody reads. */
const MOST_TOLD = 20;

export async function atlasApiChecks(options: AtlasClientOptions): Promise<Check[]> {
  try {
    const { description, time } = await fetchApiDescription(options);
    return [...apiChecks(description), ...(time ? [clockCheck('Atlas', time)] : [])];
  } catch (error) {
    return [skipped(NAME, `not compared: ${wordsOf(error)}`)];
  }
}

/** A check for each contradiction, and one for all that is not described. */
export function apiChecks(description: ApiDescription): Check[] {
  switch (description.kind) {
    case 'missing':
      return [
        warning(
          NAME,
          `Atlas publishes no description of its API any more (${description.status}), so it cannot be compared with what the client uses`,
          'Nothing needs to be done while deals go on. Ask Atlas where its OpenAPI document is now, and look at its changes.',
        ),
      ];
    case 'unreadable':
      return [
        warning(
          NAME,
          `the description at ${description.address} cannot be read: ${description.why}`,
          'Run the doctor again later; if it stays so, ask Atlas for its OpenAPI document.',
        ),
      ];
    case 'document':
      return comparison(description.document, description.address);
  }
}

function comparison(document: unknown, address: string): Check[] {
  const drift = findDrift(document);
  const said = ({ where, what }: { where: string; what: string }): string =>
    where === '' ? what : `${where}: ${what}`;
  const breaks = drift.filter(({ kind }) => kind === 'break').map(said);
  const doubts = drift.filter(({ kind }) => kind === 'doubt').map(said);
  if (drift.length === 0) return [ok(NAME, `all that the client uses is as ${address} describes it`)];
  return [
    ...breaks
      .slice(0, MOST_TOLD)
      .map((line) =>
        problem(
          NAME,
          line,
          'Atlas has changed its API: look for a version of Countersign that knows it, and watch for blocked deals meanwhile.',
        ),
      ),
    ...(doubts.length === 0
      ? []
      : [
          warning(
            NAME,
            `${address} does not describe all that the client uses: ${shortened(doubts)}`,
            'Nothing needs to be done while deals go on: the description may be incomplete. If it told more before, Atlas has changed its API.',
          ),
        ]),
  ];
}

function shortened(lines: readonly string[]): string {
  const rest = lines.length - MOST_TOLD;
  return `${lines.slice(0, MOST_TOLD).join('; ')}${rest > 0 ? `; and ${rest} more` : ''}`;
}
