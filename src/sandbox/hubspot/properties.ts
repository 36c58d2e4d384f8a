/** Definitions of properties, and what values they take. */
import { badProperties, type PropertyFault } from './refusal.js';

export interface PropertyDefinition {
  name: string;
  type: 'string' | 'number' | 'datetime' | 'enumeration';
  /** Values of an enumeration. */
  options?: string[];
  readOnly?: boolean;
}

/** The longest text of a property (HubSpot docs, Properties). */
const MOST_CHARACTERS = 65_536;

export const BUILT_IN: Readonly<Record<string, PropertyDefinition[]>> = {
  deals: [
    { name: 'dealname', type: 'string' },
    { name: 'amount', type: 'number' },
    { name: 'pipeline', type: 'enumeration', options: ['default'] },
    { name: 'hs_object_id', type: 'number', readOnly: true },
  ],
  contacts: [
    { name: 'email', type: 'string' },
    { name: 'firstname', type: 'string' },
    { name: 'lastname', type: 'string' },
  ],
  notes: [
    { name: 'hs_timestamp', type: 'datetime' },
    { name: 'hs_note_body', type: 'string' },
    { name: 'hs_attachment_ids', type: 'string' },
    { name: 'hubspot_owner_id', type: 'string' },
  ],
};

/** All or nothing: one value that does not fit refuses the whole write. */
export function checkValues(
  definitions: ReadonlyMap<string, PropertyDefinition>,
  values: Record<string, string>,
): void {
  const faults = Object.entries(values).flatMap(([name, value]) => faultOf(definitions.get(name), name, value) ?? []);
  if (faults.length > 0) throw badProperties(faults);
}

function faultOf(definition: PropertyDefinition | undefined, name: string, value: string): PropertyFault | null {
  const fault = (code: string, message: string): PropertyFault => ({ name, code, message });
  if (!definition) return fault('PROPERTY_DOESNT_EXIST', `Property "${name}" does not exist`);
  if (definition.readOnly)
    return fault('READ_ONLY_VALUE', `"${name}" is a read only property; its value cannot be set.`);
  if (value === '') return null;
  if (value.length > MOST_CHARACTERS) return fault('INVALID_LENGTH', `${name} is too long: ${value.slice(0, 40)}`);
  switch (definition.type) {
    case 'string':
      return null;
    case 'number':
      return Number.isFinite(Number(value)) ? null : fault('INVALID_DOUBLE', `${value} was not a valid number.`);
    case 'datetime':
      return Number.isNaN(Date.parse(value)) && !/^\d+$/.test(value)
        ? fault('INVALID_DATE', `${value} was not a valid date or date-time.`)
        : null;
    case 'enumeration':
      return definition.options?.includes(value)
        ? null
        : fault('INVALID_OPTION', `${value} was not one of the allowed options: [${definition.options?.join(', ')}]`);
  }
}

/** As the API describes it. */
export function described({ name, type, options = [], readOnly = false }: PropertyDefinition): Record<string, unknown> {
  return {
    name,
    label: name,
    type,
    fieldType: type === 'enumeration' ? 'select' : type === 'number' ? 'number' : type === 'datetime' ? 'date' : 'text',
    description: '',
    groupName: 'dealinformation',
    options: options.map((value, displayOrder) => ({ label: value, value, displayOrder, hidden: false })),
    calculated: false,
    archived: false,
    modificationMetadata: { archivable: true, readOnlyDefinition: false, readOnlyValue: readOnly },
  };
}
