/** How deals of HubSpot become contracts, and where in HubSpot is written what became of them: the file of `CRM_MAPPING`. */
import { z } from 'zod';

/** HubSpot's internal names are of these characters only, and in lower case. */
const property = z
  .string({ error: 'must be the internal name of a deal property' })
  .regex(/^[a-z][a-z0-9_]*$/, 'must be the internal name of a deal property (lower case, digits, _)')
  .refine((name) => name !== 'dealstage', 'must not be dealstage, which crmStages of the document types speak of');

const stage = z.string().min(1, 'must be the internal id of a deal stage');
const role = z.string({ error: 'must be the role that the signer has in the contract' }).min(1, 'must not be empty');
const kind = z.enum(['signer', 'cc'], { error: 'must be "signer" or "cc"' }).default('signer');

const contact = z.strictObject({ contact: z.string().min(1, 'must not be empty'), role, kind });
const fixed = z.strictObject({ email: z.email('must be an e-mail address'), name: z.string().optional(), role, kind });
const party = z.union([contact, fixed], {
  error:
    'must be {"contact": "<association label, or primary>", "role": "…"} or {"email": "…", "name": "…", "role": "…"}, each with "kind" if need be',
});

/** A field that null leaves out. */
const field = (name: string) => property.nullable().default(name);

const properties = z
  .strictObject({
    version: property.default('countersign_version'),
    envelopeId: property.default('countersign_envelope_id'),
    reviewUrl: field('countersign_review_url'),
    stage: field('countersign_stage'),
    outcome: field('countersign_outcome'),
    reason: field('countersign_reason'),
    signedAt: field('countersign_signed_at'),
    documentType: field('countersign_document_type'),
    problem: field('countersign_problem'),
  })
  .superRefine((names, context) => {
    const seen = new Map<string, string>();
    for (const [key, name] of Object.entries(names)) {
      if (name === null) continue;
      const other = seen.get(name);
      if (other !== undefined)
        context.addIssue({ code: 'custom', path: [key], message: `must not be the property of ${other} too` });
      seen.set(name, key);
    }
  });

export const hubspotMapping = z
  .strictObject({
    triggers: z
      .record(stage, z.string().min(1, 'must name a document type'), {
        error:
          'must be an object that names a document type for each deal stage id, such as {"contractsent": "order-form"}',
      })
      .refine((stages) => Object.keys(stages).length > 0, 'must name at least one deal stage'),
    withdrawn: z.array(stage, { error: 'must be a list of deal stage ids' }).default([]),
    parties: z
      .array(party, { error: 'must be the list of those who sign, in their order' })
      .min(1, 'must name at least one party'),
    document: property.optional(),
    round: property.optional(),
    tenant: property.optional(),
    prefill: z.record(z.string().min(1), property).default({}),
    properties: properties.prefault({}),
    folder: z
      .string()
      .regex(/^\/[^/]+(\/[^/]+)*$/, 'must be a path such as /countersign, without a slash at its end')
      .default('/countersign'),
  })
  .superRefine(({ triggers, withdrawn }, context) => {
    withdrawn.forEach((id, index) => {
      if (Object.hasOwn(triggers, id))
        context.addIssue({ code: 'custom', path: ['withdrawn', index], message: `must not be a trigger too: ${id}` });
    });
  });

export type HubSpotMapping = z.output<typeof hubspotMapping>;
export type MappedParty = HubSpotMapping['parties'][number];
