/** The objects that the stand-in has, with their fields: the standard ones here, the company's own by `fields` of `startSalesforce`. */

export interface Field {
  type:
    | 'id'
    | 'string'
    | 'textarea'
    | 'url'
    | 'double'
    | 'boolean'
    | 'datetime'
    | 'date'
    | 'picklist'
    | 'reference'
    | 'base64'
    | 'email';
  /** Characters; none where the type has no length. */
  length?: number;
  precision?: number;
  scale?: number;
  /** False for what Salesforce fills itself. */
  createable?: boolean;
  updateable?: boolean;
  required?: boolean;
  values?: readonly string[];
  /** The object that a reference leads to, and the name of the way in SOQL. */
  to?: string;
  via?: string;
}

export interface SObject {
  /** What ids begin with. */
  prefix: string;
  fields: Record<string, Field>;
  /** Name of a relationship to children: which object, by which of its fields. */
  children?: Record<string, { object: string; by: string }>;
}

const system = {
  Id: { type: 'id', createable: false, updateable: false },
  IsDeleted: { type: 'boolean', createable: false, updateable: false },
  SystemModstamp: { type: 'datetime', createable: false, updateable: false },
} satisfies Record<string, Field>;

/** A fresh set for each stand-in. */
export function standardObjects(stages: readonly string[]): Record<string, SObject> {
  return {
    Opportunity: {
      prefix: '006',
      fields: {
        ...system,
        Name: { type: 'string', length: 120, required: true },
        StageName: { type: 'picklist', length: 255, required: true, values: stages },
        CloseDate: { type: 'date', required: true },
        Amount: { type: 'double', precision: 18, scale: 2 },
        AccountId: { type: 'reference', to: 'Account', via: 'Account' },
      },
      children: { OpportunityContactRoles: { object: 'OpportunityContactRole', by: 'OpportunityId' } },
    },
    Account: { prefix: '001', fields: { ...system, Name: { type: 'string', length: 255, required: true } } },
    Contact: {
      prefix: '003',
      fields: {
        ...system,
        LastName: { type: 'string', length: 80, required: true },
        Name: { type: 'string', length: 121, createable: false, updateable: false },
        Email: { type: 'email', length: 80 },
      },
    },
    OpportunityContactRole: {
      prefix: '00K',
      fields: {
        ...system,
        OpportunityId: { type: 'reference', required: true, updateable: false, to: 'Opportunity', via: 'Opportunity' },
        ContactId: { type: 'reference', required: true, updateable: false, to: 'Contact', via: 'Contact' },
        Role: { type: 'picklist', length: 255 },
        IsPrimary: { type: 'boolean' },
      },
    },
    Task: {
      prefix: '00T',
      fields: {
        ...system,
        WhatId: { type: 'reference', to: 'Opportunity', via: 'What' },
        Subject: { type: 'string', length: 255 },
        Description: { type: 'textarea', length: 32_000 },
        Status: { type: 'picklist', length: 255, values: ['Not Started', 'In Progress', 'Completed'] },
        ActivityDate: { type: 'date' },
      },
    },
    ContentVersion: {
      prefix: '068',
      fields: {
        ...system,
        Title: { type: 'string', length: 255 },
        PathOnClient: { type: 'string', length: 500, required: true },
        Description: { type: 'textarea', length: 1000 },
        VersionData: { type: 'base64', required: true },
        FirstPublishLocationId: {
          type: 'reference',
          updateable: false,
          to: 'Opportunity',
          via: 'FirstPublishLocation',
        },
        ContentDocumentId: { type: 'reference', updateable: false, to: 'ContentDocument', via: 'ContentDocument' },
        Checksum: { type: 'string', length: 50, createable: false, updateable: false },
      },
    },
    ContentDocument: {
      prefix: '069',
      fields: {
        ...system,
        Title: { type: 'string', length: 255 },
        LatestPublishedVersionId: { type: 'reference', to: 'ContentVersion', via: 'LatestPublishedVersion' },
      },
    },
    ContentDocumentLink: {
      prefix: '06A',
      fields: {
        ...system,
        ContentDocumentId: { type: 'reference', required: true, to: 'ContentDocument', via: 'ContentDocument' },
        LinkedEntityId: { type: 'reference', required: true, to: 'Opportunity', via: 'LinkedEntity' },
        ShareType: { type: 'picklist', length: 40 },
      },
    },
  };
}

/** What `describe` answers of an object, as far as it is any use here. */
export function describeOf(name: string, object: SObject): unknown {
  return {
    name,
    keyPrefix: object.prefix,
    createable: true,
    updateable: true,
    queryable: true,
    fields: Object.entries(object.fields).map(([field, { type, ...rest }]) => ({
      name: field,
      type,
      length: rest.length ?? 0,
      precision: rest.precision ?? 0,
      scale: rest.scale ?? 0,
      createable: rest.createable ?? true,
      updateable: rest.updateable ?? true,
      nillable: rest.required !== true,
      picklistValues: (rest.values ?? []).map((value) => ({ value, label: value, active: true, defaultValue: false })),
    })),
  };
}
