import { createCrmActivities, type CrmDeps } from './crm.js';
import { createDraftingActivities, type DraftingDeps } from './drafting.js';
import { createEnvelopeActivities, type EnvelopeDeps } from './envelopes.js';
import { createFilingActivities, type FilingDeps } from './filing.js';
import { createIntakeActivities, type IntakeDeps } from './intake.js';

export type { EnvelopeReading } from '../signing/provider.js';

/** Everything the worker can do for a deal, by the name the workflow calls it. */
export function createActivities(deps: DraftingDeps & EnvelopeDeps & FilingDeps & CrmDeps & IntakeDeps) {
  return {
    ...createDraftingActivities(deps),
    ...createEnvelopeActivities(deps),
    ...createFilingActivities(deps),
    ...createCrmActivities(deps),
    ...createIntakeActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
