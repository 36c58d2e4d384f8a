/** The mapping file of `CRM=salesforce`: which opportunities become contracts, and which fields hold what. */
import { z } from 'zod';

const FIELD = /^[A-Za-z]\w*$/;
/** A field of the opportunity or of a record it leads to, such as `Account.Name`; SOQL goes up five levels. */
const PATH = /^[A-Za-z]\w*(?:\.[A-Za-z]\w*){0,5}$/;

const field = z
  .string('must be the API name of a field')
  .regex(FIELD, 'must be the API name of a field, such as Name__c');
const path = z
  .string('must be the API name of a field')
  .regex(PATH, 'must be the API name of a field, such as Amount or Account.Name');
const stage = z.string('must be the name of a stage').min(1, 'must not be empty');
const role = z.string('must be a text').min(1, 'must not be empty').optional();
const kind = z.enum(['signer', 'cc'], 'must be signer or cc').optional();

const party = z.union(
  [
    z.strictObject({ contact: z.string().min(1), role, kind }),
    z.strictObject({ email: z.email(), name: z.string().min(1).optional(), role, kind }),
  ],
  'must be {"contact": "<contact role>" or "primary", "role": …} or {"email": …, "name": …, "role": …}, with "kind": "signer" or "cc" where wanted',
);

/** Null leaves a field out; the two that Countersign cannot do without cannot be left out. */
const target = field.refine(
  (name) => name.toLowerCase() !== 'stagename',
  'must not be StageName, which crmStages of the document types speak of',
);
const written = (name: string) => target.nullable().default(name);
const fields = z.strictObject({
  envelopeId: target.default('Countersign_Envelope_Id__c'),
  version: target.default('Countersign_Version__c'),
  stage: written('Countersign_Stage__c'),
  outcome: written('Countersign_Outcome__c'),
  reason: written('Countersign_Reason__c'),
  reviewUrl: written('Countersign_Review_Url__c'),
  signedAt: written('Countersign_Signed_At__c'),
  documentType: written('Countersign_Document_Type__c'),
  problem: written('Countersign_Problem__c'),
});

export const mappingSchema = z
  .strictObject({
    /** Stage of the opportunity to document type. */
    triggers: z
      .record(z.string().min(1), z.string('must be the name of a document type').min(1, 'must not be empty'), {
        error: 'must be stages of the opportunity with their document types: {"Contract Requested": "order-form"}',
      })
      .refine((triggers) => Object.keys(triggers).length > 0, 'must name at least one stage'),
    withdrawn: z.array(stage, 'must be a list of stages').default([]),
    parties: z.array(party, 'must be a list, in signing order').min(1, 'must name at least one signer'),
    document: path.optional(),
    round: field.optional(),
    /** Of the tenant whose contract it is; an opportunity without one gets none. */
    tenant: path.optional(),
    prefill: z.record(z.string().min(1), path, { error: 'must be names with the API names of fields' }).default({}),
    fields: fields.prefault({}),
    /** A value of Task.Status that counts as done; companies may have renamed the standard one. */
    noteStatus: z.string('must be a status of tasks').min(1, 'must not be empty').default('Completed'),
  })
  .superRefine(({ triggers, withdrawn, fields: used }, context) => {
    for (const name of withdrawn.filter((each) => Object.hasOwn(triggers, each))) {
      context.addIssue({ code: 'custom', path: ['withdrawn'], message: `names ${name}, which is among triggers too` });
    }
    const names = Object.values(used).filter((name) => name !== null);
    const twice = names.find((name, at) => names.indexOf(name) !== at);
    if (twice !== undefined)
      context.addIssue({ code: 'custom', path: ['fields'], message: `has ${twice} for two things` });
  });

export type Mapping = z.output<typeof mappingSchema>;
export type MappedParty = Mapping['parties'][number];
