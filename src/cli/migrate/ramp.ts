/** `countersign migrate ramp` and `rollback`: how many of a type's new deals go by Atlas. */
import type { Environment } from '../../config.js';
import { wordsOf } from '../check.js';
import { failureOf } from '../failure.js';
import type { Answer } from '../program.js';
import { openBy, shadowReports } from './asked.js';
import { sumUp } from './compare.js';
import { NotDone, setShare, type Changed, type Shares, type TypeStanding } from './shares.js';
import { typesFileOf, withTemporal } from './settings.js';

const SHADOWS_SINCE_MS = 30 * 24 * 3_600_000;
const SHADOWS_READ = 200;

export interface Ramp {
  percent: number;
  dryRun: boolean;
}

/** Changes the file first: what Temporal adds to the answer may be missing when it is away. */
export async function ramp(env: Environment, type: string, { percent, dryRun }: Ramp): Promise<Answer> {
  const done = await changed(env, type, percent, dryRun);
  if ('ok' in done) return done;
  const warnings = warningsOf(env, done);
  if (done.after.atlas > done.before.atlas) warnings.push(...(await shadowWarnings(env, type, done.standing)));
  return answerOf(type, done, dryRun, warnings, []);
}

export async function rollback(env: Environment, type: string, { dryRun }: Pick<Ramp, 'dryRun'>): Promise<Answer> {
  const done = await changed(env, type, 0, dryRun);
  if ('ok' in done) return done;
  const warnings = warningsOf(env, done);
  let open: number | null = null;
  try {
    open = await withTemporal(env, (temporal) => openBy(temporal, 'atlas', type));
  } catch (error) {
    warnings.push(`how many deals by Atlas are open could not be asked: ${wordsOf(error)}`);
  }
  const goOn =
    open === null
      ? 'Deals by Atlas that are open go on there to their end.'
      : open === 0
        ? 'No deal by Atlas is open.'
        : `${open} ${open === 1 ? 'deal' : 'deals'} by Atlas ${open === 1 ? 'is' : 'are'} open and ${open === 1 ? 'goes' : 'go'} on there to the end; to take one back, cancel it and start its next round.`;
  return answerOf(type, done, dryRun, warnings, [goOn], { openAtlasDeals: open });
}

async function changed(env: Environment, type: string, percent: number, dryRun: boolean): Promise<Changed | Answer> {
  try {
    return await setShare(typesFileOf(env), type, percent, { dryRun });
  } catch (error) {
    if (!(error instanceof NotDone)) throw error;
    return { ok: false, json: { ok: false, error: error.message }, text: `Failed: ${error.message}.\n` };
  }
}

function warningsOf(env: Environment, { after, standing }: Changed): string[] {
  const warnings: string[] = [];
  if (after.docusign > 0 && standing.docusign === 'without-fields')
    warnings.push('its "docusign" names neither fields nor a template, so its drafts have no place to sign');
  if (after.docusign > 0 && !env.DOCUSIGN_INTEGRATION_KEY)
    warnings.push(
      'DOCUSIGN_INTEGRATION_KEY is not set here; a gateway or worker without it leaves the shares as they were, and says so in its log',
    );
  return warnings;
}

/** What speaks against more deals by Atlas; a person decides. */
async function shadowWarnings(env: Environment, type: string, { shadowed }: TypeStanding): Promise<string[]> {
  const since = new Date(Date.now() - SHADOWS_SINCE_MS);
  try {
    const reports = await withTemporal(env, (temporal) => shadowReports(temporal, { since, type, most: SHADOWS_READ }));
    const [sum] = sumUp(reports, since).types;
    if (sum && sum.counts.differs > 0)
      return [
        `${sum.counts.differs} of ${sum.drafts} shadow drafts have other signatures or signers: countersign migrate compare ${type}`,
      ];
    if (sum || !shadowed) return [];
    return ['no shadow draft has been compared yet: countersign migrate compare tells when there are some'];
  } catch (error) {
    return [`shadow drafts could not be asked for: ${failureOf(error).text.replace(/^Failed: /, '')}`];
  }
}

function answerOf(
  type: string,
  { before, after }: Changed,
  dryRun: boolean,
  warnings: readonly string[],
  more: readonly string[],
  json: object = {},
): Answer {
  const same = before.atlas === after.atlas;
  const does = same ? 'has' : dryRun ? 'would have' : 'now has';
  const lines = [
    `before: ${type} ${sharesIn(before)}`,
    `after:  ${type} ${sharesIn(after)}`,
    '',
    same || dryRun
      ? `DOCUMENT_TYPES ${does} these shares${same ? ' already' : ''}; nothing was changed.`
      : 'It counts for deals that start from now on: a gateway or worker that reads this file takes it up within a second or two, without a restart. Deals that are open keep the provider they have.',
    ...more,
    ...warnings.map((warning) => `Warning: ${warning}.`),
  ];
  return {
    ok: true,
    json: { ok: true, documentType: type, before, after, changed: !same && !dryRun, dryRun, warnings, ...json },
    text: `${lines.join('\n')}\n`,
  };
}

function sharesIn({ atlas, docusign }: Shares): string {
  return `atlas ${atlas} %, docusign ${docusign} %`;
}
