import type { Stage } from './stages.js';

/** How a draft's document travels to the provider. `link` lets the provider fetch an `https:` document itself. */
export type Transport = 'multipart' | 'base64' | 'link';

export type ProviderName = 'atlas';

/** Contracts of this type are made from a template of the provider's instead of a document of the deal's. */
export interface TemplatePolicy {
  id: string;
  /** The deal's property that fills each prefill key of the template. */
  prefill: Record<string, string>;
  /** Contracts go out without a review once a person has approved one of the template's present version. */
  trusted: boolean;
}

/** Nudges to the signer whose turn it is: `max` of them a turn. */
export interface Reminders {
  firstMs: number;
  everyMs: number;
  max: number;
}

/** What a company decided for a document type, copied into the deal when it starts. Durations are milliseconds. */
export interface Policy {
  provider: ProviderName;
  upload: Transport;
  template?: TemplatePolicy;
  /** How long a draft may wait for its review before somebody is told. */
  reviewSlaMs?: number;
  reminders?: Reminders;
  /** How long after it was sent an unsigned envelope is voided. */
  expireAfterMs?: number;
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
