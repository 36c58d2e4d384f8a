/** A figure counts only if the work behind it was done: what must hold before anything is printed. */
import type { Bench, TurnMeasure } from './measure.js';

export interface Checks {
  /** Deals driven by each version, those of the warming-up among them. */
  deals: Counted;
  /** Workflows that were measured and ended well. */
  completed: Counted;
  /** Measured deals that have exactly one PDF attached in the CRM. */
  attachedOnce: Counted;
  /** Sends that Atlas has charged for. */
  sends: Counted;
  /** Envelopes of both. */
  envelopes: number;
  /** Webhooks that the sandbox had to send more than once. */
  repeatedWebhooks: Counted;
}

interface Counted {
  countersign: number;
  plain: number;
}

export async function check(
  { sandbox, stack }: Bench,
  turns: readonly TurnMeasure[],
  warmUpDeals: number,
): Promise<{ checks: Checks; problems: string[] }> {
  const spent = await sandbox.spent();
  const count = (figure: (turns: readonly TurnMeasure[], name: 'countersign' | 'plain') => number): Counted => {
    const of = (name: 'countersign' | 'plain'): number =>
      figure(
        turns.filter(({ version }) => version === name),
        name,
      );
    return { countersign: of('countersign'), plain: of('plain') };
  };
  const deals = (some: readonly TurnMeasure[]) => some.flatMap((turn) => turn.deals);
  const checks: Checks = {
    deals: count((some) => deals(some).length + warmUpDeals),
    completed: count((some) => deals(some).filter(({ status }) => status === 'COMPLETED').length),
    attachedOnce: count((some) => deals(some).filter(({ attachments }) => attachments === 1).length),
    sends: count((_, name) => spent[stack[name].apiKey] ?? 0),
    envelopes: await sandbox.envelopes(),
    repeatedWebhooks: count((some) => deals(some).reduce((sum, deal) => sum + deal.repeatedWebhooks, 0)),
  };

  const problems: string[] = [];
  for (const name of ['countersign', 'plain'] as const) {
    const measured = checks.deals[name] - warmUpDeals;
    const expect = (what: string, found: number, expected: number): void => {
      if (found !== expected) problems.push(`${name}: ${found} ${what}, ${expected} expected`);
    };
    expect('deals completed', checks.completed[name], measured);
    // Nothing is promised of the plain version: a retry of its may attach or send twice.
    if (name === 'countersign') {
      expect('deals with one PDF attached', checks.attachedOnce[name], measured);
      expect('sends', checks.sends[name], checks.deals[name]);
    }
  }
  return { checks, problems };
}
