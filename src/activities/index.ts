import { createCrmActivities, type CrmDeps } from './crm.js';
import { createDraftingActivities, type DraftingDeps } from './drafting.js';
import { createEnvelopeActivities, type EnvelopeDeps } from './envelopes.js';
import { createFilingActivities, type FilingDeps } from './filing.js';

export type { EnvelopeReading } from '../signing/provider.js';

/** Everything the worker can do for a deal, by the name the workflow calls it. */
export function createActivities(deps: DraftingDeps & EnvelopeDeps & FilingDeps & CrmDeps) {
  return {
    ...createDraftingActivities(deps),
    ...createEnvelopeActivities(deps),
    ...createFilingActivities(deps),
    ...createCrmActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
