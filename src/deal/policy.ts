import type { Stage } from './stages.js';

/** How a draft's document travels to the provider. `link` lets the provider fetch an `https:` document itself. */
export type Transport = 'multipart' | 'base64' | 'link';

export type ProviderName = 'atlas';

/** What a company decided for a document type, copied into the deal when it starts. Durations are milliseconds. */
export interface Policy {
  provider: ProviderName;
  upload: Transport;
  /** First status read-back of an open envelope whose webhooks stay away; later ones back off to daily. */
  readBackFirstMs: number;
  /** The CRM's own names of stages; `failed` stands for every end without a signature. */
  crmStages: Partial<Record<Stage | 'failed', string>>;
}

/** The CRM's own name for a stage, or undefined when the company mapped none. */
export function crmStageOf(policy: Policy, stage: Stage): string | undefined {
  const failed = ['declined', 'voided', 'expired', 'cancelled'].includes(stage);
  return policy.crmStages[stage] ?? (failed ? policy.crmStages.failed : undefined);
}
