/** Which API keys the open deals still depend on: Atlas signs an envelope's webhooks with the key that made it (Atlas notes 11.3). */
import { ok, problem, warning, type Check } from './check.js';
import type { AskedDeals, OpenDeal } from './open-deals.js';

/** Fingerprints of the keys that the gateway accepts webhooks by. */
export interface KeyRing {
  current: string;
  /** In the order of `ATLAS_PREVIOUS_API_KEYS`. */
  previous: readonly string[];
}

/** Workflow ids of deals. */
export interface DealGroup {
  count: number;
  deals: string[];
}

export interface KeyReport {
  current: DealGroup & { apiKeyId: string };
  /** `entry` counts from 1. `removable`: it is certain that no open deal depends on it. */
  previous: (DealGroup & { entry: number; apiKeyId: string; removable: boolean })[];
  /** Keys that are configured nowhere. */
  missing: (DealGroup & { apiKeyId: string })[];
  withoutEnvelope: DealGroup;
  /** They have an envelope and do not tell whose. */
  unknown: DealGroup;
  unanswered: DealGroup;
}

export function reportKeys({ deals, unanswered }: AskedDeals, ring: KeyRing): KeyReport {
  const drafted = deals.filter(({ hasEnvelope }) => hasEnvelope);
  const madeBy = (apiKeyId: string | null): DealGroup => group(drafted.filter((deal) => deal.apiKeyId === apiKeyId));
  const unknown = madeBy(null);
  const certain = unknown.count === 0 && unanswered.length === 0;
  const known = [ring.current, ...ring.previous];
  const foreign = new Set(drafted.flatMap(({ apiKeyId }) => (apiKeyId === null ? [] : [apiKeyId])));
  for (const apiKeyId of known) foreign.delete(apiKeyId);

  return {
    current: { apiKeyId: ring.current, ...madeBy(ring.current) },
    previous: ring.previous.map((apiKeyId, index) => {
      // Its deals are counted where the key stands first.
      const repeated = known.indexOf(apiKeyId) <= index;
      const dependent = repeated ? group([]) : madeBy(apiKeyId);
      const removable = repeated || (certain && dependent.count === 0);
      return { entry: index + 1, apiKeyId, ...dependent, removable };
    }),
    missing: [...foreign].map((apiKeyId) => ({ apiKeyId, ...madeBy(apiKeyId) })),
    withoutEnvelope: group(deals.filter(({ hasEnvelope }) => !hasEnvelope)),
    unknown,
    unanswered: { count: unanswered.length, deals: unanswered },
  };
}

function group(deals: readonly OpenDeal[]): DealGroup {
  return { count: deals.length, deals: deals.map(({ workflowId }) => workflowId) };
}

const LIST = 'ATLAS_PREVIOUS_API_KEYS';

export function keyChecks({ current, previous, missing, withoutEnvelope, unknown, unanswered }: KeyReport): Check[] {
  return [
    ok('ATLAS_API_KEY', `${were(current)} made with it (fingerprint ${current.apiKeyId})${drafts(withoutEnvelope)}`),
    ...previous.map((entry) => previousCheck(entry)),
    ...missing.map((key) =>
      problem(
        LIST,
        `${were(key)} made with a key that is not configured (fingerprint ${key.apiKeyId}): ${names(key)}. ` +
          'Their webhooks are refused with 401, and only the slow read-back finds out how they end',
        `Put the key with the fingerprint ${key.apiKeyId} back into ${LIST} of the gateway.`,
      ),
    ),
    ...(unknown.count > 0
      ? [
          warning(
            LIST,
            `${were(unknown)} made with a key that is not known: ${names(unknown)}`,
            'Keep every previous key until they have ended.',
          ),
        ]
      : []),
    ...(unanswered.count > 0
      ? [
          warning(
            'open deals',
            `${plural(unanswered)} did not answer: ${names(unanswered)}`,
            'Keep every previous key for now. See in Temporal’s UI why they do not answer (a workflow task that fails, a busy worker), then run the doctor again.',
          ),
        ]
      : []),
  ];
}

function previousCheck({ entry, apiKeyId, removable, ...dependent }: KeyReport['previous'][number]): Check {
  const which = `entry ${entry} (fingerprint ${apiKeyId})`;
  if (removable) {
    return warning(
      LIST,
      `${which} may be removed from ${LIST}: no open deal depends on it`,
      `Remove ${which} from ${LIST} of the gateway.`,
    );
  }
  if (dependent.count === 0) {
    return ok(LIST, `${which} is not known to be needed, but not every open deal could be asked: keep it`);
  }
  return ok(LIST, `${which} made ${plural(dependent)}: keep it until they have ended: ${names(dependent)}`);
}

const SHOWN = 20;

function names({ deals }: DealGroup): string {
  const more = deals.length - SHOWN;
  return deals.slice(0, SHOWN).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function plural({ count }: DealGroup): string {
  return `${count} open ${count === 1 ? 'deal' : 'deals'}`;
}

/** "3 open deals were" */
function were(deals: DealGroup): string {
  return `${plural(deals)} ${deals.count === 1 ? 'was' : 'were'}`;
}

function drafts(withoutEnvelope: DealGroup): string {
  return withoutEnvelope.count > 0 ? `; ${withoutEnvelope.count} more have no envelope yet` : '';
}
