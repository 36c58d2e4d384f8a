import type { Stage } from './stages.js';

/** How a draft's document travels to the provider. `link` lets the provider fetch an `https:` document itself. */
export type Transport = 'multipart' | 'base64' | 'link';

export const PROVIDERS = ['atlas', 'docusign'] as const;
export type ProviderName = (typeof PROVIDERS)[number];

/** Where a party signs or fills in, by a text of the document. For providers that do not find fields by themselves. */
export interface FieldByAnchor {
  kind: 'signature' | 'initials' | 'date' | 'name' | 'text' | 'checkbox';
  role: string;
  anchor: string;
  /** From the anchor, in pixels. */
  xOffset?: number;
  yOffset?: number;
  label?: string;
  optional?: boolean;
}

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
  /** What each provider gets of the deals, where there are two: a deal's policy is one of `dual.policies` and has none itself. */
  dual?: Dual;
  /** A free draft is made there too, compared and taken away. */
  shadow?: ProviderName;
  /** What the shadow of a contract from a template is made from. */
  shadowTemplate?: TemplatePolicy;
  upload: Transport;
  template?: TemplatePolicy;
  fields?: FieldByAnchor[];
  /** Of the provider's mail to the signers. */
  subject?: string;
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

export interface Dual {
  /** Percents, 100 together. */
  shares: Record<ProviderName, number>;
  policies: Record<ProviderName, Policy>;
}

/**
 * The policy that a deal starts with. With two providers it is the same one for the same deal id as long as the shares stay, and raising
 * one provider's share takes deals over to it without moving any of its own.
 */
export function policyFor(policy: Policy, dealId: string): Policy {
  if (!policy.dual) return policy;
  const { shares, policies } = policy.dual;
  return policies[percentileOf(dealId) < shares.atlas ? 'atlas' : 'docusign'];
}

/** 0 up to 100, evenly spread over ids: FNV-1a with a last stir, since ids are often counted up. */
function percentileOf(dealId: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < dealId.length; index += 1) hash = Math.imul(hash ^ dealId.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * 100;
}

/** The CRM's own name for a stage, or undefined when the company mapped none. */
export function crmStageOf(policy: Policy, stage: Stage): string | undefined {
  const failed = ['declined', 'voided', 'expired', 'cancelled'].includes(stage);
  return policy.crmStages[stage] ?? (failed ? policy.crmStages.failed : undefined);
}
